/** What a lock is: its shape, who owns it, its limits, and the errors that speak of it. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError, InvalidRequest } from "../base/errors.ts";
import { type EpochMs, epochMs, isExpired } from "../base/time.ts";
import type { Fragment } from "../table/expression.ts";
import type { Row } from "../table/write.ts";

/** What a lock is for; administrators list and count locks by it. */
export const lockKinds = ["document", "cart", "custom"] as const;

/** One of `lockKinds`. */
export type LockKind = (typeof lockKinds)[number];

/** How far a lock reaches: its own name only, or also every name above and below it. */
export type LockScope = "exact" | "tree";

/** Who has a lock: a user, or one session of a user when the caller names one. */
export interface LockOwner {
  readonly userId: string;
  /** Two sessions of one user are two owners; a user without a session is a third. */
  readonly sessionId?: string | undefined;
  /** For people to read; plays no part in who owns what. */
  readonly username?: string | undefined;
}

/** A lock that somebody has. */
export interface Lock {
  readonly resource: string;
  readonly kind: LockKind;
  readonly scope: LockScope;
  readonly owner: LockOwner;
  /** Grows whenever this resource is locked anew; renewing keeps it. */
  readonly fence: number;
  readonly acquiredAtMs: EpochMs;
  /** The lease is over at this instant, unless it is renewed before. */
  readonly expiresAtMs: EpochMs;
}

/** Proof of ownership: the resource, its owner and, where known, the fence that came with the lock. */
export interface LockProof {
  readonly resource: string;
  readonly owner: LockOwner;
  readonly fence?: number | undefined;
  readonly scope?: LockScope | undefined;
}

/** Whether a proof is the lock itself, as it was when it was taken or renewed. */
export function isKnown(proof: LockProof): proof is Lock {
  return proof.fence !== undefined && (proof as Partial<Lock>).acquiredAtMs !== undefined;
}

/** Something is done to a lock that the caller owns; the actor is on record for it. */
export interface HeldChange {
  readonly proof: LockProof;
  readonly nowMs: EpochMs;
  readonly actor: Actor;
}

/**
 * A right that the lock's own row tells of: who lacks it is refused by the very write that takes or renews the
 * lock. What the right is about is the business of whoever brings it.
 */
export interface Permit {
  readonly condition: Fragment;
  /** The error when the row denies the right; undefined when it does not. */
  readonly refusal: (row: Row | undefined) => HoldfastError | undefined;
}

/** A lock as every answer shows it; existing clients rely on these names. */
export interface LockInfo {
  readonly userId: string;
  readonly username: string | null;
  readonly sessionId: string | null;
  /** Since when, in milliseconds. */
  readonly timestamp: number;
  readonly expiresAtMs: number;
  readonly fence: number;
}

/** How long a lock lasts when nobody says otherwise. */
export const defaultLeaseMs = 300_000;
/** Shortest lease: below it the heartbeats would cost more than the work. */
export const minLeaseMs = 1_000;
/** Longest lease. The row outlives it by a day, which is what the fence relies on. */
export const maxLeaseMs = 86_400_000;
/** Longest name; with its prefix it stays far below the 2,048 bytes of a DynamoDB key. */
const maxResourceLength = 528;
/** Deepest name that a tree lock may have: each level above is one more item of its transaction. */
const maxTreeDepth = 32;

/** Whether two owners are the same one; the name for people does not count. */
export function isSameOwner(one: LockOwner, other: LockOwner): boolean {
  return one.userId === other.userId && one.sessionId === other.sessionId;
}

/** The lock as answers show it. */
export function lockView({ owner, fence, acquiredAtMs, expiresAtMs }: Lock): LockInfo {
  return {
    userId: owner.userId,
    username: owner.username ?? null,
    sessionId: owner.sessionId ?? null,
    timestamp: acquiredAtMs,
    expiresAtMs,
    fence,
  };
}

/** Rows that earlier versions wrote say `purpose` until their locks are taken anew. */
export function parseKind(found: Row): LockKind {
  return (found["kind"] ?? found["purpose"]) as LockKind;
}

/** The lock in a row, whoever's it is and whether or not its lease is over; undefined if it is free. */
export function parseLock(row: Row | undefined): Lock | undefined {
  if (typeof row?.["owner"] !== "string") return undefined;
  return {
    resource: String(row["resource"]),
    kind: parseKind(row),
    scope: (row["scope"] as LockScope | undefined) ?? "exact",
    owner: {
      userId: row["owner"],
      sessionId: row["sessionId"] as string | undefined,
      username: row["ownerName"] as string | undefined,
    },
    fence: Number(row["fence"]),
    acquiredAtMs: epochMs(Number(row["acquiredAtMs"])),
    expiresAtMs: epochMs(Number(row["expiresAtMs"])),
  };
}

