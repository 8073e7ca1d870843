/**
 * Takes several locks in one transaction, all of them or none: each in its own row, and where they reach up
 * and down in the rows above. What only a refusal can tell (a newer fence, a lock that is the caller's own,
 * others who wait) is assumed by the next attempt.
 */
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { TooLarge } from "../base/errors.ts";
import { type Clock, type EpochMs, isExpired } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Row, Write } from "../table/write.ts";
import { LineWaits, livingIn, parseTickets, parseTurn } from "./line.ts";
import { claimWrite } from "./line-places-store.ts";
import { fenceAfter, takePastLineWrite } from "./line-store.ts";
import type { Counting } from "./lock-counting.ts";
import { groupByNameAbove } from "./lock-group.ts";
import { leaseEnd, type LockLimits } from "./lock-limits.ts";
import { renewWithinWrite } from "./lock-renewal-store.ts";
import { acquireLockWrite, type Acquisition, findLockRow, lockToBe } from "./lock-store.ts";
import { isSameOwner, type Lock, LockHeld, LockNotOwned, parseLiveLock } from "./lock.ts";
import { dropWrite, type Entry, enterWrite, locksBelow, takeTreeWrite } from "./tree-lock-store.ts";

/** How many expired locks one write removes; DynamoDB bounds the length of an expression. */
const maxDropped = 50;
/** What only a refusal could tell: a lock may be each of these, its user's row be full, and all that once more. */
const mostSurprises = 6;

/**
 * What an attempt assumes of one lock: that it is free, with its fences below this one and nothing below it but
 * these, whose leases are over; that it is the caller's own; or that it is free and nobody waits before him.
 */
type Assumption =
  | { readonly kind: "free"; readonly fence: number; readonly expiredBelow: readonly Lock[] }
  | Own
  | { readonly kind: "pastLine"; readonly row: Row };

/** It is the caller's own, as its row tells. */
interface Own {
  readonly kind: "own";
  readonly lock: Lock;
  readonly row: Row;
}

/** One lock of an attempt: what it will be, the write that makes it so, and whether its user's row names it already. */
interface Step extends Entry {
  readonly write: Write;
  readonly isCounted: boolean;
}

/** The locks that are counted with an attempt, and what counts them. */
interface Counted {
  readonly locks: readonly Lock[];
  readonly writes: readonly Write[];
}

/** When an attempt is made, and by which rules. */
interface At {
  readonly nowMs: EpochMs;
  readonly limits: LockLimits;
}

/** What is the caller's own is renewed; where he waited for it and has not claimed his turn, it is claimed. */
function planOwn(taken: Acquisition, assumed: Own, { nowMs, limits }: At): Step {
  const { actor, leaseMs, permit } = taken;
  const { lock: proof, row } = assumed;
  const { maxLockMs } = limits;
  const expiresAtMs = leaseEnd({ leaseMs, maxLockMs }, nowMs, proof.acquiredAtMs);
  const isTurn = parseTurn(row)?.isClaimed === false;
  const write = isTurn
    ? claimWrite(row, { proof, nowMs, actor, permit, expiresAtMs })
    : renewWithinWrite({ proof, nowMs, actor, leaseMs, permit, limits });
  return { lock: { ...proof, expiresAtMs }, isRenewed: true, isCounted: !isTurn, write };
}

function planStep(taken: Acquisition, assumed: Assumption, when: At): Step {
  if (assumed.kind === "own") return planOwn(taken, assumed, when);
  const { resource, actor } = taken;
  const { nowMs } = when;
  if (assumed.kind === "pastLine") {
    const { row } = assumed;
    const lock = lockToBe(taken, fenceAfter(row, nowMs), nowMs);
    const write = takePastLineWrite({ row, resource, nowMs, actor }, taken);
    return { lock, isRenewed: false, isCounted: false, write };
  }
  const lock = lockToBe(taken, assumed.fence, nowMs);
  const isTree = taken.scope === "tree";
  const write = isTree
    ? takeTreeWrite(taken, assumed, nowMs)
    : acquireLockWrite(taken, nowMs, assumed.fence);
  return { lock, isRenewed: false, isCounted: false, write };
}

/** What a refused lock is assumed to be next, or the error that ends it. */
function corrected(taken: Acquisition, assumed: Assumption, row: Row | undefined, nowMs: EpochMs) {
  const denied = taken.permit?.refusal(row);
  if (denied) throw denied;
  const holder = parseLiveLock(row, nowMs);
  if (holder) {
    const isOwn = isSameOwner(holder.owner, taken.owner) && holder.scope === taken.scope;
    if (!isOwn) throw new LockHeld(holder, row);
    return { kind: "own", lock: holder, row: row! } as const;
  }
  if (taken.scope === "exact" && row && parseTickets(row).length > 0) {
    return { kind: "pastLine", row } as const;
  }
  const expiredBelow = taken.scope === "tree" ? locksBelow(row) : [];
  const alive = expiredBelow.find(({ expiresAtMs }) => !isExpired(expiresAtMs, nowMs));
  if (alive) throw new LockHeld(alive);
  const seen = assumed.kind === "free" ? assumed.fence : 0;
  const fence = Math.max(seen, nowMs, Number(row?.["fence"] ?? 0) + 1);
  return { kind: "free", fence, expiredBelow } as const;
}

