/** How locks and places in line look in answers. */
import type { Place } from "../../shared/locks/line.ts";
import type { Standing } from "../../shared/locks/line-service.ts";
import { parseName } from "../../shared/locks/lock-group.ts";
import { type Lock, lockView } from "../../shared/locks/lock.ts";
import { answer } from "./answer.ts";

/** A place in line as answers show it. */
export function placeView({ lock, ...place }: Place) {
  const { ticket, position, estimatedWaitMs, claimBeforeMs } = place;
  const told = { ticket, position, ahead: position - 1, estimatedWaitMs, claimBeforeMs };
  return { success: false as const, queued: true as const, ...told, lockInfo: lockView(lock) };
}

/** One's turn, or a place in line. */
export const standingAnswer = (standing: Standing) =>
  "place" in standing
    ? answer(202, placeView(standing.place))
    : answer(200, {
        ...done("Lock acquired successfully"),
        lockInfo: lockView(standing.lock),
      });

/** Names that the caller has, as answers show them. */
export function namesView(message: string, locks: readonly Lock[]) {
  const views = locks.map((lock) => ({ name: parseName(lock.resource), ...lockView(lock) }));
  return { ...done(message), lockInfo: lockView(locks[0]!), locks: views };
}

/** One's turn at a name, or a place in its line. */
export const nameStandingAnswer = (standing: Standing) =>
  "place" in standing
    ? answer(202, placeView(standing.place))
    : answer(200, namesView("Lock acquired successfully", [standing.lock]));

/** The lock as answers show it, null where there is none. */
export const lockViewOrNull = (lock: Lock | undefined) => (lock ? lockView(lock) : null);
/** What was done, in words that existing clients know. */
export const done = (message: string) => ({ success: true as const, message });
