/** Where events are kept that no order remembers: unknown kinds, other people's money, and what an order is past. */
import type { AuditAction } from "../../base/audit-action.ts";
import { HoldfastError } from "../../base/errors.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../../base/time.ts";
import type { PaymentEvent } from "../../providers/provider.ts";
import type { Database } from "../../table/database.ts";
import { condition, isMissing, pathsOf } from "../../table/expression.ts";
import type { Page } from "../../table/paging.ts";
import { put, type Write } from "../../table/write.ts";
import { foreignKey, tellingKey } from "../fact-key.ts";
import { type NotedEntry, parseKept } from "./noted-event.ts";

/** The longest text of an event that is kept. */
const longestText = 255;

/** For how long they stay to be looked at. */
const eventLifeMs = 90 * dayMs;

const at = pathsOf<{ readonly eventKey: string; readonly orderId: string }>();

/** An event that was kept before; it stays as it is. */
class EventKept extends HoldfastError {
  constructor() {
    super("EVENT_KEPT", "The event was kept before");
  }
}

/** When an event was told, and what it did if it did anything. */
interface KeptWhen {
  readonly nowMs: EpochMs;
  readonly did?: AuditAction | undefined;
}

function makeEventKey(event: PaymentEvent): string {
  const id = event.kind === "noted" ? foreignKey(event.eventId) : tellingKey(event);
  return `${event.provider}/${id}`;
}

/** Texts from outside are kept to be looked at, not to fill the table; lists are told by what they did. */
function pickFacts({ orderId, ...told }: PaymentEvent): Record<string, unknown> {
  const kept = Object.entries(told)
    .filter(([name, value]) => !["certain", "eventId"].includes(name) && typeof value !== "object")
    .map(([name, value]) => [
      name,
      typeof value === "string" ? value.slice(0, longestText) : value,
    ]);
  // Only what an order can be called is a key of the index.
  const isNamed = orderId !== undefined && /^[\w-]{1,128}$/.test(orderId);
  return { ...Object.fromEntries(kept), ...(isNamed ? { orderId } : {}) };
}

function keepWrite(event: PaymentEvent, { nowMs, did }: KeptWhen): Write {
  const eventKey = makeEventKey(event);
  const ttlSeconds = ttlSecondsAt(later(nowMs, eventLifeMs));
  return put({
    table: "Events",
    key: { eventKey },
    item: { eventKey, ...pickFacts(event), ...(did && { did }), atMs: nowMs, ttlSeconds },
    condition: isMissing(at("eventKey")),
    refused: () => new EventKept(),
    applied: () => true,
  });
}

/** Keeps a genuine event that no order remembers as it was first told. One request. */
export async function keepEvent(
  database: Database,
  event: PaymentEvent,
  when: KeptWhen,
): Promise<void> {
  try {
    await database.apply(keepWrite(event, when));
  } catch (error) {
    if (!(error instanceof EventKept)) throw error;
  }
}

/** A page of the events about an order that did nothing, newest first. One request. */
export async function listKept(
  database: Database,
  orderId: string,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<NotedEntry>> {
  const where = condition`${at("orderId")} = ${orderId}`;
  const list = { table: "Events", index: "byOrder", where, ascending: false, ...page } as const;
  const { rows, cursor } = await database.query(list);
  return { rows: rows.map(parseKept), ...(cursor === undefined ? {} : { cursor }) };
}
