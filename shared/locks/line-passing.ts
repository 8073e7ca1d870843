/** What the owner of a lock and those who wait for it have to do with each other: he passes it on, they ask him to. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError, InvalidRequest } from "../base/errors.ts";
import { derivedId } from "../base/derived-ids.ts";
import { type EpochMs, isExpired } from "../base/time.ts";
import type { Row } from "../table/write.ts";
import { isHeldBy, LineWaits, livingIn, parseTurn, parseWaiter, PlaceNotFound } from "./line.ts";
import { type HandingParts, settle } from "./line-handing.ts";
import { askOwnerWrite, isAskedAnew } from "./line-places-store.ts";
import { handOverWrite } from "./line-store.ts";
import type { PlaceRequest } from "./lock-requests.ts";
import { findLockRow } from "./lock-store.ts";
import { type Lock, LockNotOwned, type LockOwner, parseLiveLock, parseLock } from "./lock.ts";

/** A lock to be passed on. */
export interface PassRequest {
  readonly resource: string;
  readonly owner: LockOwner;
  /** Of the lock that is meant: no later one is passed on. */
  readonly fence: number;
  /** To whom of those who wait; to the first of them by default. Without a session, whichever of his is first. */
  readonly to?: Pick<LockOwner, "userId" | "sessionId"> | undefined;
  readonly actor: Actor;
}

/** Nobody is there to pass a lock on to; it stays whose it is. */
class NobodyWaits extends HoldfastError {
  constructor(to: PassRequest["to"]) {
    super("NOBODY_WAITS", to ? `${to.userId} does not wait for this lock` : "Nobody waits for it");
  }
}

/** The place of whoever it is to go to, if he is there. */
function findTicket(row: Row, to: NonNullable<PassRequest["to"]>, nowMs: EpochMs) {
  return livingIn(row, nowMs).find(({ owner: { userId, sessionId } }) => {
    return userId === to.userId && (to.sessionId === undefined || sessionId === to.sessionId);
  })?.ticket;
}

/** Makes what owner and line have to do with each other. */
export function createPassing({ database, clock }: HandingParts) {
  function attempt({ resource, owner, fence, to, actor }: PassRequest, releaseId: string) {
    const proof = { resource, owner, fence };
    return async (row: Row): Promise<{ lock: Lock; replayed: boolean }> => {
      const nowMs = clock();
      if (!isHeldBy(row, proof, nowMs)) {
        const lock = parseLiveLock(row, nowMs);
        // The same request came before, and whoever got it still has it.
        const isNext = lock?.fence === fence + 1 && row["releaseId"] === releaseId;
        if (isNext) return { lock, replayed: true };
        throw new LockNotOwned(row, nowMs);
      }
      if (parseLock(row)?.scope === "tree") {
        const message = "must not be a tree: it has no line, give it back";
        throw new InvalidRequest([{ path: "name", message }]);
      }
      const ticket = to && findTicket(row, to, nowMs);
      const given = { row, resource, nowMs, actor, from: proof, releaseId, ticket };
      const write = to && !ticket ? undefined : handOverWrite(given);
      if (!write) throw new NobodyWaits(to);
      return { lock: parseLock(await database.apply(write))!, replayed: false };
    };
  }

  return {
    /**
     * Passes a lock on to the first who waits for it, or to the one who is named, with the next fence and a short
     * time to claim it in. Two requests, one more for everybody who changes the line at the same instant. Safe to
     * repeat: as long as whoever got it has it, the answer is the same.
     *
     * @throws NobodyWaits when nobody is there, or not the one who is named; the lock stays the caller's
     * @throws LockNotOwned when it is not the caller's (any more), by this fence; nothing was changed
     * @example await locks.line.passOnTo({ resource, owner, fence, to: { userId: "bob" }, actor });
     */
    async passOnTo(request: PassRequest): Promise<{ lock: Lock; replayed: boolean }> {
      const { resource, owner, fence } = request;
      const row = await findLockRow(database, resource);
      const { userId, sessionId = null } = owner;
      const releaseId = derivedId("rel", "passed", resource, userId, sessionId, fence);
      return settle(row ?? {}, attempt(request, releaseId));
    },

    /**
     * Asks the owner to let go: noted on the lock's row, from which he is told at once, and with his next
     * heartbeat. One request. Repeated within ten seconds it is told no second time.
     *
     * @returns the lock that was asked for; undefined when nobody has it any more, so that it is time to claim one's turn
     * @throws PlaceNotFound when the caller does not wait for it
     * @example const lock = await locks.line.askOwner({ resource, ticket, userId: "bob", actor });
     */
    async askOwner(request: PlaceRequest): Promise<Lock | undefined> {
      const { ticket, userId } = request;
      const nowMs = clock();
      try {
        return parseLock(await database.apply(askOwnerWrite({ ...request, nowMs })));
      } catch (error) {
        if (!(error instanceof LineWaits)) throw error;
        const { row } = error;
        const [lock, waiter] = [parseLiveLock(row, nowMs), parseWaiter(row, ticket)];
        if (parseTurn(row)?.ticket === ticket && lock?.owner.userId === userId) return lock;
        const isThere = waiter?.owner.userId === userId && !isExpired(waiter.untilMs, nowMs);
        if (!isThere) throw new PlaceNotFound();
        if (lock && isAskedAnew(row, ticket, nowMs)) throw error;
        return lock;
      }
    },
  };
}
