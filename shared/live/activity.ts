/** What a batch of changes means to those who watch the whole shop: how often what happened, and the orders it was about. */
import { derivedId } from "../base/derived-ids.ts";
import type { ItemChange } from "../table/stream.ts";
import { activityTopic, type Fact } from "./live.ts";

/** An order, as far as those who watch many want to see it. */
export interface OrderGlance {
  readonly orderId: string;
  readonly userId: string;
  readonly status: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly units: number;
  readonly createdAtMs: number;
}

/** So many orders are told of with one batch; of more of them the counts tell alone. */
const mostOrders = 20;

function glanceAt({ key, before, after }: ItemChange): OrderGlance | undefined {
  if (!after || key["orderId"] === undefined || before?.["status"] === after["status"]) return;
  const lines = after["lines"] as readonly { readonly quantity: number }[] | undefined;
  return {
    orderId: String(key["orderId"]),
    userId: String(after["userId"]),
    status: String(after["status"]),
    totalMinor: Number(after["totalMinor"]),
    currency: String(after["currency"]),
    units: (lines ?? []).reduce((sum, { quantity }) => sum + quantity, 0),
    createdAtMs: Number(after["createdAtMs"]),
  };
}

/**
 * One fact for a batch in which anything happened, made of its other facts: `counts` by their types, and the orders that
 * moved, the last 20 of them. Pure: a repeated batch makes the same one.
 */
export function tellActivity(changes: readonly ItemChange[], facts: readonly Fact[]): Fact[] {
  const [first] = facts;
  if (!first) return [];
  const happened = facts.filter(({ type }) => type !== "contention");
  const counts = Object.fromEntries(
    [...Map.groupBy(happened, ({ type }) => type)].map(([type, same]) => [type, same.length]),
  );
  const orders = changes.flatMap((change) => glanceAt(change) ?? []).slice(-mostOrders);
  const id = derivedId(
    "live",
    activityTopic,
    facts.map((fact) => fact.id),
  );
  const { occurredAtMs } = first;
  const audience = { of: "everybody" } as const;
  const told = { topic: activityTopic, type: "activity", data: { counts, orders } };
  return [{ ...told, id, occurredAtMs, audience }];
}
