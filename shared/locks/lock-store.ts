/**
 * How a lock is written: each operation is one conditional update of the lock's own row.
 *
 *     free ──acquire──▶ held ──renew──▶ held        (same fence)
 *      ▲                 │ release / force release: owner dropped, row and fence stay (a tombstone)
 *      └─────────────────┘ lease over: the row stays as it is; whoever acquires next takes it over
 *
 * Nothing is ever deleted here. TTL may delete a row one day after its lease: by then the clock, from
 * which a new row's fence starts, is past every fence the old row had, as long as no two callers'
 * clocks are a day apart.
 */
import { type Actor, changeNote } from "../base/actor.ts";
import { pickShard } from "../base/ids.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  type AttributePath,
  allOf,
  anyOf,
  assigned,
  condition,
  type Fragment,
  isMissing,
} from "../table/expression.ts";
import { check, type Row, update, type Write } from "../table/write.ts";
import { LineWaits, parseTickets } from "./line.ts";
import {
  at,
  callerHolds,
  fenceGrowsTo,
  lockIsFree,
  lockRow,
  nobodyWaits,
  permitted,
} from "./lock-conditions.ts";
import {
  type HeldChange,
  type Lock,
  type LockProof,
  isSameOwner,
  parseLiveLock,
  LockHeld,
  LockNotOwned,
  parseLock,
  type LockOwner,
  type Permit,
} from "./lock.ts";
import type { LockRow } from "./lock-row.ts";
import type { LockKind, LockScope } from "./lock.ts";

/** How many partitions each kind has in the index of owned locks. */
const shardsPerKind = 4;

/** The partitions of the index `byExpiry` that hold the owned locks of a kind. */
export function listKindShards(kind: LockKind): string[] {
  return Array.from({ length: shardsPerKind }, (_, shard) => `${kind}-${shard}`);
}

/** What taking a lock needs to know. */
export interface Acquisition {
  readonly resource: string;
  readonly owner: LockOwner;
  readonly kind: LockKind;
  readonly scope: LockScope;
  readonly leaseMs: number;
  readonly actor: Actor;
  readonly permit?: Permit | undefined;
}

/** The instant at which TTL may delete the row, unless it tells more than a lock and is kept for that. */
export function mayGoAfter(expiresAtMs: EpochMs): Fragment {
  const ttlSeconds = ttlSecondsAt(later(expiresAtMs, dayMs));
  return action`${at("ttlSeconds")} = if_not_exists(${at("keptUntilSeconds")}, ${ttlSeconds})`;
}

/** Starts from the clock where there is no row, then counts. */
const nextFence = (nowMs: EpochMs): Fragment =>
  action`${at("fence")} = if_not_exists(${at("fence")}, ${nowMs}) + ${1}`;

/**
 * Everything that an acquisition says of its owner; undefined is removed, so nothing old stays. Where the row knows
 * better when the lease ends, `end` says where.
 */
export function ownership(
  taken: Acquisition,
  nowMs: EpochMs,
  what: "lock.acquired" | "lock.granted" = "lock.acquired",
  end?: AttributePath,
) {
  const { resource, owner, kind, scope, leaseMs, actor } = taken;
  const { set, remove } = assigned<LockRow>({
    owner: owner.userId,
    sessionId: owner.sessionId,
    ownerName: owner.username,
    scope: scope === "tree" ? scope : undefined,
    kind,
    kindShard: `${kind}-${pickShard(resource, shardsPerKind)}`,
    acquiredAtMs: nowMs,
    change: changeNote(what, actor, nowMs),
    // Who took it without waiting has no turn.
    turn: undefined,
  });
  const expiresAtMs = later(nowMs, leaseMs);
  const ends = action`${at("expiresAtMs")} = ${end ?? expiresAtMs}`;
  return { set: [...set, ends, mayGoAfter(expiresAtMs)], remove };
}

/** The row as of now, or undefined. One request. */
export function findLockRow(
  database: Pick<Database, "get">,
  resource: string,
): Promise<Row | undefined> {
  return database.get("Locks", { resource });
}

