/** An example of each event, made by what makes them all from rows as they stand in the tables: a life of a chair. */
import { type EventType, eventTypes } from "../../shared/base/event-type.ts";
import { epochMs } from "../../shared/base/time.ts";
import { contentsRow } from "../../shared/carts/storage/cart-row.ts";
import {
  type LevelTurn,
  makeFacts,
  type ShopEvent,
  tellChange,
  tellLevel,
} from "../../shared/events/event.ts";
import { refundReasons } from "../../shared/payments/refunds/refund.ts";
import type { ItemChange } from "../../shared/table/stream.ts";
import type { Row } from "../../shared/table/write.ts";

const startMs = Date.UTC(2026, 10, 2, 9);
const lowAt = 3;

/** The rows of one thing, one after the other: what each is changed to, and by whom. */
type Steps = readonly (readonly [action: string, actor: string, change: Row])[];

/** The changes of a row, as its table's stream tells them. */
function changesOf(key: ItemChange["key"], steps: Steps): ItemChange[] {
  let before: Row | undefined;
  return steps.map(([action, actor, change], index) => {
    const atMs = epochMs(startMs + index * 60_000);
    const after: Row = { ...before, ...key, ...change, change: { action, actor, atMs } };
    const sequence = String(44_215_845_000 + index * 1_000);
    const told = { eventId: `record-${sequence}`, sequence, key, after, atMs, byTtl: false };
    const whole: ItemChange = before ? { ...told, before } : told;
    before = after;
    return whole;
  });
}

/** What the changes of a row tell, numbered. */
function tellAll(key: ItemChange["key"], steps: Steps): ShopEvent[] {
  const events: ShopEvent[] = [];
  for (const change of changesOf(key, steps)) {
    const told = tellChange(change);
    if (!told) continue;
    const facts = told.turn ? levelFacts(told.turn, events.at(-1)?.type) : told.facts;
    for (const { occurredAtMs, actor, data, ...fact } of makeFacts({ ...told, facts })) {
      events.push({ ...fact, sequence: events.length + 1, occurredAtMs, actor, data });
    }
  }
  return events;
}

const levelFacts = (turn: LevelTurn, last: EventType | undefined) =>
  tellLevel(turn, turn.after, { last, lowAt, isNew: true });

const order: Row = {
  userId: "alice",
  status: "pending",
  lines: [
    {
      itemId: "chair",
      name: "Chair",
      kind: "Retail",
      quantity: 2,
      unitPriceMinor: 4_900,
      lineTotalMinor: 9_800,
    },
  ],
  totalMinor: 9_800,
  currency: "EUR",
  createdAtMs: startMs,
  expiresAtMs: startMs + 900_000,
};
const captured = { provider: "stripe", state: "captured", capturedMinor: 9_800 };
const refund = { amountMinor: 4_900, reason: "Came back", status: "requested" };
const disputes = { dp_1: { status: "needs_response", amountMinor: 9_800 } };
const fulfilments = [
  { fulfilmentId: "ful_1", reference: "parcel-1", lines: [{ lineId: "chair", quantity: 2 }] },
];

function orderEvents(orderId: string, steps: Steps): ShopEvent[] {
  return tellAll({ orderId }, [["order.placed", "alice", order], ...steps]);
}

const lease = (owner: string, fence: number, atMs: number): Row => {
  const expiresAtMs = atMs + 300_000;
  return { owner, sessionId: `${owner}-tab`, fence, acquiredAtMs: atMs, expiresAtMs };
};
const free = { owner: undefined, turn: undefined };

const cart = (quantity: number): Row =>
  contentsRow([
    {
      instance: "main",
      lines: [
        {
          lineId: "chair",
          itemId: "chair",
          name: "Chair",
          kind: "Retail",
          quantity,
          unitPriceMinor: 4_900,
        },
      ],
      conditions: [],
      metadata: new Map(),
      currency: "EUR",
    },
  ] as unknown as Parameters<typeof contentsRow>[0]);

const lives: readonly ShopEvent[] = [
  ...orderEvents("ord_paid", [
    [
      "payment.processing",
      "provider:stripe",
      { payment: { provider: "stripe", state: "processing" } },
    ],
    ["order.paid", "provider:stripe", { status: "paid", payment: captured }],
    ["order.fulfilled", "boss", { fulfilments }],
    ["payment.disputed", "provider:stripe", { payment: { ...captured, disputes } }],
    ["refund.due", "boss", { payment: { ...captured, disputes, refunds: { re_1: refund } } }],
    [
      "refund.done",
      "provider:stripe",
      { payment: { ...captured, disputes, refunds: { re_1: { ...refund, status: "done" } } } },
    ],
  ]),
  ...orderEvents("ord_expired", [["order.expired", "system:sweep", { status: "expired" }]]),
  ...orderEvents("ord_cancelled", [["order.cancelled", "alice", { status: "cancelled" }]]),
  ...orderEvents("ord_failed", [["order.failed", "provider:stripe", { status: "failed" }]]),
  ...orderEvents("ord_mismatched", [
    [
      "refund.due",
      "provider:stripe",
      {
        payment: {
          ...captured,
          capturedMinor: 9_700,
          refunds: { re_2: { amountMinor: 9_700, reason: refundReasons.mismatch, status: "due" } },
        },
      },
    ],
  ]),
  ...tellAll({ itemId: "chair" }, [
    ["item.created", "boss", { available: 5, held: 0, sold: 0 }],
    ["hold.placed", "alice", { available: 2, held: 3 }],
    ["hold.placed", "carol", { available: 0, held: 5 }],
    ["hold.released", "carol", { available: 2, held: 3 }],
  ]),
  ...tellAll({ cartId: "alice/default" }, [
    ["cart.line-added", "alice", { version: 1, ...cart(1) }],
    ["cart.quantity-changed", "alice", { version: 2, ...cart(2) }],
  ]),
  ...tellAll({ resource: "document/price-list" }, [
    ["lock.acquired", "alice", lease("alice", 1, startMs)],
    ["lock.granted", "bob", { ...lease("bob", 2, startMs + 60_000), turn: { ticket: "tkt_1" } }],
    ["lock.released", "bob", free],
    ["lock.acquired", "carol", lease("carol", 3, startMs - 600_000)],
    ["lock.acquired", "alice", lease("alice", 4, startMs + 240_000)],
    ["lock.forced", "boss", free],
  ]),
  ...tellAll({ documentId: "price-list" }, [
    ["document.saved", "alice", { version: 1, content: "{}", updatedBy: "alice" }],
  ]),
  ...tellAll({ personId: "alice" }, [
    ["person.erasing", "boss", { phase: "orders", orders: 0, carts: 0 }],
    ["person.erased", "boss", { phase: "done", orders: 4, carts: 1 }],
  ]),
];

const firsts = new Map(lives.toReversed().map((event) => [event.type, event]));

/** The first event of each type, in the order of the contract. */
export const eventExamples: ReadonlyMap<EventType, ShopEvent> = new Map(
  eventTypes.flatMap((type) => {
    const first = firsts.get(type);
    return first ? [[type, first] as const] : [];
  }),
);
