/** The line for a lock: who waits, in order of arrival, as it stands in the lock's own row. */
import { HoldfastError } from "../base/errors.ts";
import { derivedId } from "../base/derived-ids.ts";
import { type EpochMs, epochMs, isExpired } from "../base/time.ts";
import type { Row } from "../table/write.ts";
import {
  isSameOwner,
  parseLiveLock,
  type Lock,
  LockHeld,
  parseKind,
  parseLock,
  type LockOwner,
  type LockProof,
  type LockKind,
} from "./lock.ts";

/** Most places of one line; they stand in the row of the lock. */
export const maxWaiters = 32;
/** How long a place is kept without being asked for again, unless its owner says that he asks more often. */
export const placeMs = 15_000;
/** Shortest time to claim a turn, however soon its owner would have had to ask anyway. */
export const leastClaimMs = 3_000;

/** One place in a line. */
export interface Waiter {
  readonly ticket: string;
  readonly owner: LockOwner;
  readonly kind: LockKind;
  /** How long the lock is wanted for, from its claim. */
  readonly leaseMs: number;
  /** Given up at this instant unless it is asked for before. */
  readonly untilMs: EpochMs;
}

/** A lock that was handed over to somebody who waited. */
export interface Turn {
  readonly ticket: string;
  readonly leaseMs: number;
  readonly isClaimed: boolean;
}

/** A place, as its owner is told of it. */
export interface Place {
  readonly ticket: string;
  /** From 1. */
  readonly position: number;
  /** From what was observed of this lock; undefined where nothing was. */
  readonly estimatedWaitMs: number;
  /** To be asked for again before this instant; by then it is lost. */
  readonly claimBeforeMs: EpochMs;
  readonly lock: Lock;
}

/** The attribute of a lock's row that holds one place. */
export const waiterAttribute = (ticket: string): `waiter_${string}` => `waiter_${ticket}`;

/**
 * The ticket of a place: the same for a repeated request, another one for every fence that is waited for,
 * so that a late repetition can never speak for a later place.
 */
export function makeTicket(
  resource: string,
  { userId, sessionId }: LockOwner,
  fence: number,
): string {
  return derivedId("tkt", resource, userId, sessionId ?? null, fence);
}

/** The tickets in a row, in order of arrival; some may be of places that were given up. */
export function parseTickets(row: Row | undefined): readonly string[] {
  return (row?.["line"] as readonly string[] | undefined) ?? [];
}

/** The place with this ticket, whether or not its time is over. */
export function parseWaiter(row: Row | undefined, ticket: string): Waiter | undefined {
  const found = row?.[waiterAttribute(ticket)] as Record<string, unknown> | undefined;
  if (!found) return undefined;
  return {
    ticket,
    owner: {
      userId: String(found["userId"]),
      sessionId: found["sessionId"] as string | undefined,
      username: found["username"] as string | undefined,
    },
    kind: parseKind(found),
    leaseMs: Number(found["leaseMs"]),
    untilMs: epochMs(Number(found["untilMs"])),
  };
}

/** Every place of a row that was not given up, in order of arrival. */
export function parseWaiters(row: Row | undefined): Waiter[] {
  const waiters = parseTickets(row).map((ticket) => parseWaiter(row, ticket));
  return waiters.filter((waiter) => waiter !== undefined);
}

/** Those who are still there: a place that was not asked for in time delays nobody. */
export function livingIn(row: Row | undefined, nowMs: EpochMs): Waiter[] {
  return parseWaiters(row).filter(({ untilMs }) => !isExpired(untilMs, nowMs));
}

/** Somebody in line asks the owner of the lock to let go. */
export interface Ask {
  readonly owner: LockOwner;
  readonly askedAtMs: EpochMs;
}

