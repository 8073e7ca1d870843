/** How a lease is started again where there are limits, and where a turn may have to be claimed first. */
import type { EpochMs } from "../base/time.ts";
import { allOf, condition, type Fragment } from "../table/expression.ts";
import type { Write } from "../table/write.ts";
import { isHeldBy } from "./line.ts";
import { at, callerHolds, permitted, turnIsClaimed } from "./lock-conditions.ts";
import { leaseEnd, type LockLimits } from "./lock-limits.ts";
import { renewLockWrite } from "./lock-store.ts";
import { type HeldChange, isKnown, LockNotOwned, type Permit, RenewalBound } from "./lock.ts";

/** A lease to start again, within what one owner may have in a row. */
export interface Renewal extends HeldChange {
  readonly leaseMs: number;
  readonly limits: LockLimits;
  readonly permit?: Permit | undefined;
}

/**
 * What a renewal asks for beyond the lock: where it is not known since when the caller has it, that the new end
 * is within what one owner may have in a row; and a turn is claimed first, which counts it.
 */
function renewalIsAllowed({ proof, limits }: Renewal, expiresAtMs: EpochMs): Fragment[] {
  const { maxLocksPerUser, maxLockMs } = limits;
  const isBounded = maxLockMs < Infinity && !isKnown(proof);
  return [
    ...(isBounded ? [condition`${at("acquiredAtMs")} >= ${expiresAtMs - maxLockMs}`] : []),
    ...(maxLocksPerUser > 0 ? [turnIsClaimed] : []),
  ];
}

/**
 * Starts the caller's lease again, for as long as the limits allow, and keeps the fence. Repeating it sets the same instant.
 * Refused with `RenewalBound` where the caller has the lock and something is to be done first.
 */
export function renewWithinWrite(renewal: Renewal): Write {
  const { proof, nowMs, leaseMs, permit, limits } = renewal;
  const { maxLockMs } = limits;
  const since = isKnown(proof) ? proof.acquiredAtMs : nowMs;
  const expiresAtMs = leaseEnd({ leaseMs, maxLockMs }, nowMs, since);
  return {
    ...renewLockWrite({ ...renewal, expiresAtMs }),
    condition: allOf(
      callerHolds(proof, nowMs),
      ...renewalIsAllowed(renewal, expiresAtMs),
      ...permitted(permit),
    ),
    refused: (row) => {
      const denied = permit?.refusal(row);
      if (denied) return denied;
      return isHeldBy(row, proof, nowMs)
        ? new RenewalBound(row, nowMs)
        : new LockNotOwned(row, nowMs);
    },
  };
}
