/**
 * How locks that reach up and down are written: in their own row, and in the row of every name above.
 *
 * A row knows what is locked below it: the names in the set `below`, and under `lock:<name>` who has
 * it and until when. A set, because "nothing is below" must be one condition without knowing names,
 * and because it comes and goes with its entries: no row has to be prepared first.
 */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import { dayMs, later, ttlSecondsAt } from "../base/time.ts";
import { action, allOf, condition, exists, type Fragment, isMissing } from "../table/expression.ts";
import { check, type Row, update, type Write } from "../table/write.ts";
import { at, lockIsFree, lockRow } from "./lock-conditions.ts";
import { type Acquisition, acquireLockWrite } from "./lock-store.ts";
import {
  type LockProof,
  type Lock,
  LockHeld,
  parseLiveLock,
  LockNotOwned,
  maxLeaseMs,
} from "./lock.ts";

const below = at("below");
const entryAttribute = (resource: string) => `lock:${resource}` as const;

/** The locks below a name as its row has them, those whose lease is over too. */
export function locksBelow(row: Row | undefined): Lock[] {
  const names = (row?.["below"] as ReadonlySet<string> | undefined) ?? new Set<string>();
  return [...names].map((name) => row?.[entryAttribute(name)] as Lock);
}

/** A row with entries may go when no lock below it can be alive any more, however long its lease. */
const ttlSecondsAbove = (nowMs: EpochMs): number => ttlSecondsAt(later(nowMs, maxLeaseMs + dayMs));

/** The entry above is still that of this lock: nobody took over from above in the meantime. */
function entryIsOurs({ resource, fence }: LockProof): Fragment {
  return fence === undefined
    ? exists(at(entryAttribute(resource)))
    : condition`${at(entryAttribute(resource), "fence")} = ${fence}`;
}

function entriesAreOurs([first, ...others]: AtLeastOne<LockProof>): Fragment {
  return allOf(entryIsOurs(first), ...others.map(entryIsOurs));
}

/** The leases of these locks below are over; looked at again at the instant of the write. */
const leasesBelowAreOver = (locks: readonly [Lock, ...Lock[]], nowMs: EpochMs): Fragment => {
  const [first, ...others] = locks.map(
    ({ resource }) => condition`${at(entryAttribute(resource), "expiresAtMs")} <= ${nowMs}`,
  );
  return allOf(first!, ...others);
};

/** Nothing is locked below, apart from these, whose leases are over. */
function nothingElseBelow(expired: readonly Lock[], nowMs: EpochMs): Fragment {
  const [first, ...others] = expired;
  if (!first) return isMissing(below);
  const onlyThese = condition`size(${below}) = ${expired.length}`;
  return allOf(onlyThese, leasesBelowAreOver([first, ...others], nowMs));
}

/** One or more, for a row that is above all of them. */
export type AtLeastOne<Each> = readonly [Each, ...Each[]];

/** A lock that a row above it is to tell of: anew, or once more because it is renewed. */
export interface Entry {
  readonly lock: Lock;
  readonly isRenewed: boolean;
}

const listNames = (locks: readonly LockProof[]) => new Set(locks.map(({ resource }) => resource));

/** Notes locks in a row above them, which must be free itself. */
export function enterWrite(above: string, entries: AtLeastOne<Entry>, note: ChangeNote): Write {
  const nowMs = note.atMs;
  const locks = entries.map(({ lock }) => lock);
  const renewed = entries.filter(({ isRenewed }) => isRenewed).map(({ lock }) => entryIsOurs(lock));
  const isFree = lockIsFree(nowMs);
  return update({
    ...lockRow(above),
    change: {
      set: [
        ...locks.map((lock) => action`${at(entryAttribute(lock.resource))} = ${lock}`),
        action`${at("ttlSeconds")} = ${ttlSecondsAbove(nowMs)}`,
        action`${at("change")} = ${note}`,
      ],
      // Only ever an owner whose lease is over: without it, his next write is refused.
      remove: [at("owner"), at("kindShard")],
      add: [action`${below} ${listNames(locks)}`],
    },
    condition: allOf(isFree, ...renewed),
    // Nobody has it: then it is the entry that is not the caller's any more.
    refused: (row) => {
      const holder = parseLiveLock(row, nowMs);
      return holder ? new LockHeld(holder) : new LockNotOwned(row, nowMs);
    },
  });
}

/** Renews the entries in a row above. */
export function prolongWrite(
  above: string,
  proofs: AtLeastOne<LockProof>,
  until: { computeEnd: (proof: LockProof) => EpochMs; note: ChangeNote },
): Write {
  const { computeEnd, note } = until;
  const nowMs = note.atMs;
  return update({
    ...lockRow(above),
    change: {
      set: [
        ...proofs.map((proof) => {
          const end = at(entryAttribute(proof.resource), "expiresAtMs");
          return action`${end} = ${computeEnd(proof)}`;
        }),
        action`${at("ttlSeconds")} = ${ttlSecondsAbove(nowMs)}`,
        action`${at("change")} = ${note}`,
      ],
    },
    condition: entriesAreOurs(proofs),
    refused: (row) => new LockNotOwned(row, nowMs),
  });
}

/** Removes the entries from a row above. */
export function leaveAboveWrite(
  above: string,
  proofs: AtLeastOne<LockProof>,
  note: ChangeNote,
): Write {
  return update({
    ...lockRow(above),
    change: {
      set: [action`${at("change")} = ${note}`],
      remove: proofs.map(({ resource }) => at(entryAttribute(resource))),
      delete: [action`${below} ${listNames(proofs)}`],
    },
    condition: entriesAreOurs(proofs),
    refused: (row) => new LockNotOwned(row, note.atMs),
  });
}

/** Lets a transaction pass only while the entry in a row above is still there. */
export function checkEntryWrite(above: string, proof: LockProof, nowMs: EpochMs): Write {
  return check({
    ...lockRow(above),
    condition: entryIsOurs(proof),
    refused: (row) => new LockNotOwned(row, nowMs),
  });
}

/**
 * Takes the name itself: it is free, `fence` is above all before, and nothing is below it but
 * locks that are known to be over; those are removed, so that their owners are refused from now on.
 */
export function takeTreeWrite(
  taken: Acquisition,
  assumed: { fence: number; expiredBelow: readonly Lock[] },
  nowMs: EpochMs,
): Write {
  const plain = acquireLockWrite(taken, nowMs, assumed.fence);
  if (plain.kind !== "update") return plain;
  const entries = assumed.expiredBelow.map(({ resource }) => at(entryAttribute(resource)));
  const remove = [...(plain.change.remove ?? []), ...entries, below];
  return update({
    ...plain,
    change: { ...plain.change, remove },
    condition: allOf(plain.condition, nothingElseBelow(assumed.expiredBelow, nowMs)),
  });
}

/** Removes entries whose leases are over from a row. */
export function dropWrite(
  resource: string,
  expired: readonly [Lock, ...Lock[]],
  note: ChangeNote,
): Write {
  const names = expired.map((lock) => lock.resource);
  return update({
    ...lockRow(resource),
    change: {
      set: [action`${at("change")} = ${note}`],
      remove: names.map((name) => at(entryAttribute(name))),
      delete: [action`${below} ${new Set(names)}`],
    },
    condition: leasesBelowAreOver(expired, note.atMs),
    refused: (row) => new LockNotOwned(row, note.atMs),
  });
}
