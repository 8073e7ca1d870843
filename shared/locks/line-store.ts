/**
 * How a line is written: each step is one conditional update of the lock's own row.
 *
 *     held ──join──▶ held, one more waits ──release──▶ handed over: first living waiter, fence + 1,
 *                    │ keep: its time starts again      │ a short lease to claim it in
 *                    └ leave: its place is a gap        └──claim──▶ held for as long as was asked
 *
 * The order is a list of tickets, to which anybody may append; what is known of a place stands beside it
 * under its ticket, so that keeping a place needs no look at the line. A hand-over asks that the list is
 * still the one it was decided on, and that who is dropped has not asked again meanwhile.
 */
import { type Actor, changeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import { action, allOf, type AttributePath, condition, exists } from "../table/expression.ts";
import { type KeyedRequest, once } from "../table/request-memory.ts";
import { type Change, type Row, update, type Write } from "../table/write.ts";
import { waiterAttribute, isHeldBy, leastClaimMs, observedHoldMs } from "./line.ts";
import { fenceIs, lineIs, lookAgain, lookAgainOr, tidied } from "./line-parts.ts";
import { at, callerHolds, lockIsFree, lockRow, permitted } from "./lock-conditions.ts";
import { tombstone } from "./lock-ending-store.ts";
import { type Acquisition, ownership } from "./lock-store.ts";
import { isSameOwner, LockNotOwned, parseLock, type LockOwner, type LockProof } from "./lock.ts";

/** How a lock comes to its next owner: given up by the one who has it, or nobody has it any more. */
export interface HandOver {
  readonly row: Row;
  readonly resource: string;
  readonly nowMs: EpochMs;
  readonly actor: Actor;
  /** Who gives it up; without it the lock must be free, or its lease over. */
  readonly from?: LockProof | undefined;
  /** Whose turn it shall be; the first one's by default. */
  readonly ticket?: string | undefined;
  /** Marks the release, so that its repetition recognises it. */
  readonly releaseId?: string | undefined;
}

/** The fence of whoever has the lock next. */
export const fenceAfter = (row: Row, nowMs: EpochMs): number => Number(row["fence"] ?? nowMs) + 1;

function handOverParts({ row, from, nowMs, releaseId }: HandOver) {
  const { living, remove, guards } = tidied(row, nowMs);
  const heldMs = observedHoldMs(row, nowMs);
  return {
    living,
    remove,
    set: [
      ...(heldMs === undefined ? [] : [action`${at("typicalKeepMs")} = ${heldMs}`]),
      ...(releaseId === undefined ? [] : [action`${at("releaseId")} = ${releaseId}`]),
    ],
    condition: allOf(
      from ? callerHolds(from, nowMs) : lockIsFree(nowMs),
      fenceIs(row),
      lineIs(row),
      ...guards,
    ),
  };
}

/**
 * Hands the lock to the first in line who is still there, or to the one who is meant, for the time in which he would
 * have had to ask anyway: a waiter that is gone delays nobody for longer than that. Undefined when nobody is there.
 */
export function handOverWrite(given: HandOver): Write | undefined {
  const { row, resource, nowMs, actor, releaseId } = given;
  const parts = handOverParts(given);
  const head = parts.living.find(({ ticket }) => ticket === (given.ticket ?? ticket));
  if (!head) return undefined;
  const others = parts.living.filter((waiter) => waiter !== head);
  const claimMs = Math.max(leastClaimMs, head.untilMs - nowMs);
  const end = at(waiterAttribute(head.ticket), "untilMs");
  const isPlaces = head.untilMs - nowMs >= leastClaimMs;
  const fence = fenceAfter(row, nowMs);
  const { owner, kind, leaseMs, ticket } = head;
  const taken = { resource, owner, kind, scope: "exact" as const, leaseMs: claimMs };
  const owned = ownership(
    { ...taken, actor: { ...actor, id: owner.userId } },
    nowMs,
    "lock.granted",
    // As it is by then: he may ask again meanwhile, and was told that he has time until it.
    isPlaces ? end : undefined,
  );
  const remove = [...parts.remove, at(waiterAttribute(ticket)), ...owned.remove.filter(isNotTurn)];
  const turn = { ticket, leaseMs, isClaimed: false };
  const set = [
    ...owned.set,
    ...parts.set,
    action`${at("fence")} = ${fence}`,
    action`${at("turn")} = ${turn}`,
    action`${at("line")} = ${others.map((waiter) => waiter.ticket)}`,
  ];
  return update({
    ...lockRow(resource),
    change: { set, remove },
    // Who left meanwhile is not given a turn.
    condition: allOf(
      parts.condition,
      isPlaces ? exists(at(waiterAttribute(ticket))) : condition`${end} = ${head.untilMs}`,
    ),
    refused: lookAgain,
    applied: (found) =>
      found?.["fence"] === fence && (releaseId === undefined || found["releaseId"] === releaseId),
  });
}

const isNotTurn = ({ segments: [name] }: AttributePath): boolean => name !== "turn";

/** Takes a free lock whose line has nobody left in it, or only the one who takes it. */
export function takePastLineWrite(given: HandOver, taken: Acquisition): Write {
  const { row, resource, nowMs } = given;
  const parts = handOverParts(given);
  const own = parts.living.filter(({ owner }) => isSameOwner(owner, taken.owner));
  const { set, remove } = ownership(taken, nowMs);
  const fence = fenceAfter(row, nowMs);
  const change: Change = {
    set: [
      ...set,
      ...parts.set,
      action`${at("fence")} = ${fence}`,
      action`${at("line")} = ${parts.living.filter((each) => !own.includes(each)).map(({ ticket }) => ticket)}`,
    ],
    remove: [...remove, ...parts.remove, ...own.map(({ ticket }) => at(waiterAttribute(ticket)))],
  };
  return update({
    ...lockRow(resource),
    change,
    // Who left meanwhile comes to the line anew, behind the others.
    condition: allOf(
      parts.condition,
      ...own.map(({ ticket }) => exists(at(waiterAttribute(ticket)))),
      ...permitted(taken.permit),
    ),
    refused: lookAgainOr(taken.permit),
    applied: (found) => found?.["fence"] === fence && isOwnedBy(found, taken.owner),
  });
}

function isOwnedBy(row: Row | undefined, owner: LockOwner): boolean {
  const lock = parseLock(row);
  return lock !== undefined && isSameOwner(lock.owner, owner);
}

/** A release that looks at the line, which it was decided on. */
export interface LineRelease {
  readonly row: Row;
  readonly proof: LockProof;
  readonly nowMs: EpochMs;
  readonly actor: Actor;
  readonly releaseId: string;
  readonly keyed?: KeyedRequest | undefined;
}

/**
 * Gives a lock up whose line is not empty: to the first who is still there, or to nobody where all places
 * are over. Refused with `LockNotOwned` when it is not the caller's any more, else with `LineWaits`.
 */
export function releaseToLineWrite(release: LineRelease): Write {
  const { row, proof, nowMs, actor, releaseId, keyed } = release;
  const { resource } = proof;
  const given = { row, resource, nowMs, actor, from: proof };
  const refusedRelease = (found: Row | undefined) =>
    isHeldBy(found, proof, nowMs) ? lookAgain(found) : new LockNotOwned(found, nowMs);
  const handOver = handOverWrite({ ...given, releaseId });
  if (handOver) return once({ ...handOver, refused: refusedRelease }, keyed, nowMs);
  const ended = tombstone(changeNote("lock.released", actor, nowMs), { releaseId });
  const parts = handOverParts(given);
  const write = update({
    ...lockRow(resource),
    change: {
      set: [...(ended.set ?? []), ...parts.set, action`${at("line")} = ${[]}`],
      remove: [...(ended.remove ?? []), ...parts.remove],
    },
    condition: parts.condition,
    refused: refusedRelease,
    applied: (found) => found?.["releaseId"] === releaseId,
  });
  return once(write, keyed, nowMs);
}
