/** Places an order: one read, then one transaction that holds every line, or none. */
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { HoldfastError } from "../base/errors.ts";
import { temporaryTransactionId } from "../carts/model/cart.ts";
import { checkoutWrite } from "../carts/checkout/cart-checkout-store.ts";
import { repriceWrite } from "../carts/checkout/cart-repricing.ts";
import { buyWrite, holdWrite } from "../inventory/hold-store.ts";
import { parseStock } from "../inventory/stock-store.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Write } from "../table/write.ts";
import { planPurchase } from "./free-order.ts";
import { type Order, OrderExists } from "./order.ts";
import { type Draft, draftOrder, type PlacingOptions } from "./order-draft.ts";
import { type PlaceOrder, sameRequest } from "./order-request.ts";
import { findOrder, placeOrderWrite } from "./order-store.ts";
import { type EpochMs, epochMs, isExpired } from "../base/time.ts";
import { maxTakenOver, roomIn } from "../inventory/buckets.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { reclaimExpired } from "../inventory/room.ts";
import { type FailedItem, ItemsUnavailable, type Stock, whyRefused } from "../inventory/stock.ts";

/** An order, and whether it had been placed before by the same request. */
export interface Placed {
  readonly order: Order;
  readonly replayed: boolean;
}

/** How often a cart that moves, holds that expire and rivals for their units make us look again. */
const mostMoves = 20;

type Demanded = Draft["demands"][number];

/** The items, by id, in which expired holds have to make room. */
type Rooms = ReadonlyMap<string, Stock>;

/** The writes of one attempt, kept apart so that refusals can be told apart. */
interface Attempt {
  readonly order: Write;
  readonly cart: Write | undefined;
  readonly holds: ReadonlyMap<Write, Demanded>;
}

function planCheckout(draft: Draft, actor: Actor, nowMs: EpochMs) {
  const { cart, order } = draft;
  if (!cart) return undefined;
  if (order.status === "paid") return planPurchase(cart, order, actor, nowMs);
  const { orderId, expiresAtMs } = order;
  const transactionId = temporaryTransactionId(orderId);
  const note = changeNote("cart.checkout", actor, nowMs);
  return checkoutWrite({ cart, orderId, transactionId, expiresAtMs, nowMs, note });
}

function planAttempt(parts: PlacingOptions, draft: Draft, rooms: Rooms, actor: Actor): Attempt {
  const nowMs = parts.clock();
  const { orderId, expiresAtMs, status } = draft.order;
  const isPaid = status === "paid";
  const note = changeNote(isPaid ? "order.paid" : "order.placed", actor, nowMs);
  const planHold = (demand: Demanded): Write => {
    const stock = rooms.get(demand.itemId);
    // Its own bucket is none that it takes over, should its time be up at this very moment.
    const room = stock && roomIn(stock, epochMs(Math.min(nowMs, expiresAtMs - 1)));
    const taking = { ...demand, orderId, nowMs, room, note };
    return isPaid ? buyWrite(taking) : holdWrite({ ...taking, expiresAtMs });
  };
  return {
    order: placeOrderWrite(draft.order, note),
    cart: planCheckout(draft, actor, nowMs),
    holds: new Map(draft.demands.map((demand) => [planHold(demand), demand])),
  };
}

/** The items in which expired holds have to make room, or the error that names every failed line. */
async function roomsAfter(
  parts: PlacingOptions,
  refused: TransactionRefused,
  attempt: Attempt,
): Promise<Rooms> {
  const rooms = new Map<string, Stock>();
  const failed: FailedItem[] = [];
  for (const [write, demand] of attempt.holds) {
    const refusal = refused.of(write);
    if (!refusal) continue;
    const stock = refusal.found && parseStock(refusal.found);
    const reason = whyRefused(demand, stock, parts.clock());
    if (reason) failed.push(reason);
    else rooms.set(demand.itemId, stock!);
  }
  if (failed.length > 0) throw new ItemsUnavailable(failed);
  for (const [itemId, stock] of rooms) {
    const isMore = roomIn(stock, parts.clock()).over.length === maxTakenOver;
    if (isMore) rooms.set(itemId, await reclaimExpired(parts, stock));
  }
  return rooms;
}

