/** What can be asked of orders however their money comes: placing, reading, listing. */
import type { ProviderName } from "../shared/base/payment-providers.ts";
import { userIdField } from "../shared/api/fields.ts";
import type { Catalogue } from "../shared/orders/catalogue.ts";
import { createPlacing } from "../shared/orders/order-placing.ts";
import type { OrderService } from "../shared/orders/order-service.ts";
import type { Order, OrderCaller } from "../shared/orders/order.ts";
import { TransactionRefused } from "../shared/table/transaction.ts";
import { orderFields } from "./order-fields.ts";
import { type OrderParts, type OrderView, viewOrder } from "./order-parts.ts";
import type { OrderAccess, OrderListing, OrderWish } from "./order-wishes.ts";
import { parseAs } from "./parse-as.ts";

/** What placing takes. */
export interface PlacingParts extends OrderParts {
  readonly holdMs: number;
  readonly catalogue: Catalogue | undefined;
}

/** Who asks: trusted code for itself where no user is spoken of. One who is named but unknown sees nothing. */
export function asCaller(access: OrderAccess): OrderCaller {
  if (!("userId" in access)) return { userId: "", isAdmin: true };
  return { userId: parseAs(userIdField, access.userId), isAdmin: false };
}

/** What is refused is told as itself, not as the transaction that it was part of. */
export async function answer(work: Promise<Order>): Promise<OrderView> {
  try {
    return viewOrder(await work);
  } catch (error) {
    const [first] = error instanceof TransactionRefused ? error.refusals : [];
    throw first?.error ?? error;
  }
}

/** Places an order, to be paid in this way; see the `place` of each entry. */
export async function placeOrder(
  parts: PlacingParts,
  { actor, ...wish }: OrderWish,
  paymentMethod: ProviderName,
): Promise<OrderView> {
  const { items, forMs, metadata, ...given } = parseAs(orderFields, wish);
  const placing = createPlacing({ ...parts, holdMs: forMs ?? parts.holdMs })({
    ...given,
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
    source: { kind: "items", items },
    paymentMethod,
    actor: actor ?? { id: given.userId },
  });
  return answer(placing.then(({ order }) => order));
}

/** Makes the calls that only read. */
export function createReadingCalls(service: Pick<OrderService, "get" | "list">) {
  return {
    /**
     * The order as of now: one whose time is over says `pending` until somebody ends it, with an instant that has passed. One
     * request.
     *
     * @throws OrderNotFound also when it is not the user's who was named
     */
    async get(orderId: string, access: OrderAccess = {}): Promise<OrderView> {
      return answer(service.get(orderId, asCaller(access)));
    },

    /** A page of orders; a filter by status can leave it short, the cursor tells whether more follow. Two requests. */
    async list({ limit = 20, ...query }: OrderListing) {
      asCaller(query);
      const { rows, ...more } = await service.list({ ...query, limit });
      return { rows: rows.map(viewOrder), ...more };
    },
  };
}
