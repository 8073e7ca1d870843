/**
 * How a user's locks are counted: one row a user names what was taken, in the transaction that takes it.
 *
 * Only taking a lock touches the row. Renewing and giving back leave it alone: what is over is found out by
 * whom the row refuses, who reads the locks themselves and forgets what has ended. So an entry may outlive its
 * lock, and never the other way round: whoever has a lock is named, and the count is never too low.
 */
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import { action, anyOf, condition, exists, isMissing, pathsOf } from "../table/expression.ts";
import { update, type Write } from "../table/write.ts";
import { type LockLimits, NoRoom, type Taken, takenEntry } from "./lock-limits.ts";

/** No lock lasts longer in a row (`maxLockSeconds` is at most a week), and a day for clocks that differ. */
const rowLifeMs = 8 * dayMs;

interface OwnerRow {
  readonly userId: string;
  /** Fence and name of each lock that was taken and is not known to be over. */
  readonly taken?: ReadonlySet<string>;
  readonly ttlSeconds: number;
}

const at = pathsOf<OwnerRow>();
const ownerRow = (userId: string) => ({ table: "Owners", key: { userId } }) as const;
const listEntries = (locks: readonly Taken[]) => new Set(locks.map(takenEntry));

/** Names locks that are being taken among those of their user, if there is room for all of them. */
export function countWrite(
  userId: string,
  locks: readonly Taken[],
  { limits, nowMs }: { limits: LockLimits; nowMs: EpochMs },
): Write {
  const most = limits.maxLocksPerUser - locks.length;
  return update({
    ...ownerRow(userId),
    isBlind: true,
    change: {
      set: [action`${at("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, rowLifeMs))}`],
      add: [action`${at("taken")} ${listEntries(locks)}`],
    },
    condition: anyOf(isMissing(at("taken")), condition`size(${at("taken")}) <= ${most}`),
    refused: () => new NoRoom(),
  });
}

/** Forgets locks that are over. Their fences never come again, so this is right whenever it happens. */
export function forgetWrite(userId: string, over: readonly Taken[]): Write {
  return update({
    ...ownerRow(userId),
    isBlind: true,
    change: { delete: [action`${at("taken")} ${listEntries(over)}`] },
    condition: exists(at("userId")),
    refused: () => new NoRoom(),
  });
}