/**
 * Takes a lock that is free or whose lease is over. `fence` replaces the counted one where the
 * caller must know it beforehand, and must then be above every older one.
 */
export function acquireLockWrite(taken: Acquisition, nowMs: EpochMs, fence?: number): Write {
  const { permit } = taken;
  const { set, remove } = ownership(taken, nowMs);
  const counted = fence === undefined;
  const looksAtLine = taken.scope === "exact";
  return update({
    ...lockRow(taken.resource),
    change: {
      set: [...set, counted ? nextFence(nowMs) : action`${at("fence")} = ${fence}`],
      remove,
    },
    // Whoever waits goes first; a tree lock, which is several rows, does not look at lines.
    condition: allOf(
      lockIsFree(nowMs),
      ...(looksAtLine ? [nobodyWaits] : []),
      ...(counted ? [] : [fenceGrowsTo(fence)]),
      ...permitted(permit),
    ),
    refused: (row) => {
      const denied = permit?.refusal(row);
      if (denied) return denied;
      if (looksAtLine && row && !parseLiveLock(row, nowMs) && parseTickets(row).length > 0) {
        return new LineWaits(row);
      }
      const holder = parseLock(row);
      return holder ? new LockHeld(holder, row) : new LockNotOwned(row, nowMs);
    },
    // The same owner, instant and end can only be this very write, or another one of the same
    // caller that leaves exactly the same row: either way the lock is theirs.
    applied: (row) => {
      const lock = parseLock(row);
      const expiresAtMs = later(nowMs, taken.leaseMs);
      return (
        lock !== undefined &&
        isSameOwner(lock.owner, taken.owner) &&
        lock.acquiredAtMs === nowMs &&
        lock.expiresAtMs === expiresAtMs
      );
    },
    // A lock that came and went before the repetition would otherwise be taken a second time.
    recall: {
      condition: anyOf(isMissing(at("acquiredAtMs")), condition`${at("acquiredAtMs")} < ${nowMs}`),
      isPossible: (row) => !(Number(row?.["acquiredAtMs"]) >= nowMs),
    },
  });
}

/** The lock that a write of this acquisition makes, where it chooses the fence itself. */
export function lockToBe(taken: Acquisition, fence: number, nowMs: EpochMs): Lock {
  const { resource, kind, owner, leaseMs, scope } = taken;
  const { userId, sessionId, username } = owner;
  return {
    resource,
    kind,
    scope,
    owner: {
      userId,
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(username === undefined ? {} : { username }),
    },
    fence,
    acquiredAtMs: nowMs,
    expiresAtMs: later(nowMs, leaseMs),
  };
}

/** A lease to start again, until then. */
export interface NewLease extends HeldChange {
  readonly expiresAtMs: EpochMs;
  readonly permit?: Permit | undefined;
}

/** Starts the caller's lease again and keeps the fence. Repeating it sets the same instant. */
export function renewLockWrite({ proof, nowMs, actor, expiresAtMs, permit }: NewLease): Write {
  return update({
    ...lockRow(proof.resource),
    change: {
      set: [
        action`${at("expiresAtMs")} = ${expiresAtMs}`,
        mayGoAfter(expiresAtMs),
        action`${at("change")} = ${changeNote("lock.renewed", actor, nowMs)}`,
      ],
    },
    condition: allOf(callerHolds(proof, nowMs), ...permitted(permit)),
    refused: (row) => permit?.refusal(row) ?? new LockNotOwned(row, nowMs),
  });
}

/** Lets a transaction pass only while the caller holds the lock; changes nothing. */
export function checkLockWrite(proof: LockProof, nowMs: EpochMs, permit?: Permit): Write {
  return check({
    ...lockRow(proof.resource),
    condition: allOf(callerHolds(proof, nowMs), ...permitted(permit)),
    refused: (row) => permit?.refusal(row) ?? new LockNotOwned(row, nowMs),
  });
}
