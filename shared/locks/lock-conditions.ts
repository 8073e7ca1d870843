/**
 * Where the rows of locks are, and the sentences that their conditions are made of.
 *
 * @see docs/decisions/0011-expired-holds-of-locks.md
 */
import type { EpochMs } from "../base/time.ts";
import { allOf, anyOf, condition, type Fragment, isMissing, pathsOf } from "../table/expression.ts";
import type { LockRow } from "./lock-row.ts";
import type { LockProof, LockScope, Permit } from "./lock.ts";

/** The attributes of a lock's row. */
export const at = pathsOf<LockRow>();

/** Where the row of a lock is. */
export const lockRow = (resource: string) => ({ table: "Locks", key: { resource } }) as const;

/** Nobody has it: there is no row, or only a tombstone. */
const nobodyOwns: Fragment = isMissing(at("owner"));

/** The lease ended by itself; a release that comes later finds no lock to end. */
export const leaseIsOver = (nowMs: EpochMs): Fragment =>
  condition`${at("expiresAtMs")} <= ${nowMs}`;

/**
 * Free to take. A caller whose clock runs fast may find so early; then the former owner is refused,
 * because his owner and fence are gone from the row:
 *
 *     A  acquire ── fence 7 ─────────────── save(7) ✗
 *     B               (lease over) acquire ── fence 8 ── save(8) ✓
 */
export const lockIsFree = (nowMs: EpochMs): Fragment => anyOf(nobodyOwns, leaseIsOver(nowMs));

/** No place in line was taken that is not known to be over. */
export const nobodyWaits: Fragment = anyOf(
  isMissing(at("line")),
  condition`size(${at("line")}) = ${0}`,
);

/** Whoever waited for it has claimed it, or nobody waited. */
export const turnIsClaimed: Fragment = anyOf(
  isMissing(at("turn")),
  condition`${at("turn", "isClaimed")} = ${true}`,
);

/** It reaches as far as the caller says, if he does: what is done to its own row alone is not enough for a tree. */
function reaches(scope: LockScope | undefined): Fragment[] {
  if (scope === undefined) return [];
  return [scope === "tree" ? condition`${at("scope")} = ${scope}` : isMissing(at("scope"))];
}

/** The caller took it, nobody took it since, and the lease still runs. */
export function callerHolds({ owner, fence, scope }: LockProof, nowMs: EpochMs): Fragment {
  const sameSession =
    owner.sessionId === undefined
      ? isMissing(at("sessionId"))
      : condition`${at("sessionId")} = ${owner.sessionId}`;
  return allOf(
    condition`${at("owner")} = ${owner.userId}`,
    sameSession,
    condition`${at("expiresAtMs")} > ${nowMs}`,
    ...(fence === undefined ? [] : [condition`${at("fence")} = ${fence}`]),
    ...reaches(scope),
  );
}

/** A fence chosen by the caller is above every older one. */
export const fenceGrowsTo = (fence: number): Fragment =>
  anyOf(isMissing(at("fence")), condition`${at("fence")} < ${fence}`);

/** The caller has the right that is asked for, if one is. */
export const permitted = (permit: Permit | undefined): Fragment[] =>
  permit ? [permit.condition] : [];
