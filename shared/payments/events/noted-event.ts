/** Provider events that were noted, and what each did: the order remembers those that did something. */
import type { AuditAction } from "../../base/audit-action.ts";
import type { Order, PaymentMethod } from "../../orders/order.ts";
import type { Row } from "../../table/write.ts";

/** What an event can be about. */
export const eventKinds = [
  "processing",
  "captured",
  "failed",
  "refunded",
  "disputed",
  // Nothing that moves an order, or that could be read.
  "noted",
] as const;

/** One event that was noted. */
export interface NotedEntry {
  readonly provider: PaymentMethod;
  readonly kind: (typeof eventKinds)[number];
  /** What it is about: a payment, refund or dispute, else the event itself; long names by their digest. */
  readonly id: string;
  /** The provider's own word. */
  readonly type: string;
  /** What it did to the order, in the words of its history; null where that was not written down then. */
  readonly did: AuditAction | "nothing" | null;
  readonly atMs: number;
  readonly isUnreadable?: boolean;
}

/** Names are kept as `kind:id`, and `#` with the telling where that makes another one. */
function parseKey(name: string): Pick<NotedEntry, "kind" | "id"> {
  const key = name.replace(/#by_[\w-]{22}$/, "");
  const at = key.indexOf(":");
  const kind = eventKinds.find((each) => each === key.slice(0, Math.max(0, at)));
  return kind ? { kind, id: key.slice(at + 1) } : { kind: "noted", id: key };
}

/** The events that did something to the order. */
export function listRemembered({ events = {}, paymentMethod }: Order): NotedEntry[] {
  return Object.entries(events).map(([key, { kind: type, atMs, did = null, provider }]) => {
    return { provider: provider ?? paymentMethod, ...parseKey(key), type, did, atMs };
  });
}

/** An event as it was kept: it did nothing, or its order remembers no more. */
export function parseKept(row: Row): NotedEntry {
  const { provider, type, atMs, isUnreadable, did = "nothing" } = row as unknown as NotedEntry;
  const key = String(row["eventKey"]).slice(provider.length + 1);
  const told = { provider, ...parseKey(key), type, did, atMs } as const;
  return isUnreadable === true ? { ...told, isUnreadable } : told;
}
