/** Places an order: one read, then one transaction that holds every line, or none. */
import { again, OnceMore } from "../base/again.ts";
import { HoldfastError, TryAgain } from "../base/errors.ts";
import { epochMs, isExpired } from "../base/time.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { transactOpening } from "../inventory/hot/opening.ts";
import { HoldBehind } from "../inventory/hot/taking.ts";
import { LimitsMoved } from "../inventory/item-limits.ts";
import type { ItemTurn } from "../inventory/line/item-line.ts";
import { ItemsUnavailable } from "../inventory/stock.ts";
import { Contended } from "../table/retry.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { type Order, OrderExists } from "./order.ts";
import {
  type Attempt,
  judge,
  judgeShopper,
  listContended,
  listReached,
  planAttempt,
  type Rooms,
} from "./order-attempt.ts";
import { type Draft, draftOrder, isOutdated, type PlacingOptions } from "./order-draft.ts";
import { assertPricesAsStored, showPrices } from "./order-repricing.ts";
import { makeRoom } from "./order-room.ts";
import { type PlaceOrder, sameRequest } from "./order-request.ts";
import { findOrder } from "./order-store.ts";
import { pickHoldMs } from "./new-order.ts";
import { readTurns } from "./order-turns.ts";
import { OrderTaking } from "./order-taking.ts";
import { assertNarrow } from "./order-width.ts";
import { ensureOwnRows, judgeUses } from "./order-uses.ts";

/** An order, and whether it had been placed before by the same request. */
export interface Placed {
  readonly order: Order;
  readonly replayed: boolean;
}

/**
 * How often a cart that moves, holds that expire or other buyers make us look again: in a crowd each round
 * ends in a pause, so that time is up before.
 */
const mostMoves = 200;

/** A draft that can be paid; a repetition meets its own order instead, whatever can be paid by now. */
async function draftPayable({ parts, request, limits }: Placing, codes = false) {
  const draft = await draftOrder(parts, request, { codes, limits });
  const { orderId, paymentMethod, totalMinor: amountMinor, currency } = draft.order;
  try {
    await parts.assertPayable?.(paymentMethod, { amountMinor, currency });
    return draft;
  } catch (error) {
    const placed = await findOrder(parts.database, orderId);
    throw placed ? new OrderExists(placed) : error;
  }
}

/**
 * The draft with a deadline that is still ahead, also of everything that was taken over: where another
 * clock is ahead of this one, holds begin at its time, or nobody behind it could buy.
 */
function withLiveDeadline(parts: PlacingOptions, draft: Draft, reached: readonly number[]): Draft {
  const fromMs = epochMs(Math.max(parts.clock(), ...reached));
  if (!isExpired(draft.order.expiresAtMs, fromMs)) return draft;
  const expiresAtMs = deadlineAfter(fromMs, pickHoldMs(draft.order, parts.holdMs));
  const due = draft.order.status === "pending" ? { dueAtMs: expiresAtMs } : {};
  return { ...draft, order: { ...draft.order, expiresAtMs, ...due } };
}

/** What an order that is being placed works with. */
interface Placing {
  readonly parts: PlacingOptions;
  readonly request: PlaceOrder;
  readonly taking: OrderTaking;
  /** Items' own limits for each shopper, where they turned out to be others than were seen. */
  readonly limits: Map<string, number | null>;
  /** The turns that it uses: their units are held for it already. */
  readonly turns: Map<string, ItemTurn>;
}

type Stand = { readonly draft: Draft; readonly rooms: Rooms };

/** Reserves what is hot; undefined where the order has to be drafted anew first. */
async function takeHot(placing: Placing, { draft }: Stand): Promise<Draft | undefined> {
  const { parts, taking, turns } = placing;
  try {
    const demands = draft.demands.filter(({ itemId }) => !turns.has(itemId));
    const pieces = await taking.take({ ...draft, demands });
    const { pieces: _former, ...order } = draft.order;
    const isPlain = Object.keys(pieces).length === 0;
    return { ...draft, order: isPlain ? order : { ...order, pieces } };
  } catch (error) {
    if (isOutdated(draft, error)) return undefined;
    if (!(error instanceof ItemsUnavailable)) throw error;
    await showPrices(placing, draft, error);
    // No transaction has looked for an order of this request, which may have got the last units.
    const placed = await findOrder(parts.database, draft.order.orderId);
    throw placed ? new OrderExists(placed) : error;
  }
}

/** What the refusal of holds leaves to be tried: rooms to be made; otherwise it is told, prices included. */
async function roomsOrRefusal(
  placing: Placing,
  attempt: Attempt,
  draft: Draft,
  refused: TransactionRefused,
): Promise<Rooms> {
  try {
    return await makeRoom(placing.parts, placing.taking, attempt, refused);
  } catch (error) {
    if (error instanceof ItemsUnavailable) await showPrices(placing, draft, error);
    throw error;
  }
}

/** The draft by promotions as they are now, for which the shopper's own rows are there. */
async function draftAnew(placing: Placing): Promise<Draft> {
  const { parts, request } = placing;
  const draft = await draftPayable(placing, true);
  await ensureOwnRows(parts, request, draft.promotions.uses);
  return draft;
}

