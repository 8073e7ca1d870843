/** Makes an order of its contents and of what its request says: checked, with its deadline. */
import { type EpochMs, secondsToMs } from "../base/time.ts";
import type { HoldTeller } from "../insight/hold-memory.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { type Demand, isSpread, type Stock } from "../inventory/stock.ts";
import { listAllowances } from "./allowance.ts";
import { pickDueShard } from "./due-shards.ts";
import { payIfFree } from "./free-order.ts";
import type { Order } from "./order.ts";
import { pickChoices } from "./order-choices.ts";
import type { ShopperLimits } from "./shopper.ts";
import { checkAttributes } from "../carts/model/cart-limits.ts";
import { checkVendor } from "./order-lines.ts";
import { checkTotal, fingerprintOrder, type PlaceOrder } from "./order-request.ts";
import type { PromotionParts } from "./order-uses.ts";

type Contents = Pick<
  Order,
  | "orderId"
  | "lines"
  | "totalMinor"
  | "currency"
  | "cart"
  | "adjustments"
  | "uses"
  | "allowances"
  | "discountsEndAtMs"
  | "isPricedElsewhere"
>;

/** What of a shop decides on new orders. */
export interface OrderTerms {
  /** How long a new order holds its units, in milliseconds, where nothing else is decided. */
  readonly holdMs: number;
  /** Decides about this one, where hold times are learned. */
  readonly decideHold?: HoldTeller;
  /** The partitions of the index of due orders that new ones go to; 1 to `mostDueShards`. */
  readonly dueShards?: number;
  /** What one shopper may withhold; see `shopper.ts`. */
  readonly limits: ShopperLimits;
}

/** What of the demands is counted for the shopper, as the order keeps it. */
export function listCounted(demands: readonly Demand[]): Pick<Order, "allowances"> {
  const allowances = listAllowances(demands);
  return allowances.length > 0 ? { allowances } : {};
}

/** What an order keeps of its promotions: what the rows of uses were seen with is for its transaction alone. */
export function pickPromised({
  uses,
  discountsEndAtMs,
}: PromotionParts): Pick<Order, "uses" | "discountsEndAtMs"> {
  const used = uses.map(({ demand: { itemId, quantity } }): Demand => ({ itemId, quantity }));
  return {
    ...(used.length > 0 ? { uses: used } : {}),
    ...(discountsEndAtMs === undefined ? {} : { discountsEndAtMs }),
  };
}

/** For how long an order holds its units, in milliseconds: as was decided about it, or as is usual. */
export function pickHoldMs({ holdDecision }: Pick<Order, "holdDecision">, usualMs: number): number {
  return holdDecision ? secondsToMs(holdDecision.seconds) : usualMs;
}

/** What is known to be left of the scarcest of its items: of one that a crowd wants, nothing is. */
function countFewest(stocks: readonly Stock[]): number {
  return Math.min(...stocks.map((stock) => (isSpread(stock) ? 0 : stock.available)));
}

/**
 * The order of what is ordered, as it is placed: pending, or paid where it costs nothing.
 *
 * @throws TooLarge, InvalidRequest, TotalChanged
 */
export function makeOrder(
  { holdMs, decideHold, dueShards, limits }: OrderTerms,
  request: PlaceOrder,
  { stocks = [], ...contents }: Contents & { readonly stocks?: readonly Stock[] },
  createdAtMs: EpochMs,
): Order {
  const { userId, vendorId = null } = request;
  checkAttributes(contents.lines);
  checkVendor(vendorId, contents.lines);
  checkTotal(request, contents.totalMinor, contents.currency);
  const holdDecision = decideHold?.(contents.orderId, countFewest(stocks));
  const decided = holdDecision ? { holdDecision } : {};
  const expiresAtMs = deadlineAfter(createdAtMs, pickHoldMs(decided, holdMs));
  return payIfFree({
    ...contents,
    userId,
    status: "pending",
    ...pickChoices(request),
    vendorId,
    fingerprint: fingerprintOrder(request),
    createdAtMs,
    expiresAtMs,
    ...decided,
    dueShard: pickDueShard(contents, dueShards),
    dueAtMs: expiresAtMs,
    ...(limits.maxOpenOrders > 0 ? { isCounted: true as const } : {}),
  });
}
