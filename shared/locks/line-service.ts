/** What a caller can ask of the line for a lock: a place in it, to keep or leave it, and one's turn. */
import type { Actor } from "../base/actor.ts";
import { derivedId } from "../base/derived-ids.ts";
import { type EpochMs, later } from "../base/time.ts";
import type { Row } from "../table/write.ts";
import {
  LineFull,
  LineWaits,
  livingIn,
  maxWaiters,
  type Place,
  placeIn,
  placeMs,
  PlaceNotFound,
  makeTicket,
  parseTickets,
  parseTurn,
  type Waiter,
  parseWaiter,
} from "./line.ts";
import { claimWrite, joinWrite, keepPlaceWrite, leaveWrite } from "./line-places-store.ts";
import { createHanding, type HandingParts, settle } from "./line-handing.ts";
import { createPassing } from "./line-passing.ts";
import type { PlaceRequest } from "./lock-requests.ts";
import { leaseEnd } from "./lock-limits.ts";
import { type Acquisition, findLockRow } from "./lock-store.ts";
import {
  isSameOwner,
  parseLiveLock,
  type Lock,
  LockHeld,
  LockNotOwned,
  type Permit,
} from "./lock.ts";

/** What asking in line comes to: one's turn, or a place. */
export type Standing = { readonly lock: Lock } | { readonly place: Place };

function standingIn(row: Row, ticket: string, nowMs: EpochMs): Standing {
  const place = placeIn(row, ticket, nowMs);
  if (!place) throw new PlaceNotFound();
  return { place };
}

interface Parts extends HandingParts {
  readonly handing: ReturnType<typeof createHanding>;
}

/** A turn that is somebody's, and how long he wants the lock from now. */
export interface TurnRequest {
  readonly lock: Lock;
  readonly leaseMs: number;
  readonly actor: Actor;
  readonly permit?: Permit | undefined;
}

/** Makes what starts the lease of a lock that was handed over. */
function createClaiming({ clock, counting }: HandingParts) {
  return function claim(row: Row, { lock, leaseMs, actor, permit }: TurnRequest): Promise<Lock> {
    const nowMs = clock();
    const { maxLockMs } = counting.limits;
    const expiresAtMs = leaseEnd({ leaseMs, maxLockMs }, nowMs, lock.acquiredAtMs);
    const write = claimWrite(row, { proof: lock, nowMs, actor, permit, expiresAtMs });
    return counting.take(write, { ...lock, expiresAtMs });
  };
}

/** Makes what keeps a place and takes one's turn. */
function createAsking(
  { database, clock, handing: { passOn } }: Parts,
  claim: ReturnType<typeof createClaiming>,
) {
  /** One's turn: claimed now, or claimed before, which answers the same again. */
  async function claimMine(row: Row, request: PlaceRequest): Promise<Standing | undefined> {
    const [lock, turn] = [parseLiveLock(row, clock()), parseTurn(row)];
    if (turn?.ticket !== request.ticket || lock?.owner.userId !== request.userId) return undefined;
    if (turn.isClaimed) return { lock };
    const { actor, permit } = request;
    return { lock: await claim(row, { lock, leaseMs: turn.leaseMs, actor, permit }) };
  }

  function ask(request: PlaceRequest): Promise<Standing> {
    const { resource, ticket, userId, actor, placeMs: keepMs = placeMs, permit } = request;
    const place = { resource, ticket, userId, permit, placeMs: keepMs };
    const keep = () => keepPlaceWrite({ ...place, nowMs: clock() });
    return database.apply(keep()).then(
      (row) => standingIn(row, ticket, clock()),
      (error: unknown) => {
        if (!(error instanceof LineWaits)) throw error;
        return settle(error.row, async (row): Promise<Standing> => {
          const mine = await claimMine(row, request);
          if (mine) return mine;
          const nowMs = clock();
          const waiter = parseWaiter(row, ticket);
          const isThere = waiter?.owner.userId === userId && waiter.untilMs > nowMs;
          if (!isThere) throw new PlaceNotFound();
          const isOver = !parseLiveLock(row, nowMs);
          const after = (isOver && (await passOn(row, resource, actor))) || row;
          const turn = isOver && (await claimMine(after, request));
          if (turn) return turn;
          // Kept for longer already: by a clock that is ahead of this one, or by who was to ask less often.
          const isKept = waiter.untilMs > later(nowMs, keepMs) && parseLiveLock(after, nowMs);
          return standingIn(isKept ? after : await database.apply(keep()), ticket, nowMs);
        });
      },
    );
  }

  return ask;
}

