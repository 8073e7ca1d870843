/** The contract of events: what each type carries. Fields may come, none goes or changes. */
import { z } from "zod";
import { eventTypes, type EventType } from "../base/event-type.ts";
import { fulfilmentStatuses } from "../orders/fulfilment.ts";
import { orderStatuses } from "../orders/order-status.ts";
import { instantField } from "./fields.ts";

const ifIncluded = "Only to a webhook with `include`, and as long as the order has it.";

const orderFacts = z.object({
  orderId: z.string(),
  userId: z.string(),
  status: z.enum(orderStatuses),
  vendorId: z.string().nullable(),
  lines: z.array(
    z.object({
      lineId: z.string(),
      itemId: z.string(),
      quantity: z.int(),
      unitPriceMinor: z.int(),
      lineTotalMinor: z.int(),
    }),
  ),
  totalMinor: z.int(),
  currency: z.string(),
  capturedMinor: z.int().describe("What came, whatever went back since."),
  refundedMinor: z.int().describe("What went back."),
  fulfilmentStatus: z.enum(fulfilmentStatuses),
  customer: z
    .object({
      email: z.string().optional(),
      name: z.string().optional(),
      phone: z.string().optional(),
    })
    .optional()
    .describe(ifIncluded),
  shipTo: z.record(z.string(), z.unknown()).optional().describe(ifIncluded),
});

const refundFacts = orderFacts.extend({
  refunds: z
    .array(z.object({ refundId: z.string(), amountMinor: z.int(), reason: z.string() }))
    .describe("Those that this event is about."),
});

const levelFacts = z.object({ itemId: z.string(), available: z.int() });

const lockFacts = z.object({
  userId: z.string(),
  sessionId: z.string().nullable(),
  acquiredAtMs: instantField,
  expiresAtMs: instantField,
  fence: z.int(),
});

const lockChange = z.object({
  lock: lockFacts.nullable().describe("Who has it now."),
  former: lockFacts.nullable().describe("Who had it before."),
  reason: z.string().optional(),
  ticket: z.string().optional().describe("The place in line whose turn it is."),
});

/** What the events of each type carry as `data`. */
export const eventData = {
  "order.placed": orderFacts,
  "order.paid": orderFacts,
  "order.failed": orderFacts,
  "order.cancelled": orderFacts,
  "order.expired": orderFacts,
  "order.refund_due": refundFacts,
  "order.refunded": refundFacts,
  "order.fulfilled": orderFacts.extend({
    fulfilment: z.object({
      fulfilmentId: z.string(),
      reference: z.string(),
      lines: z.array(z.object({ lineId: z.string(), quantity: z.int() })),
    }),
  }),
  "hold.expired": z.object({ orderId: z.string(), itemId: z.string(), quantity: z.int() }),
  "payment.processing": z.object({ orderId: z.string(), provider: z.string() }),
  "payment.disputed": z.object({
    orderId: z.string(),
    disputeId: z.string(),
    status: z.string().describe("The provider's word."),
    amountMinor: z.int(),
  }),
  "payment.mismatched": z.object({
    orderId: z.string(),
    refundId: z.string(),
    amountMinor: z.int().describe("What came, and goes back."),
    totalMinor: z.int().describe("What was ordered."),
    currency: z.string(),
  }),
  "item.sold_out": levelFacts,
  "item.back_in_stock": levelFacts,
  "item.low": levelFacts,
  "cart.updated": z.object({
    userId: z.string(),
    sessionId: z.string(),
    previousVersion: z.int(),
    version: z.int(),
    action: z.string().nullable(),
    changed: z.array(
      z.object({
        instance: z.string(),
        count: z.int(),
        totalMinor: z.int(),
        currency: z.string().nullable(),
      }),
    ),
  }),
  "lock.acquired": lockChange,
  "lock.granted": lockChange,
  "lock.lost": lockChange,
  "lock.forced": lockChange,
  "lock.released": lockChange,
  "document.saved": z.object({ docId: z.string(), version: z.int(), updatedBy: z.string() }),
  "person.erased": z.object({
    userId: z.string(),
    orders: z.int().describe("How many there are: they stay, without whom they are for."),
    carts: z.int().describe("How many there are: they are empty."),
  }),
} as const satisfies Record<EventType, z.ZodType>;

/** What each type tells, in a sentence. */
export const eventSummaries: Readonly<Record<EventType, string>> = {
  "order.placed": "An order was placed; its units are held until it is paid or ends.",
  "order.paid": "An order's money is here and its units are sold: it can be sent.",
  "order.failed": "An order ended because its payment failed.",
  "order.cancelled": "An order was cancelled; what it held is free.",
  "order.expired": "An order's time was over before it was paid.",
  "order.refund_due": "Money of an order, or of a part of it, is to go back.",
  "order.refunded": "Money of an order, or of a part of it, went back.",
  "order.fulfilled": "Something of an order was sent.",
  "hold.expired": "Units of an item that an order held are free again, because its time was over.",
  "payment.processing": "A bank is at work on an order's payment.",
  "payment.disputed": "A payment is disputed, or how a dispute stands has changed.",
  "payment.mismatched": "Another amount or currency came than was ordered; it goes back.",
  "item.sold_out": "Nothing of an item is available.",
  "item.back_in_stock": "Something of an item is available again.",
  "item.low": "Few units of an item are available (setting `lowStock`).",
  "cart.updated": "A cart's contents changed.",
  "lock.acquired": "Somebody took a lock.",
  "lock.granted": "A lock went to who was first in line.",
  "lock.lost": "A lock whose lease was over was taken over.",
  "lock.forced": "An administrator ended a lock.",
  "lock.released": "A lock was given back.",
  "document.saved": "A document was saved.",
  "person.erased":
    "What told of a person was erased: whoever has a copy of it erases that as well.",
};

const eventSchemas = eventTypes.map((type) =>
  z.object({
    id: z.string().describe("The same for every telling of the same fact."),
    type: z.literal(type),
    resource: z
      .string()
      .describe("`order/…`, `item/…`, `cart/…`, `lock/…`, `document/…` or `person/…`."),
    resourceVersion: z.string().describe("Digits; grows with the changes of what it tells of."),
    sequence: z.int().min(1).describe("1, 2, 3, … within the resource, without gaps."),
    occurredAtMs: instantField,
    actor: z.string().describe("A user, `provider:…` or `system:…`."),
    data: eventData[type],
  }),
);

/** The event of one type. */
export type EventOf<Type extends EventType> = Type extends EventType
  ? {
      readonly id: string;
      readonly type: Type;
      readonly resource: string;
      readonly resourceVersion: string;
      readonly sequence: number;
      readonly occurredAtMs: number;
      readonly actor: string;
      readonly data: z.output<(typeof eventData)[Type]>;
    }
  : never;

/** Any event. */
export type AnyEvent = EventOf<EventType>;

/** Reads an event of any known type. */
export const anyEvent = z.discriminatedUnion(
  "type",
  eventSchemas as [(typeof eventSchemas)[0], ...typeof eventSchemas],
);