/** One attempt: the order that it made, or where to go on from. */
async function attemptOnce(placing: Placing, stand: Stand): Promise<Order | Stand> {
  const { parts, request, taking } = placing;
  const draft = await takeHot(placing, stand);
  if (!draft) return { ...stand, draft: await draftPayable(placing) };
  const attempt = planAttempt(
    parts,
    { ...draft, turns: placing.turns },
    stand.rooms,
    request.actor,
  );
  await assertNarrow(parts, draft.order, attempt.writes.length);
  try {
    // Who meets others looks at the items before it goes on: a blind write more would be in everybody's way.
    await transactOpening(parts.database, attempt.writes, { conflicts: 1, throttles: 1 });
    return draft.order;
  } catch (error) {
    if (error instanceof Contended) {
      await taking.meet(listContended(attempt, error), error.because);
      return stand;
    }
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.isAfterLoss) taking.doubt();
    const cartRefusal = judge(attempt, error);
    const shown = judgeShopper(parts, attempt, error);
    // A cart that moved since it was read is read again, whatever became of its old lines.
    if (cartRefusal) return { ...stand, draft: await draftPayable(placing) };
    const made = await roomsOrRefusal(placing, attempt, draft, error);
    const { rooms: others, isStale } = judgeUses(error, attempt, parts.clock());
    const next = isStale ? await draftAnew(placing) : draft;
    return { draft: { ...next, ...shown }, rooms: new Map([...stand.rooms, ...made, ...others]) };
  }
}

/** An attempt without an answer may have come behind the refusal of its repetition: one request, where that can be. */
async function assertNotPlaced({ parts, taking }: Placing, { order }: Draft): Promise<void> {
  const placed = taking.isInDoubt ? await findOrder(parts.database, order.orderId) : undefined;
  if (placed) throw new OrderExists(placed);
}

/** The draft to go on with: by another deadline, or by items' limits of now; whatever else it was is told. */
async function afterSetback(placing: Placing, { draft }: Stand, error: unknown): Promise<Draft> {
  if (error instanceof HoldBehind) return withLiveDeadline(placing.parts, draft, [error.throughMs]);
  if (error instanceof TryAgain) await assertNotPlaced(placing, draft);
  if (!(error instanceof LimitsMoved)) throw error;
  for (const { itemId, perShopper = null } of error.stocks) placing.limits.set(itemId, perShopper);
  return draftPayable(placing);
}

/** Places the order unless it was placed before; see `createPlacing` for what it guarantees. */
async function placeNew(placing: Placing): Promise<Order> {
  const { parts } = placing;
  let stand: Stand = { draft: await draftPayable(placing), rooms: new Map() };
  await readTurns(parts, placing, stand.draft);
  await placing.taking.look(stand.draft.demands, stand.draft.stocks ?? []);
  return again(mostMoves, async () => {
    try {
      const next = await attemptOnce(placing, stand);
      if (!("draft" in next)) return next;
      stand = { ...next, draft: withLiveDeadline(parts, next.draft, listReached(next.rooms)) };
    } catch (error) {
      stand = { ...stand, draft: await afterSetback(placing, stand, error) };
    }
    return new OnceMore();
  });
}

/** Places the order; what it had reserved goes back at once where it is sure that nothing came of it. */
async function placeOrGiveBack(parts: PlacingOptions, request: PlaceOrder): Promise<Order> {
  const taking = new OrderTaking(parts, request.actor);
  try {
    const order = await placeNew({ parts, request, taking, limits: new Map(), turns: new Map() });
    // Whether an item may cool is none of this order's concern: it stands.
    await Promise.allSettled([taking.settleDown()]);
    return order;
  } catch (error) {
    if (error instanceof HoldfastError) await taking.giveBackAll();
    await assertPricesAsStored({ parts, request }, error);
    throw error;
  }
}

/**
 * Makes `place`. It reads what is ordered (1 request), then puts the order, sets aside every line and
 * locks the cart in one transaction (1 request); a refusal or a repetition costs nothing more. Where
 * expired holds stand in the way, a second transaction takes them over (1 request); where prices are
 * others than in the cart, the cart gets them before the refusal is told (1 request; 3 where it is for the total or a
 * code). Promotions and their uses are part of that transaction; where one was changed the order is drafted anew (3 requests).
 *
 * Units of a hot item are reserved before the transaction (1 request an item); an item on which orders keep
 * meeting each other turns hot while they run. A reservation whose order does not come is given back, at
 * once or by the end of its hold.
 *
 * Otherwise there is no state in between: when the process dies, all of it happened or nothing did, and the
 * repeated request finds out which, because the order's id follows from the user and the key.
 *
 * A line for an item is looked at (1 request); with a `ticket` the unit of that turn is taken (1 request to look it up).
 *
 * What costs nothing is paid in that very transaction: its units are sold, and the cart has what was not bought.
 *
 * @throws ItemsUnavailable naming every failed line; nothing was held
 * @throws LimitExceeded when the shopper has too much open, or wants too much of one item; nothing was held
 * @throws CodeNotAccepted when a code in the cart does not apply any more; nothing was held
 * @throws TotalChanged when it would not cost what the shopper expects; nothing was held
 * @throws TooLarge when its units are in more rows than one transaction of its life has writes for; nothing was held
 * @throws PlaceNotFound when a ticket is no turn (any more); nothing was held
 * @throws CartLocked when another order of the session is being paid
 * @throws IdempotencyKeyReused when the key was used for a different request
 * @throws TryAgain when the cart or the holds kept changing; nothing was changed
 * @throws PaymentMethodUnavailable when the provider would not take the total; nothing was held
 * @example await place({ userId: "alice", actor: { id: "alice" }, paymentMethod: "sandbox",
 *   source: { kind: "cart", sessionId: "default" }, idempotencyKey: "k1" })
 */
export function createPlacing(parts: PlacingOptions) {
  return async function place(request: PlaceOrder): Promise<Placed> {
    try {
      return { order: await placeOrGiveBack(parts, request), replayed: false };
    } catch (error) {
      if (!(error instanceof OrderExists)) throw error;
      return { order: sameRequest(error.order, request), replayed: true };
    }
  };
}
