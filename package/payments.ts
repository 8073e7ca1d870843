/**
 * `holdfast/payments`: orders as `holdfast/orders` has them, and their money by Stripe, Razorpay, Wompi or Mercado Pago: started, told by
 * signed webhooks, sold or paid back, each once, whatever comes late, twice or in another order.
 *
 * **Tables**: `paymentTables({ table, eventsTable, unitsTable, … })` are the inputs of CreateTable; the units are those of `holdfast/holds`.
 * TTL attribute `ttlSeconds` of events and shoppers. With the CDK `HoldfastPayments` and `HoldfastHolds` of `holdfast/cdk` make them.
 *
 * **IAM**: on `table` `dynamodb:GetItem`, `BatchGetItem`, `PutItem`, `UpdateItem`, `Query`, and `Scan` to list everybody's; on `eventsTable`
 * `PutItem`, and `Query` for `events`; on `unitsTable` `GetItem`, `BatchGetItem`, `PutItem`, `UpdateItem`, `Query`; on `ledgerTable` `PutItem`,
 * for items that say how many there are first; on `shoppersTable` `UpdateItem`.
 *
 * **Peers**: the AWS SDK, `cockatiel`, and the SDKs of `stripe`, `razorpay`, `mercadopago` where they are used.
 *
 * @example
 * import { BadSignature, createPayments } from "holdfast/payments";
 *
 * const tables = { table: "my-orders", eventsTable: "my-events", unitsTable: "my-units" };
 * const { STRIPE_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = process.env;
 * const items = (itemIds) => catalogue.filter(({ itemId }) => itemIds.includes(itemId)); // your own prices
 * const payments = createPayments({ ...tables, items, providers: { stripe: { secretKey, webhookSecret } } });
 *
 * const wish = { userId: "ann", items: [{ itemId: "stalls", quantity: 2 }], idempotencyKey: "booking-7" };
 * const { orderId } = await payments.place(wish);
 * const { clientSecret } = await payments.start(orderId, { userId: "ann" }); // for Stripe's own form
 *
 * export async function POST(request) { // what Stripe calls
 *   const webhook = { body: await request.text(), headers: request.headers };
 *   const refused = (error) => ({ status: error instanceof BadSignature ? 401 : 503 }); // 503: it comes again
 *   return new Response(null, await payments.receive("stripe", webhook).then(() => ({ status: 200 }), refused));
 * }
 * setInterval(() => payments.sweep().catch(console.error), 60_000); // refunds that are due, webhooks that were lost
 */
import { tableShapes } from "../infra/table-shapes.ts";
import type { ProviderName } from "../shared/base/payment-providers.ts";
import type { PaymentAlarm } from "../shared/payments/payment-alarm.ts";
import { makeCatalogue } from "./order-catalogue.ts";
import { makeOrderParts } from "./order-parts.ts";
import { orderTables, type OrdersOptions } from "./orders.ts";
import { createPaymentCalls } from "./payment-calls.ts";
import { makeProviders, type ProviderAccounts, readersOf } from "./provider-accounts.ts";
import { tableInput, type TableInput } from "./table-input.ts";

export {
  type Actor,
  type CatalogueEntry,
  type Connection,
  type FailedItem,
  HoldfastError,
  IdempotencyKeyReused,
  InvalidRequest,
  type ItemSource,
  ItemsUnavailable,
  type Logger,
  type OrderAccess,
  type OrderListing,
  OrderNotFound,
  OrderNotPayable,
  type OrdersOptions,
  type OrderStatus,
  type OrderTables,
  type OrderView,
  type OrderWish,
  type PaidWish,
  type RefundGiven,
  type ShopperLimits,
  type TableInput,
  TryAgain,
} from "./orders.ts";
export {
  BadSignature,
  PaymentMethodUnavailable,
  ProviderFailed,
} from "../shared/providers/provider.ts";
export type { StartedPayment } from "../shared/payments/start-service.ts";
export type {
  EndWish,
  EventListing,
  PayableWish,
  ReturnedWish,
  StartWish,
  WebhookTaken,
} from "./payment-wishes.ts";
export type { KeysOf, Webhook } from "./provider-accounts.ts";
export type { PaymentAlarm, ProviderAccounts, ProviderName };

/** Where orders are, how they are taken, and who takes the money. */
export interface PaymentsOptions extends OrdersOptions {
  /** Where it is kept for 90 days what providers told that moved no order. */
  readonly eventsTable: string;
  readonly providers: ProviderAccounts;
  /** For how long what is ordered stays held once its payment has started; 10 minutes by default. */
  readonly paymentMs?: number;
  /** For how long it stays held altogether, however many payments are started; an hour by default. */
  readonly maxHoldMs?: number;
  /** The same while a bank is at work on a payment; `maxHoldMs` by default. */
  readonly processingMs?: number;
  /** What a failed payment does: `release` ends the order, as it is by default, `keep` lets the shopper try another card until its deadline. */
  readonly onPaymentFailure?: "release" | "keep";
  /** Told of what somebody should look at. */
  readonly alarm?: (name: PaymentAlarm) => void;
  /** Where the providers' APIs are, for stand-ins in tests. */
  readonly baseUrls?: Partial<Record<ProviderName, string>>;
}

/** Orders and their payments; one that is refused has held nothing and taken nothing. */
export type Payments = ReturnType<typeof createPaymentCalls>;

/**
 * Makes orders with payments over tables. Opens nothing yet: the first request does, and a provider's SDK is loaded by the first call to it.
 *
 * @throws Error where a provider is not one of ours or has no webhook secret
 * @example const payments = createPayments({ ...tables, items, providers: { stripe: { secretKey, webhookSecret } } });
 */
export function createPayments(options: PaymentsOptions): Payments {
  const { items, holdMs = 300_000, providers, baseUrls = {} } = options;
  const { paymentMs = 600_000, maxHoldMs = 3_600_000, processingMs = maxHoldMs } = options;
  const { onPaymentFailure = "release", alarm = () => undefined } = options;
  const parts = makeOrderParts(options);
  const readers = readersOf(providers);
  return createPaymentCalls({
    ...parts,
    holdMs,
    catalogue: items && makeCatalogue(parts, items),
    readers,
    providers: makeProviders(readers, baseUrls),
    paymentMs: () => paymentMs,
    maxHoldMs,
    processingMs: () => processingMs,
    onPaymentFailure,
    alarm,
  });
}

/** The tables of orders and payments, as CreateTable wants them: those of units and ledger too, where they are named. */
export function paymentTables(
  tables: Parameters<typeof orderTables>[0] & { readonly eventsTable: string },
): TableInput[] {
  return [...orderTables(tables), tableInput(tableShapes.Events, tables.eventsTable)];
}