/** The cart shows the prices of now, so that the next try is at those; whoever edits it meanwhile goes first. */
async function showPrices(
  { database, clock }: PlacingOptions,
  { cart }: Draft,
  { failedItems }: ItemsUnavailable,
  actor: Actor,
): Promise<void> {
  const changed = failedItems.flatMap(({ itemId, price }) =>
    price ? [[itemId, price] as const] : [],
  );
  if (!cart || changed.length === 0) return;
  const note = changeNote("cart.repriced", actor, clock());
  try {
    await database.apply(repriceWrite(cart, new Map(changed), note));
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}

/** What the refusal of holds leaves to be tried: rooms to be made; otherwise it is told, prices included. */
async function roomsOrRefusal(
  parts: PlacingOptions,
  draft: Draft,
  refused: TransactionRefused,
  attempt: Attempt,
  actor: Actor,
): Promise<Rooms> {
  try {
    return await roomsAfter(parts, refused, attempt);
  } catch (error) {
    if (error instanceof ItemsUnavailable) await showPrices(parts, draft, error, actor);
    throw error;
  }
}

/** A draft that can be paid; a repetition meets its own order instead, whatever can be paid by now. */
async function draftPayable(parts: PlacingOptions, request: PlaceOrder): Promise<Draft> {
  const draft = await draftOrder(parts, request);
  const { orderId, paymentMethod, totalMinor: amountMinor, currency } = draft.order;
  // What costs nothing is asked of nobody.
  if (amountMinor === 0) return draft;
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
function withLiveDeadline(parts: PlacingOptions, draft: Draft, rooms: Rooms): Draft {
  const reached = [...rooms.values()].map(({ reclaimedThroughMs }) => reclaimedThroughMs);
  const fromMs = epochMs(Math.max(parts.clock(), ...reached));
  if (!isExpired(draft.order.expiresAtMs, fromMs)) return draft;
  const expiresAtMs = deadlineAfter(fromMs, parts.holdMs);
  const due = draft.order.status === "pending" ? { dueAtMs: expiresAtMs } : {};
  return { ...draft, order: { ...draft.order, expiresAtMs, ...due } };
}

/** Places the order unless it was placed before; see `createPlacing` for what it guarantees. */
async function placeNew(parts: PlacingOptions, request: PlaceOrder): Promise<Order> {
  const { actor } = request;
  let draft = await draftPayable(parts, request);
  let rooms: Rooms = new Map();
  return again(mostMoves, async () => {
    const attempt = planAttempt(parts, draft, rooms, actor);
    const { order, cart, holds } = attempt;
    try {
      await parts.database.transact([order, ...(cart ? [cart] : []), ...holds.keys()]);
      return draft.order;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const existing = error.of(order)?.error;
      if (existing) throw existing;
      const cartRefusal = cart && error.of(cart)?.error;
      if (cartRefusal?.code === "CART_LOCKED") throw cartRefusal;
      // A cart that moved since it was read is read again, whatever became of its old lines.
      if (cartRefusal) draft = await draftPayable(parts, request);
      else
        rooms = new Map([...rooms, ...(await roomsOrRefusal(parts, draft, error, attempt, actor))]);
      draft = withLiveDeadline(parts, draft, rooms);
      return new OnceMore();
    }
  });
}

/**
 * Makes `place`. It reads what is ordered (1 request), then puts the order, sets aside every line and
 * locks the cart in one transaction (1 request); a refusal or a repetition costs nothing more. Where
 * expired holds stand in the way, a second transaction takes them over (1 request); where prices are
 * others than in the cart, the cart gets them before the refusal is told (1 request).
 *
 * There is no state in between: when the process dies, all of it happened or nothing did, and the
 * repeated request finds out which, because the order's id follows from the user and the key.
 *
 * What costs nothing is paid in that very transaction: its units are sold, and the cart has what was not bought.
 *
 * @throws ItemsUnavailable naming every failed line; nothing was held
 * @throws TotalChanged when it would not cost what the shopper expects; nothing was held
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
      return { order: await placeNew(parts, request), replayed: false };
    } catch (error) {
      if (!(error instanceof OrderExists)) throw error;
      return { order: sameRequest(error.order, request), replayed: true };
    }
  };
}
