/** What every write of a line asks for: that it is still the one it was decided on. */
import type { HoldfastError } from "../base/errors.ts";
import { type EpochMs, isExpired } from "../base/time.ts";
import { anyOf, condition, type Fragment, isMissing } from "../table/expression.ts";
import type { Row } from "../table/write.ts";
import { at } from "./lock-conditions.ts";
import { waiterAttribute, livingIn, LineWaits, type Waiter, parseWaiters } from "./line.ts";
import type { Permit } from "./lock.ts";

/** The line is as it was when this was decided. */
export function lineIs(row: Row | undefined): Fragment {
  return row?.["line"] === undefined
    ? isMissing(at("line"))
    : condition`${at("line")} = ${row["line"]}`;
}

/** Nobody took the lock anew since. */
export function fenceIs(row: Row | undefined): Fragment {
  const fence = row?.["fence"];
  return fence === undefined ? isMissing(at("fence")) : condition`${at("fence")} = ${fence}`;
}

/** Who is dropped has not asked again meanwhile. */
function isStillDead({ ticket, untilMs }: Waiter): Fragment {
  const place = at(waiterAttribute(ticket));
  return anyOf(isMissing(place), condition`${at(waiterAttribute(ticket), "untilMs")} = ${untilMs}`);
}

/** The line without those whose time is over, and what that asks for. */
export function tidied(row: Row | undefined, nowMs: EpochMs) {
  const living = livingIn(row, nowMs);
  const dead = parseWaiters(row).filter(({ untilMs }) => isExpired(untilMs, nowMs));
  return {
    living,
    remove: dead.map(({ ticket }) => at(waiterAttribute(ticket))),
    guards: dead.map(isStillDead),
  };
}

/** What a refusal of such a write means: look again, at the row that refused it. */
export const lookAgain = (row: Row | undefined): LineWaits => new LineWaits(row ?? {});

/** The same where a right is asked for: whoever lacks it is told so. */
export const lookAgainOr =
  (permit: Permit | undefined) =>
  (row: Row | undefined): HoldfastError =>
    permit?.refusal(row) ?? lookAgain(row);
