/** Leaves the cart of a refused order at the prices of now. */
import { changeNote } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import { repriceWrite } from "../carts/checkout/cart-repricing.ts";
import { liveLock, makeCartId } from "../carts/model/cart.ts";
import { listWanted } from "../carts/model/pricing.ts";
import { readPricedCart } from "../carts/storage/cart-store.ts";
import { ItemsUnavailable, whyRefused } from "../inventory/stock.ts";
import { findStocks } from "../inventory/stock-store.ts";
import type { Draft, PlacingOptions } from "./order-draft.ts";
import { priceDemand } from "./order-lines.ts";
import type { PlaceOrder } from "./order-request.ts";

interface Refused {
  readonly parts: Pick<PlacingOptions, "database" | "clock">;
  readonly request: PlaceOrder;
}

/** The cart shows the prices of now, so that the next try is at those; whoever edits it meanwhile goes first. One request. */
export async function showPrices(
  { parts: { database, clock }, request: { actor } }: Refused,
  { cart }: Pick<Draft, "cart">,
  { failedItems }: ItemsUnavailable,
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

/** Refusals for what an order comes to. */
const refusalsOfAmount = new Set([
  "TOTAL_CHANGED",
  "CODE_NOT_ACCEPTED",
  "CURRENCY_MISMATCH",
  "PAYMENT_METHOD_UNAVAILABLE",
]);

/**
 * Whoever read the cart has seen the prices of now: an order that was refused for what it comes to at those that are
 * stored would be refused for ever, had the cart not got the new ones. Nothing where it was refused for something
 * else; otherwise two requests, and one more where a price has changed.
 *
 * @throws ItemsUnavailable where a price has changed, in place of that refusal; the cart has the new prices
 */
export async function assertPricesAsStored(refused: Refused, error: unknown): Promise<void> {
  const { parts, request } = refused;
  const { source, userId } = request;
  const isOfAmount = error instanceof HoldfastError && refusalsOfAmount.has(error.code);
  if (source.kind !== "cart" || !isOfAmount) return;
  const { cart } = await readPricedCart(parts.database, makeCartId(userId, source.sessionId));
  const nowMs = parts.clock();
  const demands = listWanted(cart, source.instances).flatMap(({ lines, currency = "" }) =>
    priceDemand(lines, currency, () => null),
  );
  if (liveLock(cart, nowMs) || demands.length === 0) return;
  const itemIds = demands.map(({ itemId }) => itemId);
  const stocks = await findStocks(parts.database, itemIds);
  const failed = demands.flatMap(
    (demand) => whyRefused(demand, stocks.get(demand.itemId), nowMs) ?? [],
  );
  if (failed.every(({ reason }) => reason !== "price_changed")) return;
  const outdated = new ItemsUnavailable(failed);
  await showPrices(refused, { cart }, outdated);
  throw outdated;
}
