/** The line for a sold-out item over HTTP. */
import { askItemLine, joinItemLine, leaveItemLine } from "../../shared/api/item-lines.ts";
import type { ItemStanding } from "../../shared/inventory/line/item-line.ts";
import type { ItemLineService } from "../../shared/inventory/line/item-line-service.ts";
import { answer } from "./answer.ts";
import { type Route, serve } from "./http.ts";
import { done } from "./lock-answers.ts";

/** One's turn, or a place in line. */
function itemStandingAnswer(standing: ItemStanding) {
  if ("turn" in standing) {
    const { ticket, endsAtMs: expiresAtMs } = standing.turn;
    return answer(200, { ...done("It is your turn: a unit is held for you"), ticket, expiresAtMs });
  }
  const { position } = standing.place;
  const told = { ...standing.place, ahead: position - 1 };
  return answer(202, { success: false as const, queued: true as const, ...told });
}

/** The routes of lines for items. */
export const serveItemLines = (line: ItemLineService): Route[] => [
  serve(joinItemLine, async ({ params, caller: { userId }, actor }) =>
    itemStandingAnswer(await line.join({ ...params, userId, actor })),
  ),
  serve(askItemLine, async ({ params, query, caller: { userId }, actor }) =>
    itemStandingAnswer(await line.ask({ ...params, ...query, userId, actor })),
  ),
  serve(leaveItemLine, async ({ params, query, caller: { userId }, actor }) => {
    await line.leave({ ...params, ...query, userId, actor });
    return answer(200, done("Left the line"));
  }),
];