/** The latest of those in line who ask for it. */
export function parseAsk(row: Row | undefined): Ask | undefined {
  const asks = parseWaiters(row).flatMap(({ ticket, owner }): Ask[] => {
    const { askedAtMs } = row![waiterAttribute(ticket)] as { askedAtMs?: EpochMs };
    return askedAtMs === undefined ? [] : [{ owner, askedAtMs }];
  });
  return asks.toSorted((one, other) => other.askedAtMs - one.askedAtMs)[0];
}

/** Who asks for a lock, as its owner is told: with the next extension of his lease, and at once. */
export function askView(ask: Ask | undefined) {
  if (!ask) return null;
  const { owner, askedAtMs } = ask;
  const { userId, username = null, sessionId = null } = owner;
  return { userId, username, sessionId, askedAtMs };
}

/** The turn that made the present owner one, if he waited for it. */
export function parseTurn(row: Row | undefined): Turn | undefined {
  return row?.["turn"] as Turn | undefined;
}

/** Whether the caller has this lock now, as the condition `callerHolds` says it. */
export function isHeldBy(
  row: Row | undefined,
  { owner, fence, scope }: LockProof,
  nowMs: EpochMs,
): boolean {
  const lock = parseLiveLock(row, nowMs);
  if (!lock || !isSameOwner(lock.owner, owner)) return false;
  if (scope !== undefined && scope !== lock.scope) return false;
  return fence === undefined || fence === lock.fence;
}

/** How long owners kept this lock, as far as the row tells; else as long as the present one may. */
function typicalKeepMs(row: Row | undefined, lock: Lock): number {
  return Number(row?.["typicalKeepMs"] ?? lock.expiresAtMs - lock.acquiredAtMs);
}

/**
 * What a place's owner is told: how many are ahead of it, and when its turn may come. The estimate is the
 * rest of the present lease and one turn for everybody ahead, each as long as owners kept this lock.
 */
export function placeIn(row: Row, ticket: string, nowMs: EpochMs): Place | undefined {
  const living = livingIn(row, nowMs);
  const ahead = living.findIndex((waiter) => waiter.ticket === ticket);
  const lock = parseLock(row);
  if (ahead < 0 || !lock) return undefined;
  const keepMs = typicalKeepMs(row, lock);
  const restMs = Math.max(0, lock.expiresAtMs - nowMs);
  const estimatedMs = Math.max(0, Math.min(restMs, lock.acquiredAtMs + keepMs - nowMs));
  return {
    ticket,
    position: ahead + 1,
    estimatedWaitMs: Math.round(estimatedMs + ahead * keepMs),
    claimBeforeMs: living[ahead]!.untilMs,
    lock,
  };
}

/** A new observation of how long an owner kept it; older ones count less and less. */
export function observedHoldMs(row: Row | undefined, nowMs: EpochMs): number | undefined {
  const acquiredAtMs = Number(row?.["acquiredAtMs"] ?? Number.NaN);
  const endedAtMs = Math.min(nowMs, Number(row?.["expiresAtMs"] ?? nowMs));
  const heldMs = Math.max(0, endedAtMs - acquiredAtMs);
  if (Number.isNaN(heldMs) || row?.["owner"] === undefined) return undefined;
  const before = row["typicalKeepMs"] as number | undefined;
  return Math.round(before === undefined ? heldMs : before + (heldMs - before) / 3);
}

/** Somebody waits, so whoever gives the lock up or wants it has to look at the line first. */
export class LineWaits extends HoldfastError {
  readonly row: Row;

  constructor(row: Row) {
    super("TRY_AGAIN", "Others wait for this lock: nothing was changed, please try again");
    this.row = row;
  }
}

/** The line is full; nothing was changed. Says who has the lock, like every refusal of one. */
export class LineFull extends LockHeld {}

/** There is no such place: it was given up, was not asked for in time, or is somebody else's. */
export class PlaceNotFound extends HoldfastError {
  constructor() {
    super("TICKET_NOT_FOUND", "There is no such place in line (any more): join again");
  }
}
