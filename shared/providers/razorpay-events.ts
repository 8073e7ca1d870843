/** Razorpay's webhooks: what the signed bytes say, in our words. */
import { currencyCode, foreignId, foreignWords } from "./foreign.ts";
import * as z from "zod";
import type { PaymentEvent, PaymentFact } from "./provider.ts";
import type { RazorpayOrder } from "./razorpay-api.ts";
import { razorpayAmounts } from "./razorpay-currencies.ts";
import { disputeEntity, tellDispute } from "./razorpay-disputes.ts";
import { refundEntity, statusIn, tellRefund } from "./razorpay-refunds.ts";
import { parseJson, sha256Hex } from "./signatures.ts";

const notes = z
  .union([z.object({ orderId: z.string().optional() }), z.array(z.unknown())])
  .nullish();

const paymentEntity = z.object({
  id: foreignId,
  amount: z.int(),
  currency: currencyCode,
  order_id: foreignId,
  notes,
});

const orderEntity = z.object({
  receipt: z.string().nullish(),
  status: z.string().optional(),
  amount: z.int().optional(),
  amount_due: z.int().optional(),
});

/** What an order asked for, if it is paid in full: then the payment may be below it by an offer, or above by a fee. */
export function pickOrdered(
  order: Partial<Omit<RazorpayOrder, "receipt">> | undefined,
  currency: string,
): { orderedMinor?: number } {
  const isPaid = order?.status === "paid" && Number(order.amount_due) === 0;
  const amountMinor = isPaid && razorpayAmounts.fromProvider(Number(order.amount), currency);
  return typeof amountMinor === "number" ? { orderedMinor: amountMinor } : {};
}

const eventSchema = z.object({
  event: z.string(),
  created_at: z.int().nonnegative().optional().catch(undefined),
  payload: z.object({
    payment: z.object({ entity: paymentEntity }),
    order: z.object({ entity: orderEntity }).optional(),
    refund: z.object({ entity: refundEntity }).optional(),
    dispute: z.object({ entity: disputeEntity }).optional(),
  }),
});

type Payload = z.infer<typeof eventSchema>["payload"];

const kinds = foreignWords<PaymentFact["kind"]>({
  // The shopper has paid; it is captured without our doing.
  "payment.authorized": "processing",
  "payment.captured": "captured",
  "order.paid": "captured",
  "payment.failed": "failed",
  "refund.created": "refunded",
  "refund.processed": "refunded",
  "refund.failed": "refunded",
  "payment.dispute.created": "disputed",
  "payment.dispute.action_required": "disputed",
  "payment.dispute.under_review": "disputed",
  "payment.dispute.won": "disputed",
  "payment.dispute.lost": "disputed",
  "payment.dispute.closed": "disputed",
});

/** What Razorpay has to be told to send. */
export const razorpayEventTypes: readonly string[] = Object.keys(kinds);

/**
 * The order that an event is about. The receipt of a Razorpay order takes our secret key to write; the
 * notes of a payment can be set by the shopper's browser, so they are only a hint.
 */
function orderNamedIn({ payment, order }: Payload): { orderId: string; certain: boolean } {
  const receipt = order?.entity.receipt;
  if (receipt) return { orderId: receipt, certain: true };
  const { notes: noted } = payment.entity;
  const hint = noted && !Array.isArray(noted) ? noted.orderId : undefined;
  return { orderId: hint ?? "", certain: false };
}

/** What a fact has besides its payment; undefined where that is missing or cannot be read. */
function detailsIn(event: z.infer<typeof eventSchema>, kind: PaymentFact["kind"]) {
  const { payment, order, refund, dispute } = event.payload;
  const { currency } = payment.entity;
  if (kind === "captured") return pickOrdered(order?.entity, currency);
  if (kind === "refunded") {
    const told = refund && tellRefund({ ...refund.entity, ...statusIn(event.event) });
    return told && { refunds: [told], refundId: told.refundId };
  }
  if (kind !== "disputed") return {};
  const told = dispute && tellDispute(dispute.entity, event);
  // Of an amount in another currency than the payment's nothing can be subtracted.
  return told && dispute.entity.currency === currency ? { dispute: told } : undefined;
}

function factIn(body: Buffer): PaymentFact | undefined {
  const event = eventSchema.safeParse(parseJson(body)).data;
  const kind = event && kinds[event.event];
  if (!event || !kind) return undefined;
  const { entity } = event.payload.payment;
  const amountMinor = razorpayAmounts.fromProvider(entity.amount, entity.currency);
  const details = detailsIn(event, kind);
  if (amountMinor === undefined || !details) return undefined;
  return {
    kind,
    provider: "razorpay",
    ...orderNamedIn(event.payload),
    transactionId: entity.order_id,
    paymentId: entity.id,
    amountMinor,
    currency: entity.currency,
    type: event.event,
    ...details,
  };
}

const outline = z.object({
  event: z.string(),
  payload: z
    .object({ payment: z.object({ entity: z.object({ order_id: z.unknown() }) }) })
    .optional()
    .catch(undefined),
});

/**
 * What an event is called, and whether it is about an order's money without saying what it must. A
 * payment without an order (of a link or a page of Razorpay's own) is none of ours.
 */
function parseOutline(body: Buffer): { type: string; isUnreadable?: true } {
  const told = outline.safeParse(parseJson(body)).data;
  if (!told) return { type: "unknown", isUnreadable: true };
  const type = told.event;
  const kind = kinds[type];
  if (!kind) return { type };
  const { payment } = told.payload ?? {};
  const isForeign = payment !== undefined && !payment.entity.order_id;
  const { data } = eventSchema.safeParse(parseJson(body));
  const isReadable = data !== undefined && detailsIn(data, kind) !== undefined;
  return isForeign || isReadable ? { type } : { type, isUnreadable: true };
}

/** What a genuine event says. The id header of a webhook is not signed, so events are told apart by what is. */
export function parseRazorpayEvent(body: Buffer): PaymentEvent {
  const eventId = sha256Hex(body);
  const noted = { kind: "noted", provider: "razorpay", eventId } as const;
  const fact = factIn(body);
  return fact ? { ...fact, eventId } : { ...noted, ...parseOutline(body) };
}