/** What taking a group is made of; `passOn` hands a free lock to the first who waits for it. */
export interface GroupTakingParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly counting: Counting;
  readonly passOn: (row: Row, resource: string, actor: Actor) => Promise<unknown>;
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof LockNotOwned)) throw error;
}

function ignoreLine(error: unknown): void {
  if (!(error instanceof LineWaits)) throw error;
}

/** Makes the removal of entries whose leases are over. */
function createDropping({ database }: GroupTakingParts) {
  /** Removes what is over below a name; whatever changed meanwhile stays. */
  async function drop(resource: string, expired: readonly Lock[], nowMs: EpochMs): Promise<void> {
    for (let start = 0; start < expired.length; start += maxDropped) {
      const [first, ...others] = expired.slice(start, start + maxDropped);
      const note = changeNote("lock.dropped", { id: "system:expiry" }, nowMs);
      await database.apply(dropWrite(resource, [first!, ...others], note)).catch(ignoreLost);
    }
  }

  /** Rows above can fill up with locks that were never released; DynamoDB refuses at 400 KB. */
  async function dropAbove(group: readonly Acquisition[], nowMs: EpochMs): Promise<void> {
    for (const [above] of groupByNameAbove(group)) {
      const entries = locksBelow(await findLockRow(database, above));
      const expired = entries.filter((lock) => isExpired(lock.expiresAtMs, nowMs));
      await drop(above, expired, nowMs);
    }
  }

  return { drop, dropAbove };
}

/** Makes the taking of groups. */
export function createGroupTaking(parts: GroupTakingParts) {
  const { database, clock, counting, passOn } = parts;
  const { limits } = counting;
  const { drop, dropAbove } = createDropping(parts);

  /** What others left in the way of one lock is removed, and who waits before the caller has his turn. */
  async function clearWay(taken: Acquisition, assumed: Assumption, nowMs: EpochMs) {
    const { resource, owner, actor } = taken;
    if (assumed.kind === "pastLine") {
      const [head] = livingIn(assumed.row, nowMs);
      const isTurn = !head || isSameOwner(head.owner, owner);
      if (!isTurn) await passOn(assumed.row, resource, actor).catch(ignoreLine);
    }
    if (assumed.kind !== "free" || assumed.expiredBelow.length <= maxDropped) return assumed;
    await drop(resource, assumed.expiredBelow, nowMs);
    return { ...assumed, expiredBelow: [] };
  }

  /**
   * Takes a group, or renews what is the caller's own of it. One transaction when all are free or over, or
   * somebody is in the way; one more for each surprise.
   *
   * The fences are the clock's, above each row's own, because a transaction hands no counter back.
   *
   * @throws LockHeld with the lock that is in the way; nothing was changed
   * @throws LockNotOwned when an own lock was taken over from above; nothing was changed
   */
  return async function takeAll(wanted: readonly Acquisition[]): Promise<Lock[]> {
    const group = wanted.map((taken) => counting.shorten(taken));
    const first: Assumption = { kind: "free", fence: clock(), expiredBelow: [] };
    let assumptions: Assumption[] = group.map(() => first);
    const trees = group.filter(({ scope }) => scope === "tree");

    async function look({ refusals }: TransactionRefused, nowMs: EpochMs, counted: Counted) {
      const ofLocks = refusals.filter(({ write }) => !counted.writes.includes(write));
      const ofRows = ofLocks.filter(({ index }) => index < group.length);
      for (const { found } of ofLocks.filter((each) => !ofRows.includes(each))) {
        const holder = parseLiveLock(found, nowMs);
        if (holder) throw new LockHeld(holder);
        // What was given back meanwhile is gone from its own row as well: it is taken anew.
        if (ofRows.length === 0) throw new LockNotOwned(found, nowMs);
      }
      for (const { index, found } of ofRows) {
        const next = corrected(group[index]!, assumptions[index]!, found, nowMs);
        const cleared = await clearWay(group[index]!, next, nowMs);
        assumptions = assumptions.map((each, at) => (at === index ? cleared : each));
      }
      // Looked at last: what is the caller's own already needs no room.
      const [full] = ofLocks.length === 0 ? refusals : [];
      const { userId } = group[0]!.owner;
      if (full) await counting.makeRoom(userId, full.found, counted.locks.length);
    }

    return again(mostSurprises, async () => {
      const nowMs = clock();
      const when = { nowMs, limits };
      const steps = group.map((taken, index) => planStep(taken, assumptions[index]!, when));
      const entries = steps.filter(({ lock }) => lock.scope === "tree");
      const named = entries.map((entry) => ({ ...entry, resource: entry.lock.resource }));
      const above = groupByNameAbove(named);
      const note = changeNote("lock.entered", group[0]!.actor, nowMs);
      const entering = above.map(([name, of]) => enterWrite(name, of, note));
      const locks = steps.filter((step) => !step.isCounted).map(({ lock }) => lock);
      const counted = { locks, writes: counting.writes(locks) };
      try {
        await database.transact([
          ...steps.map(({ write }) => write),
          ...entering,
          ...counted.writes,
        ]);
        return steps.map(({ lock }) => lock);
      } catch (error) {
        if (error instanceof TooLarge) await dropAbove(trees, nowMs);
        else if (error instanceof TransactionRefused) await look(error, nowMs, counted);
        else throw error;
        return new OnceMore(error instanceof TooLarge ? error : undefined);
      }
    });
  };
}

/** See `createGroupTaking`. */
export type GroupTaking = ReturnType<typeof createGroupTaking>;
