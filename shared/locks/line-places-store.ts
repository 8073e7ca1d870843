/** How a place in line is written: joined, kept, left, and one's turn claimed; one update each. */
import { type Actor, changeNote } from "../base/actor.ts";
import { type EpochMs, later } from "../base/time.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  exists,
  type Fragment,
  isMissing,
} from "../table/expression.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { waiterAttribute, maxWaiters, parseTickets, parseTurn, type Waiter } from "./line.ts";
import { fenceIs, lineIs, lookAgain, lookAgainOr, tidied } from "./line-parts.ts";
import { at, callerHolds, lockRow, permitted } from "./lock-conditions.ts";
import type { WaiterRow } from "./lock-row.ts";
import { mayGoAfter } from "./lock-store.ts";
import { parseLock, type LockProof, type Permit } from "./lock.ts";

function placeRow({ owner, kind, leaseMs, untilMs }: Waiter): Row {
  const { userId, sessionId, username } = owner;
  return {
    userId,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(username === undefined ? {} : { username }),
    kind,
    leaseMs,
    untilMs,
  };
}

/** Who joins the line of which lock, and by which right. */
interface Joining {
  readonly resource: string;
  readonly waiter: Waiter;
  readonly permit?: Permit | undefined;
}

/**
 * Appends a place to the line of a lock that somebody has. Where the list is full of gaps and of those
 * whose time is over, it is written anew without them.
 */
export function joinWrite(row: Row, joining: Joining, nowMs: EpochMs): Write {
  const { resource, waiter, permit } = joining;
  const { ticket } = waiter;
  const place = at(waiterAttribute(ticket));
  const { living, remove, guards } = tidied(row, nowMs);
  const isFull = parseTickets(row).length >= maxWaiters;
  const append = action`${at("line")} = list_append(if_not_exists(${at("line")}, ${[]}), ${[ticket]})`;
  const rewrite = action`${at("line")} = ${[...living.map((each) => each.ticket), ticket]}`;
  const room = anyOf(isMissing(at("line")), condition`size(${at("line")}) < ${maxWaiters}`);
  return update({
    ...lockRow(resource),
    change: {
      set: [isFull ? rewrite : append, action`${place} = ${placeRow(waiter)}`],
      remove: isFull ? remove : [],
    },
    condition: allOf(
      exists(at("owner")),
      fenceIs(row),
      isMissing(place),
      // A repetition that comes after its sender has left finds the gap that he left behind.
      condition`NOT contains(${at("line")}, ${ticket})`,
      ...(isFull ? [lineIs(row), ...guards] : [room]),
      ...permitted(permit),
    ),
    refused: lookAgainOr(permit),
    applied: (found) => found?.[waiterAttribute(ticket)] !== undefined,
  });
}

/** Whose place it is. */
interface Claim {
  readonly resource: string;
  readonly ticket: string;
  readonly userId: string;
  readonly nowMs: EpochMs;
}

function isMine({ ticket, userId }: Claim): Fragment {
  return condition`${at(waiterAttribute(ticket), "userId")} = ${userId}`;
}

/** A place that is to be kept, and the right to it. */
type Keeping = Claim & { readonly permit?: Permit | undefined };
/** And for how long. */
type KeepingFor = Keeping & { readonly placeMs: number };

/** It is the caller's, its time is not over, and somebody has the lock. */
const waitsFor = (claim: Claim): [Fragment, ...Fragment[]] => [
  isMine(claim),
  condition`${at(waiterAttribute(claim.ticket), "untilMs")} > ${claim.nowMs}`,
  exists(at("owner")),
  condition`${at("expiresAtMs")} > ${claim.nowMs}`,
];

/**
 * Keeps a place while somebody has the lock. Repeating it sets the same instant, and one that comes late, by a clock that
 * is behind, or for less time, takes no time away.
 */
export function keepPlaceWrite(claim: KeepingFor): Write {
  const { resource, ticket, nowMs, permit, placeMs } = claim;
  const untilMs = at(waiterAttribute(ticket), "untilMs");
  const keptMs = later(nowMs, placeMs);
  return update({
    ...lockRow(resource),
    change: { set: [action`${untilMs} = ${keptMs}`] },
    condition: allOf(...waitsFor(claim), condition`${untilMs} <= ${keptMs}`, ...permitted(permit)),
    refused: lookAgainOr(permit),
  });
}

/** An owner is asked no more often than this. */
const askAgainMs = 10_000;

/** Whether the owner of a lock is told when this place asks him to let go: he was not, or long ago. */
export function isAskedAnew(row: Row | undefined, ticket: string, nowMs: EpochMs): boolean {
  const place = row?.[waiterAttribute(ticket)] as WaiterRow | undefined;
  return (place?.askedAtMs ?? 0) <= nowMs - askAgainMs;
}

/** Notes on the row, and at the place, that its owner is asked to let go. */
export function askOwnerWrite(asking: Keeping & { readonly actor: Actor }): Write {
  const { resource, ticket, nowMs, actor, permit } = asking;
  const place = waiterAttribute(ticket);
  const askedAtMs = at(place, "askedAtMs");
  const note = changeNote("lock.asked", actor, nowMs);
  return update({
    ...lockRow(resource),
    change: { set: [action`${askedAtMs} = ${nowMs}`, action`${at("change")} = ${note}`] },
    condition: allOf(
      ...waitsFor(asking),
      anyOf(isMissing(askedAtMs), condition`${askedAtMs} <= ${nowMs - askAgainMs}`),
      ...permitted(permit),
    ),
    refused: lookAgainOr(permit),
  });
}

/** Gives a place up; the gap in the list is closed by the next hand-over. */
export function leaveWrite(claim: Claim): Write {
  const { resource, ticket } = claim;
  return update({
    ...lockRow(resource),
    isBlind: true,
    change: { remove: [at(waiterAttribute(ticket))] },
    condition: isMine(claim),
    refused: lookAgain,
    applied: (found) => found?.[waiterAttribute(ticket)] === undefined,
  });
}

/** Whose turn is claimed, when, and by which right. */
interface TurnClaim {
  readonly proof: LockProof;
  readonly nowMs: EpochMs;
  readonly actor: Actor;
  readonly permit?: Permit | undefined;
  /** When the lease ends that the claim starts. */
  readonly expiresAtMs: EpochMs;
}

/**
 * Starts the lease of a lock that was handed over: for as long as was asked, from now. Who hands it over knows
 * nothing of the right of whoever waited, so it is asked for here.
 */
export function claimWrite(row: Row, claim: TurnClaim): Write {
  const { proof, nowMs, actor, permit, expiresAtMs } = claim;
  const turn = parseTurn(row)!;
  return update({
    ...lockRow(proof.resource),
    change: {
      set: [
        action`${at("expiresAtMs")} = ${expiresAtMs}`,
        mayGoAfter(expiresAtMs),
        action`${at("turn")} = ${{ ...turn, isClaimed: true }}`,
        action`${at("change")} = ${changeNote("lock.renewed", actor, nowMs)}`,
      ],
    },
    condition: allOf(
      callerHolds(proof, nowMs),
      condition`${at("turn", "ticket")} = ${turn.ticket}`,
      condition`${at("turn", "isClaimed")} = ${false}`,
      ...permitted(permit),
    ),
    refused: lookAgainOr(permit),
    applied: (found) =>
      parseLock(found)?.fence === proof.fence && parseTurn(found)?.isClaimed === true,
  });
}
