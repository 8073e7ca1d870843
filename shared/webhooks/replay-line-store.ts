/** The lines of a replay: of its own, beside those of the endpoint, so that neither holds up the other. */
import { derivedId } from "../base/derived-ids.ts";
import type { Database } from "../table/database.ts";
import { allOf, condition, pathsOf } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import type { Write } from "../table/write.ts";
import { type Known, type Line, lineWrite } from "./line-store.ts";
import type { Replay } from "./replay.ts";

const at = pathsOf<Line>();

/** What is due for an endpoint lies in two lanes, so that what it is told again holds nothing up that is new. */
export const replayLane = (uid: string): string => `${uid}/replay`;

const replayPrefix = (replayId: string): string => `replay/${replayId}/`;

/** Where the line of a resource is in a replay: each replay has lines of its own. */
const replayKey = (uid: string, replayId: string, resource: string) => ({
  about: uid,
  part: derivedId(`${replayPrefix(replayId)}line`, resource),
});

/** Says that a replay has events up to a number of a resource; refused when that is known. */
export function replayFeedWrite(
  uid: string,
  resource: string,
  known: Known & Pick<Replay, "replayId" | "fromMs" | "types">,
): Write {
  const { replayId, fromMs, types } = known;
  return lineWrite(replayKey(uid, replayId, resource), resource, known, {
    dueOf: replayLane(uid),
    sinceMs: fromMs,
    ...(types && { types }),
  });
}

/** Whether a replay has something left to tell, as of now; read from its lines, because an index may be behind. */
export async function hasReplayLines(
  database: Database,
  uid: string,
  replayId: string,
): Promise<boolean> {
  const isOfReplay = condition`begins_with(${at("part")}, ${replayPrefix(replayId)})`;
  const where = allOf(condition`${at("about")} = ${uid}`, isOfReplay);
  let cursor: string | undefined;
  do {
    const request = { table: "Webhooks", where, isConsistent: true, limit: 1_000 } as const;
    const page: Page = await database.query({ ...request, cursor });
    if (page.rows.some((row) => row["dueOf"] !== undefined)) return true;
    ({ cursor } = page);
  } while (cursor !== undefined);
  return false;
}
