/** What one user may withhold from all others by locks: how many at a time, and each for how long in a row. */
import { HoldfastError } from "../base/errors.ts";
import { type EpochMs, epochMs, later } from "../base/time.ts";
import type { Row } from "../table/write.ts";
import type { Lock, LockKind } from "./lock.ts";

/** The shop's rules. */
export interface LockLimits {
  /** All sessions and kinds of a user's locks together; 0 lifts it. */
  readonly maxLocksPerUser: number;
  /** From its taking, renewals included; whoever wants it longer takes it anew, behind those who wait. */
  readonly maxLockMs: number;
}

/** For locks that nobody but the shop's own code takes. */
export const noLockLimits: LockLimits = {
  maxLocksPerUser: 0,
  maxLockMs: Number.POSITIVE_INFINITY,
};

/** A lock as the row of its user names it. */
export type Taken = Pick<Lock, "resource" | "fence">;

/**
 * Whether a lock counts. The lock of a cart's collection lasts for one request of the cart's own user and ends
 * with it: nobody can withhold anything by it.
 */
export function isCounted(kind: LockKind, { maxLocksPerUser }: LockLimits): boolean {
  return maxLocksPerUser > 0 && kind !== "cart";
}

/** When a lease ends that begins now: it never outlasts what one owner may have in a row. */
export function leaseEnd(
  { leaseMs, maxLockMs }: { leaseMs: number; maxLockMs: number },
  nowMs: EpochMs,
  acquiredAtMs: EpochMs = nowMs,
): EpochMs {
  return epochMs(Math.min(later(nowMs, leaseMs), later(acquiredAtMs, maxLockMs)));
}

/** One entry of a user's row; the fence makes it another one whenever the name is taken anew. */
export const takenEntry = ({ fence, resource }: Taken): string => `${fence} ${resource}`;

/** The locks that a user's row names; some may be over, which the locks' own rows tell. */
export function parseTaken(row: Row | undefined): Taken[] {
  const entries = (row?.["taken"] as ReadonlySet<string> | undefined) ?? new Set<string>();
  return [...entries].map((entry) => {
    const end = entry.indexOf(" ");
    return { fence: Number(entry.slice(0, end)), resource: entry.slice(end + 1) };
  });
}

/** The user has as many locks as anybody may; nothing was taken. `untilMs` is when the first of them ends by itself. */
export class TooManyLocks extends HoldfastError {
  constructor({ maxLocksPerUser: value }: LockLimits, untilMs: number | undefined) {
    const limit = { name: "maxLocksPerUser", value, ...(untilMs === undefined ? {} : { untilMs }) };
    super("LIMIT_EXCEEDED", `One user has at most ${value} locks at a time`, { limit });
  }
}

/** The row has no room for another lock; the service that counts looks into it. */
export class NoRoom extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The locks of this user are being counted");
  }
}