/** Makes what gives a place up. */
function createLeaving({ database, clock, handing: { release } }: Parts) {
  return async function leave(request: PlaceRequest): Promise<void> {
    const { resource, ticket, userId, actor } = request;
    try {
      await database.apply(leaveWrite({ resource, ticket, userId, nowMs: clock() }));
    } catch (error) {
      if (!(error instanceof LineWaits)) throw error;
      const { row } = error;
      const lock = parseLiveLock(row, clock());
      const isTurn = parseTurn(row)?.ticket === ticket && lock?.owner.userId === userId;
      if (!isTurn) return;
      const given = { row, proof: lock, nowMs: clock(), actor, releaseId: `rel_${ticket}` };
      await release(given).catch((lost: unknown) => {
        if (!(lost instanceof LockNotOwned)) throw lost;
      });
    }
  };
}

/** Who left the line, or whose time was over, joins at its end: an earlier ticket for the same fence is spent. */
function newTicketIn(row: Row, first: string): string {
  const spent = parseTickets(row);
  let ticket = first;
  while (spent.includes(ticket)) ticket = derivedId("tkt", ticket);
  return ticket;
}

/** Makes what joins a line. */
function createJoining(
  { database, clock, handing: { take } }: Parts,
  claim: ReturnType<typeof createClaiming>,
  ask: ReturnType<typeof createAsking>,
) {
  /**
   * Joins the line of a lock that another has, or keeps the place that its owner has already.
   *
   * @throws LineFull when nobody more may wait
   */
  function join(first: Row, taken: Acquisition, keepMs: number = placeMs): Promise<Standing> {
    const { resource, owner, kind, leaseMs, actor, permit } = taken;
    return settle(first, async (row): Promise<Standing> => {
      const nowMs = clock();
      const lock = parseLiveLock(row, nowMs);
      if (!lock) return take(row, taken).then((mine) => ({ lock: mine }), again(taken, keepMs));
      // Handed over to him since he was refused.
      if (isSameOwner(lock.owner, owner)) {
        const isClaimed = parseTurn(row)?.isClaimed !== false;
        return { lock: isClaimed ? lock : await claim(row, { lock, leaseMs, actor, permit }) };
      }
      const living = livingIn(row, nowMs);
      const known = living.find((waiter) => isSameOwner(waiter.owner, owner));
      if (known) {
        const { ticket } = known;
        const asking = { resource, ticket, userId: owner.userId, actor, permit, placeMs: keepMs };
        return ask(asking).catch(lookAnew(resource));
      }
      if (living.length >= maxWaiters) throw new LineFull(lock, row);
      const ticket = newTicketIn(row, makeTicket(resource, owner, lock.fence));
      const untilMs = later(nowMs, keepMs);
      const waiter: Waiter = { ticket, owner, kind, leaseMs, untilMs };
      return standingIn(
        await database.apply(joinWrite(row, { resource, waiter, permit }, nowMs)),
        ticket,
        nowMs,
      );
    });
  }

  /** The place was there, and is over or served by now: whoever joins is told of no place but the one he has. */
  const lookAnew =
    (resource: string) =>
    async (error: unknown): Promise<never> => {
      if (!(error instanceof PlaceNotFound)) throw error;
      throw new LineWaits((await findLockRow(database, resource)) ?? {});
    };

  /** It was handed over to somebody else: the line is behind him. */
  const again =
    (taken: Acquisition, keepMs: number) =>
    (error: unknown): Promise<Standing> => {
      if (error instanceof LockHeld && error.row) return join(error.row, taken, keepMs);
      throw error;
    };

  return join;
}

/** Makes the line operations of a lock service. */
export function createLine(given: HandingParts) {
  const handing = createHanding(given);
  const parts = { ...given, handing };
  const claim = createClaiming(given);
  const ask = createAsking(parts, claim);
  const join = createJoining(parts, claim, ask);
  const leave = createLeaving(parts);
  const passing = createPassing(given);

  return {
    ...handing,
    ...passing,
    join,
    /** Claims a turn without its ticket: its owner acquires or renews what was handed over to him. */
    claim,

    /**
     * Keeps a place and tells it, or claims one's turn. One request while it is somebody else's turn, two
     * when it has become one's own. Safe to repeat: after one's turn it answers the same, with the same fence.
     *
     * @throws PlaceNotFound when the place was given up, or was not asked for in time
     * @throws HoldfastError as the `permit` says, when the right is (no longer) there: no lease was started
     * @example const standing = await locks.line.ask({ resource, ticket, userId: "alice", actor });
     */
    ask,

    /**
     * Leaves the line; a turn that has come already is passed on at once. One request. Safe to repeat.
     *
     * @example await locks.line.leave({ resource, ticket, userId: "alice", actor });
     */
    leave,
  };
}

/** The line operations of a lock service. */
export type LockLine = ReturnType<typeof createLine>;
