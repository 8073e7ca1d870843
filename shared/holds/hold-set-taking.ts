/** Places a hold set: one transaction that holds every unit, or none. */
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { TooLarge, TryAgain } from "../base/errors.ts";
import { epochMs, isExpired } from "../base/time.ts";
import { roomIn } from "../inventory/buckets.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { holdWrite } from "../inventory/hold-store.ts";
import { HoldBehind } from "../inventory/hot/taking.ts";
import type { Demand } from "../inventory/stock.ts";
import { listReached, type Rooms } from "../orders/order-attempt.ts";
import { makeRoom } from "../orders/order-room.ts";
import type { CrowdOptions, OrderTaking } from "../orders/order-taking.ts";
import { Contended } from "../table/retry.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { maxTransactionWrites, type Write } from "../table/write.ts";
import { HoldEnded, type HoldSet } from "./hold-set.ts";
import { findHoldSet, openHoldSetWrite } from "./hold-set-store.ts";

/** In a crowd each round ends in a pause, so that time is up before. */
const mostRounds = 200;

/** Releasing a set that was extended takes two writes for each place, and one for itself. */
const mostPlaces = (maxTransactionWrites - 1) / 2;

interface Plan {
  readonly opening: Write;
  readonly holds: ReadonlyMap<Write, Demand>;
}

/** What taking one set works with. */
export interface HoldSetTaking {
  readonly options: CrowdOptions;
  readonly taking: OrderTaking;
  readonly actor: Actor;
  readonly forMs: number;
}

/** What is to be had from the rows that all items have: nothing of what is reserved in others. */
function listPlain({ units, pieces = {} }: HoldSet): (Demand & { wanted?: number })[] {
  return units.flatMap((demand): (Demand & { wanted?: number })[] => {
    const own = pieces[demand.itemId]?.filter(({ row }) => row === 0);
    if (!own) return [demand];
    return own.map(({ quantity }) => ({ ...demand, quantity, wanted: demand.quantity }));
  });
}

function planHolds({ options, actor }: HoldSetTaking, set: HoldSet, rooms: Rooms): Plan {
  const nowMs = options.clock();
  const note = changeNote("hold.placed", actor, nowMs);
  const { holdId: orderId, expiresAtMs, pieces = {} } = set;
  const places = Object.values(pieces).flat().length + set.units.length;
  if (places > mostPlaces) throw new TooLarge("These units are in too many places", mostPlaces);
  const holds = listPlain(set).map((demand) => {
    const stock = rooms.get(demand.itemId);
    // Its own bucket is none that it takes over, should its time be up at this very moment.
    const room = stock && roomIn(stock, epochMs(Math.min(nowMs, expiresAtMs - 1)));
    return [holdWrite({ ...demand, orderId, nowMs, room, note, expiresAtMs }), demand] as const;
  });
  return { opening: openHoldSetWrite(set, note), holds: new Map(holds) };
}

/** One attempt: undefined when the set stands, or the rooms to go on with. */
async function attemptOnce(
  parts: HoldSetTaking,
  set: HoldSet,
  rooms: Rooms,
): Promise<Rooms | undefined> {
  const { options, taking } = parts;
  const planned = planHolds(parts, set, rooms);
  const writes = [planned.opening, ...planned.holds.keys()];
  try {
    await options.database.transact(writes, { conflicts: 1, throttles: 1 });
    return undefined;
  } catch (error) {
    if (error instanceof Contended) {
      const met = error.at.flatMap((index) => planned.holds.get(writes[index]!) ?? []);
      await taking.meet(met, error.because);
      return rooms;
    }
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.isAfterLoss) taking.doubt();
    const existing = error.of(planned.opening)?.error;
    if (existing) throw existing;
    return new Map([
      ...rooms,
      ...(await makeRoom(options, taking, { ...planned, turns: new Map() }, error)),
    ]);
  }
}

/** With a deadline that is ahead of everything that was taken over, by whatever clock. */
function withLiveDeadline(parts: HoldSetTaking, set: HoldSet, reached: readonly number[]): HoldSet {
  const fromMs = epochMs(Math.max(parts.options.clock(), ...reached));
  if (!isExpired(set.expiresAtMs, fromMs)) return set;
  return { ...set, expiresAtMs: deadlineAfter(fromMs, parts.forMs) };
}

/** Reserves what is spread over rows. */
async function takeHot({ taking }: HoldSetTaking, set: HoldSet): Promise<HoldSet> {
  const { pieces: _former, ...rest } = set;
  const order = { orderId: set.holdId, expiresAtMs: set.expiresAtMs };
  const pieces = await taking.take({ order, demands: set.units });
  return Object.keys(pieces).length === 0 ? rest : { ...rest, pieces };
}

/** An attempt without an answer may have arrived behind the refusal of its repetition: then nobody says that nothing was changed. */
async function assertNotTaken({ options, taking }: HoldSetTaking, set: HoldSet): Promise<void> {
  const taken = taking.isInDoubt ? await findHoldSet(options.database, set.holdId) : undefined;
  if (taken) throw new HoldEnded(taken);
}

/**
 * Places the set.
 *
 * @throws HoldEnded with the set that has this id already; ItemsUnavailable, TryAgain: nothing was held
 */
export function takeHoldSet(parts: HoldSetTaking, wanted: HoldSet): Promise<HoldSet> {
  let set = wanted;
  let rooms: Rooms = new Map();
  return again(mostRounds, async () => {
    try {
      set = await takeHot(parts, set);
      const next = await attemptOnce(parts, set, rooms);
      if (!next) return set;
      rooms = next;
      set = withLiveDeadline(parts, set, listReached(rooms));
    } catch (error) {
      if (error instanceof TryAgain) await assertNotTaken(parts, set);
      if (!(error instanceof HoldBehind)) throw error;
      set = withLiveDeadline(parts, set, [error.throughMs]);
    }
    return new OnceMore();
  });
}
