/** One attempt to place an order: its writes, and what their refusals mean. */
import { type Actor, type ChangeNote, changeNote } from "../base/actor.ts";
import type { HoldfastError } from "../base/errors.ts";
import { type EpochMs, epochMs } from "../base/time.ts";
import { checkoutWrite } from "../carts/checkout/cart-checkout-store.ts";
import { temporaryTransactionId } from "../carts/model/cart.ts";
import { roomIn } from "../inventory/buckets.ts";
import { buyWrite, holdWrite } from "../inventory/hold-store.ts";
import { checkPerOrder, fitsLimits } from "../inventory/item-limits.ts";
import { endTurnWrite } from "../inventory/line/item-line-store.ts";
import { claimUnitWrite } from "../inventory/line/turn-claim.ts";
import type { Demand, Stock } from "../inventory/stock.ts";
import { parseStock } from "../inventory/stock-store.ts";
import type { Use } from "../promotions/uses.ts";
import type { Contended } from "../table/retry.ts";
import type { TransactionRefused } from "../table/transaction.ts";
import type { Write } from "../table/write.ts";
import { type Allowance, checkAllowance } from "./allowance.ts";
import { parseTaken, takeAllowanceWrite } from "./allowance-store.ts";
import { planPurchase } from "./free-order.ts";
import { confirmWrite, listHoldings } from "./holdings.ts";
import type { Draft, PlacingOptions } from "./order-draft.ts";
import { placeOrderWrite } from "./order-store.ts";
import type { Turns } from "./order-turns.ts";
import { countOrderWrite, recount } from "./shopper-store.ts";

/** The items, by id, in which expired holds have to make room. */
export type Rooms = ReadonlyMap<string, Stock>;

/** Until when everything was taken over in these rows. */
export function listReached(rooms: Rooms): number[] {
  return [...rooms.values()].map(({ reclaimedThroughMs }) => reclaimedThroughMs);
}

/** The writes of one attempt, kept apart so that refusals can be told apart. */
export interface Attempt {
  readonly order: Write;
  readonly cart: Write | undefined;
  /** Counts it among its shopper's open orders. */
  readonly count: Write | undefined;
  readonly holds: ReadonlyMap<Write, Demand>;
  /** Those of them that take the unit of a turn in line, each with the write that ends the turn. */
  readonly turns: ReadonlyMap<Write, Write>;
  readonly uses: ReadonlyMap<Write, Use>;
  /** Counts what the shopper has of limited items. */
  readonly allowances: ReadonlyMap<Write, Allowance>;
  /** Pass only while promotions are as the order was priced. */
  readonly checks: readonly Write[];
  /** All of them. */
  readonly writes: readonly Write[];
}

function planCheckout(draft: Draft, actor: Actor, nowMs: EpochMs): Write | undefined {
  const { cart, order } = draft;
  if (!cart) return undefined;
  if (order.status === "paid") return planPurchase(cart, order, actor, nowMs);
  const { orderId, expiresAtMs } = order;
  const transactionId = temporaryTransactionId(orderId);
  const note = changeNote("cart.checkout", actor, nowMs);
  return checkoutWrite({ cart, orderId, transactionId, expiresAtMs, nowMs, note });
}

/** What is to be had from the rows that all items have: nothing of what is reserved in others. */
function listPlain({ order: { pieces }, demands }: Draft): (Demand & { wanted?: number })[] {
  return demands.flatMap((demand) => {
    const own = pieces?.[demand.itemId];
    if (!own) return [demand];
    const wanted = demand.quantity;
    return own
      .filter(({ row }) => row === 0)
      .map(({ quantity }) => ({ ...demand, quantity, wanted }));
  });
}

/** What costs nothing is sold at once: what was reserved of hot items, too. */
function planSettling({ order }: Draft, note: ChangeNote): [Write, Demand][] {
  if (order.status !== "paid") return [];
  return listHoldings(order, note)
    .filter(({ row }) => row > 0)
    .map((holding) => [confirmWrite(holding), holding]);
}

function planAllowances({ order, taken }: Draft, nowMs: EpochMs): Map<Write, Allowance> {
  const counting = (order.allowances ?? []).map((allowance) => {
    const seen = taken?.get(allowance.itemId);
    return [takeAllowanceWrite({ order, allowance, nowMs, seen }), allowance] as const;
  });
  return new Map(counting);
}

