/** How units go to the first in line, and how a line ends. */
import { changeNote } from "../../base/actor.ts";
import type { EpochMs } from "../../base/time.ts";
import { waiterAttribute } from "../../locks/line.ts";
import { lineIs, lookAgain } from "../../locks/line-parts.ts";
import { action, allOf, assigned, exists } from "../../table/expression.ts";
import { update, type Write } from "../../table/write.ts";
import { roomIn } from "../buckets.ts";
import { deadlineAfter } from "../deadline.ts";
import { at as stockAt } from "../hold-conditions.ts";
import { holdWrite } from "../hold-store.ts";
import { stockRow } from "../stock-store.ts";
import { type ItemTurn, observedGapMs, turnAttribute, turnMs } from "./item-line.ts";
import {
  at,
  type ItemLineRow,
  type LineAndItem,
  lineRow,
  mayGoAfter,
  tidiedTurns,
} from "./item-line-store.ts";

/** Whose deed it is when a unit is held for who waits. */
const lineActor = { id: "system:line" };

/** Units that go to the first in line, and the turns that they make. */
export interface Granting {
  readonly turns: readonly ItemTurn[];
  readonly writes: readonly Write[];
}

/**
 * Holds units for the first in line who are still there, one each, and takes over expired holds for that. Where
 * nobody is left behind them the line ends with it. Refused with `LineWaits` when anything has moved.
 */
export function grantWrites(seen: LineAndItem, units: number, nowMs: EpochMs): Granting {
  const { row, stock } = seen;
  const { itemId } = stock;
  const { living, remove, guards } = tidiedTurns(seen, nowMs);
  const [heads, others] = [living.slice(0, units), living.slice(units)];
  const endsAtMs = deadlineAfter(nowMs, turnMs);
  const turns = heads.map(({ ticket, owner: { userId } }) => ({ ticket, userId, endsAtMs }));
  const isLast = others.length === 0;
  const places = heads.map(({ ticket }) => at(waiterAttribute(ticket)));
  const moving = update({
    ...lineRow(itemId),
    change: {
      set: [
        action`${at("line")} = ${others.map(({ ticket }) => ticket)}`,
        ...turns.map(
          ({ ticket, userId }) => action`${at(turnAttribute(ticket))} = ${{ userId, endsAtMs }}`,
        ),
        ...assigned<ItemLineRow>({
          typicalGapMs: observedGapMs(row, units, nowMs),
          sinceMs: nowMs,
        }).set,
      ],
      remove: [...remove, ...places, ...(isLast ? [at("isOpen")] : [])],
    },
    // Who left meanwhile gets no turn.
    condition: allOf(lineIs(row), ...guards, ...places.map((place) => exists(place))),
    refused: lookAgain,
  });
  const holding = holdWrite({
    itemId,
    quantity: heads.length,
    orderId: heads[0]!.ticket,
    nowMs,
    expiresAtMs: endsAtMs,
    room: roomIn(stock, nowMs),
    note: changeNote("hold.placed", lineActor, nowMs),
    line: isLast ? "ends" : "goes on",
  });
  return { turns, writes: [moving, { ...holding, refused: lookAgain }] };
}

/** Nobody is left in the line: orders need not look at it any more. */
export function closeLineWrites(seen: LineAndItem, nowMs: EpochMs): Write[] {
  const { row, stock } = seen;
  const { remove, guards } = tidiedTurns(seen, nowMs);
  const closing = update({
    ...lineRow(stock.itemId),
    change: {
      set: [action`${at("line")} = ${[]}`, mayGoAfter(nowMs)],
      remove: [...remove, at("isOpen")],
    },
    condition: allOf(lineIs(row), ...guards),
    refused: lookAgain,
  });
  const note = changeNote("item.line_ended", lineActor, nowMs);
  const opening = update({
    ...stockRow(stock.itemId),
    change: { set: [action`${stockAt("change")} = ${note}`], remove: [stockAt("hasLine")] },
    condition: exists(stockAt("hasLine")),
    refused: lookAgain,
  });
  return [closing, opening];
}