/** The lock in a row if its lease still runs. */
export function parseLiveLock(row: Row | undefined, nowMs: EpochMs): Lock | undefined {
  const lock = parseLock(row);
  return lock && !isExpired(lock.expiresAtMs, nowMs) ? lock : undefined;
}

/** Every name above this one: `product/9/variant` has `product/9` and `product`. */
export function namesAbove(resource: string): string[] {
  const slashes = [...resource.matchAll(/\//g)].map(({ index }) => index).filter((at) => at > 0);
  return slashes.map((end) => resource.slice(0, end)).toReversed();
}

function refuse(path: string, message: string): never {
  throw new InvalidRequest([{ path, message }]);
}

/** A name, and for how long it is wanted. */
interface NameAndLease {
  readonly resource: string;
  readonly leaseMs?: number | undefined;
}

/** @throws InvalidRequest when a name or lease is out of bounds; nothing was read or written */
export function checkLease({ resource, leaseMs = defaultLeaseMs }: NameAndLease): void {
  if (resource.length === 0 || resource.length > maxResourceLength) {
    refuse("resource", `must have 1 to ${maxResourceLength} characters`);
  }
  if (!(leaseMs >= minLeaseMs && leaseMs <= maxLeaseMs)) {
    refuse("leaseMs", `must be ${minLeaseMs} to ${maxLeaseMs}`);
  }
}

/** @throws InvalidRequest when a name, lease or tree is out of bounds; nothing was read or written */
export function checkLimits(
  request: NameAndLease & { readonly scope?: LockScope | undefined },
): void {
  checkLease(request);
  const { resource, scope } = request;
  if (scope === "tree" && namesAbove(resource).length >= maxTreeDepth) {
    refuse("resource", `must have at most ${maxTreeDepth} levels`);
  }
}

function pickName({ username, userId }: LockOwner): string {
  return username ?? userId;
}

/** Somebody else has the lock; nothing was changed. Says who, since when and until when. */
export class LockHeld extends HoldfastError {
  readonly lock: Lock;
  /** The row that refused, where there was one: it tells who waits as well. */
  readonly row: Row | undefined;

  constructor(lock: Lock, row?: Row) {
    super("LOCK_HELD", `Locked by ${pickName(lock.owner)}`, {
      success: false,
      lockedBy: pickName(lock.owner),
      lockInfo: lockView(lock),
    });
    this.lock = lock;
    this.row = row;
  }
}

/** Why the caller's lock is gone, as far as the row still tells. */
function explainLoss(holder: Lock | undefined, row: Row | undefined): string {
  if (holder) return `The lock is held by ${pickName(holder.owner)}`;
  const change = row?.["change"] as { action?: string; reason?: string } | undefined;
  if (row?.["owner"] === undefined && change?.action === "lock.forced") {
    return `An administrator ended this lock${change.reason ? `: ${change.reason}` : ""}`;
  }
  return "This is not locked (any more): the lock was released, or its lease is over";
}

/**
 * The caller does not have the lock (any more); nothing was changed. `lockInfo` is the present
 * owner's, or null where nobody has it.
 */
export class LockNotOwned extends HoldfastError {
  readonly holder: Lock | undefined;
  /** The row that refused, where there was one. */
  readonly row: Row | undefined;

  constructor(row: Row | undefined, nowMs: EpochMs, holder = parseLiveLock(row, nowMs)) {
    super("LOCK_NOT_OWNED", explainLoss(holder, row), {
      success: false,
      lockInfo: holder ? lockView(holder) : null,
    });
    this.holder = holder;
    this.row = row;
  }
}

/**
 * The caller has the lock, but not without more: a turn has to be claimed first, or the lease cannot begin anew
 * because one owner would have the lock for too long in a row. The row says which.
 */
export class RenewalBound extends LockNotOwned {}

/** Waited for a lock as long as the caller wanted, in vain; nothing was changed. */
export class LockTimeout extends HoldfastError {
  readonly lock: Lock;

  constructor(waitedMs: number, { lock }: LockHeld) {
    super("LOCK_TIMEOUT", `Still locked by ${pickName(lock.owner)} after ${waitedMs} ms`, {
      waitedMs,
      lockInfo: lockView(lock),
    });
    this.lock = lock;
  }
}