/** The order, its cart and its holds, as one transaction. */
export function planAttempt(
  { clock, limits }: Pick<PlacingOptions, "clock" | "limits">,
  draft: Draft & { readonly turns: Turns },
  rooms: Rooms,
  actor: Actor,
): Attempt {
  const nowMs = clock();
  const { orderId, expiresAtMs, status } = draft.order;
  const isPaid = status === "paid";
  const note = changeNote(isPaid ? "order.paid" : "order.placed", actor, nowMs);
  const planHold = (demand: Demand): Write => {
    const stock = rooms.get(demand.itemId);
    // Its own bucket is none that it takes over, should its time be up at this very moment.
    const room = stock && roomIn(stock, epochMs(Math.min(nowMs, expiresAtMs - 1)));
    const taking = { ...demand, orderId, nowMs, room, note };
    return isPaid ? buyWrite(taking) : holdWrite({ ...taking, expiresAtMs });
  };
  const turns = new Map<Write, Write>();
  const planOwn = (demand: Demand): Write => {
    const turn = draft.turns.get(demand.itemId);
    if (!turn) return planHold(demand);
    const claim = claimUnitWrite({ ...demand, orderId, nowMs, expiresAtMs, note }, turn, isPaid);
    turns.set(claim, endTurnWrite(demand.itemId, turn));
    return claim;
  };
  const order = placeOrderWrite(draft.order, note);
  const cart = planCheckout(draft, actor, nowMs);
  const holds = new Map([
    ...listPlain(draft).map((demand) => [planOwn(demand), demand] as const),
    ...planSettling(draft, note),
  ]);
  const { order: counted, shopper: seen } = draft;
  const count = counted.isCounted && countOrderWrite({ order: counted, limits, nowMs, seen });
  const { checks } = draft.promotions;
  const uses = new Map(draft.promotions.uses.map((use) => [planHold(use.demand), use]));
  const allowances = planAllowances(draft, nowMs);
  const beside = [cart, count].filter((write) => write !== undefined);
  const rest = [
    ...holds.keys(),
    ...turns.values(),
    ...uses.keys(),
    ...allowances.keys(),
    ...checks,
  ];
  return {
    order,
    cart,
    count,
    holds,
    turns,
    uses,
    allowances,
    checks,
    writes: [order, ...beside, ...rest],
  };
}

/** What is wanted of the items on which an attempt met others. */
export function listContended({ writes, holds, turns }: Attempt, { at }: Contended): Demand[] {
  // A unit that is held for this order is not to be had by anybody: there is nothing to look for.
  const open = at.map((index) => writes[index]!).filter((write) => !turns.has(write));
  return open.flatMap((write) => holds.get(write) ?? []);
}

/**
 * What a refusal says of order and cart: the error of a cart that moved, or nothing.
 *
 * @throws OrderExists, CartLocked: nothing can help
 */
export function judge(attempt: Attempt, refused: TransactionRefused): HoldfastError | undefined {
  const existing = refused.of(attempt.order)?.error;
  if (existing) throw existing;
  const ofCart = attempt.cart && refused.of(attempt.cart)?.error;
  if (ofCart?.code === "CART_LOCKED") throw ofCart;
  return ofCart;
}

/**
 * Whether the item has other limits than its allowance goes by.
 *
 * @throws LimitExceeded when the order wants more of it than one may have
 */
function isOutOfLimits(
  holds: Attempt["holds"],
  { itemId }: Allowance,
  refused: TransactionRefused,
): boolean {
  return [...holds].some(([write, demand]) => {
    const found = demand.itemId === itemId ? refused.of(write)?.found : undefined;
    const stock = found && parseStock(found);
    if (!stock || fitsLimits(demand, stock)) return false;
    checkPerOrder(demand, stock);
    return true;
  });
}

/**
 * The shopper with orders whose time is over, and with units of theirs, where those stand in the way of another.
 *
 * @throws LimitExceeded when a rule of the shop forbids it: nothing can help
 */
export function judgeShopper(
  { clock, limits }: Pick<PlacingOptions, "clock" | "limits">,
  { count, allowances, holds }: Attempt,
  refused: TransactionRefused,
): Pick<Draft, "shopper" | "taken"> {
  const refusal = count && refused.of(count);
  const shown = refusal ? { shopper: recount(refusal.found, limits, clock()) } : {};
  const taken = [...allowances].flatMap(([write, allowance]) => {
    const refusedHere = refused.of(write);
    if (!refusedHere) return [];
    // What one order may have is told first, and by limits that were changed meanwhile nobody is refused.
    if (isOutOfLimits(holds, allowance, refused)) return [];
    const known = parseTaken(refusedHere.found);
    checkAllowance(allowance, known, clock());
    return [[allowance.itemId, known] as const];
  });
  return taken.length > 0 ? { ...shown, taken: new Map(taken) } : shown;
}
