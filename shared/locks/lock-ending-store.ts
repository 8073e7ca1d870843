/** How a lock ends: released by its owner, ended by force, or dropped after its lease. */
import { type Actor, type ChangeNote, changeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import {
  action,
  allOf,
  anyOf,
  assigned,
  condition,
  exists,
  type Fragment,
  isMissing,
} from "../table/expression.ts";
import { type Change, update, type Write } from "../table/write.ts";
import { isHeldBy, LineWaits } from "./line.ts";
import { at, callerHolds, leaseIsOver, lockRow, nobodyWaits } from "./lock-conditions.ts";
import type { LockRow } from "./lock-row.ts";
import { type HeldChange, LockNotOwned } from "./lock.ts";

/** What its owner is called. */
const name = at("ownerName");

/**
 * Leaves a tombstone: how it ended, and the fence for the next one to count on. It
 * leaves the index, because nobody owns it now, and mostly forgets what its owner is called; expiry and TTL stay, so the row outlives its lease.
 *
 * `mark` names this very ending and stays through the next acquisition, so that a repetition after a
 * lost answer still finds out that it happened. Owners' releases and forced ones have a place each:
 * an owner who comes and goes before the repetition must not wipe out a forced one's.
 */
export function tombstone(note: ChangeNote, mark: Pick<LockRow, "releaseId" | "forcedId">): Change {
  return {
    set: assigned<LockRow>({ change: note, ...mark }).set,
    remove: [at("owner"), name, at("kindShard")],
  };
}

/** Whose lock it was, where somebody else than he ended it. */
const ownerRemembered: Fragment = action`${at("formerOwner")} = ${at("owner")}`;

/** This very ending has not taken effect yet: repeated, it must not end the next owner's lock. */
const isNotEndedBy = (forcedId: string): Fragment =>
  anyOf(isMissing(at("forcedId")), condition`${at("forcedId")} <> ${forcedId}`);

/** Whose lock is ended by force, by whom, and why. */
export interface ForcedRelease {
  readonly resource: string;
  readonly nowMs: EpochMs;
  readonly actor: Actor;
  readonly reason: string | undefined;
  /** Tells this release from every other one. */
  readonly forcedId: string;
  /** Which fence is meant; without it, whichever is the present one. */
  readonly fence?: number | undefined;
}

/** The caller's lock, to be ended. */
export interface Release extends HeldChange {
  /** Tells this release from every other one. */
  readonly releaseId: string;
}

/** Ends the caller's lock whoever waits for it: those are left to their next question. */
export function giveUpWrite({ proof, nowMs, actor, releaseId }: Release): Write {
  return update({
    ...lockRow(proof.resource),
    isBlind: true,
    change: tombstone(changeNote("lock.released", actor, nowMs), { releaseId }),
    condition: callerHolds(proof, nowMs),
    refused: (row) => new LockNotOwned(row, nowMs),
    applied: (row) => row?.["releaseId"] === releaseId,
  });
}

/** Ends the caller's lock, if nobody waits for it. */
export function releaseLockWrite(release: Release): Write {
  const { proof, nowMs } = release;
  return {
    ...giveUpWrite(release),
    condition: allOf(callerHolds(proof, nowMs), nobodyWaits),
    refused: (row) =>
      row && isHeldBy(row, proof, nowMs) ? new LineWaits(row) : new LockNotOwned(row, nowMs),
  };
}

/** Ends whoever's lock it is, also one whose lease is over; who did it and why stays on the row. */
export function forceReleaseWrite(forced: ForcedRelease): Write {
  const { resource, nowMs, actor, reason, forcedId, fence } = forced;
  const { set = [], remove = [] } = tombstone(changeNote("lock.forced", actor, nowMs, reason), {
    forcedId,
  });
  return update({
    ...lockRow(resource),
    // Whoever ends it is told whose it was.
    change: { set: [...set, ownerRemembered], remove: remove.filter((path) => path !== name) },
    condition: allOf(
      exists(at("owner")),
      isNotEndedBy(forcedId),
      ...(fence === undefined ? [] : [condition`${at("fence")} = ${fence}`]),
    ),
    refused: (row) => new LockNotOwned(row, nowMs),
    applied: (row) => row?.["forcedId"] === forcedId,
  });
}

/** Drops an owner whose lease is over. Repeating it is refused. */
export function expireLockWrite(expired: {
  resource: string;
  nowMs: EpochMs;
  actor: Actor;
}): Write {
  const { resource, nowMs, actor } = expired;
  return update({
    ...lockRow(resource),
    change: tombstone(changeNote("lock.expired", actor, nowMs), {}),
    condition: allOf(exists(at("owner")), leaseIsOver(nowMs)),
    refused: (row) => new LockNotOwned(row, nowMs),
  });
}
