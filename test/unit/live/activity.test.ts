/** What is told to those who watch the whole shop: counts and orders of a batch, the same ones for a repeated batch. */
import { expect, test } from "vitest";
import { tellActivity } from "../../../shared/live/activity.ts";
import { collectFacts } from "../../../shared/live/fact.ts";
import type { ItemChange } from "../../../shared/table/stream.ts";

const order = (orderId: string, status: string) => ({
  orderId,
  userId: "ada",
  status,
  totalMinor: 900,
  currency: "EUR",
  createdAtMs: 5,
  lines: [{ quantity: 2 }, { quantity: 1 }],
  change: { action: "order.placed", actor: "ada", atMs: 7 },
});

function changeOf(orderId: string, before: string | undefined, after: string): ItemChange {
  return {
    key: { orderId },
    before: before === undefined ? undefined : order(orderId, before),
    after: order(orderId, after),
    sequence: `${orderId}-${after}`,
    atMs: 9,
  } as unknown as ItemChange;
}

test("a batch is one fact: how often what happened, and the orders that moved", () => {
  const changes = [
    changeOf("ord_1", undefined, "pending"),
    changeOf("ord_2", "pending", "expired"),
    changeOf("ord_2", "expired", "expired"),
  ];
  const told = tellActivity(changes, collectFacts(changes));
  expect(told).toMatchObject([
    {
      topic: "admin/activity",
      occurredAtMs: 7,
      audience: { of: "everybody" },
      data: {
        counts: { "order.placed": 1, "order.expired": 1 },
        orders: [
          { orderId: "ord_1", status: "pending", units: 3, totalMinor: 900, userId: "ada" },
          { orderId: "ord_2", status: "expired" },
        ],
      },
    },
  ]);
  expect(tellActivity(changes, collectFacts(changes))).toEqual(told);
});

test("of many orders the last 20 are told, and all are counted; of nothing nothing is told", () => {
  const changes = Array.from({ length: 100 }, (_, nth) =>
    changeOf(`ord_${nth}`, undefined, "pending"),
  );
  const [fact] = tellActivity(changes, collectFacts(changes));
  expect(fact!.data["counts"]).toEqual({ "order.placed": 100 });
  const told = fact!.data["orders"] as { orderId: string }[];
  expect(told.map(({ orderId }) => orderId).slice(-2)).toEqual(["ord_98", "ord_99"]);
  expect(told).toHaveLength(20);
  expect(JSON.stringify(fact).length).toBeLessThan(8_000);
  expect(tellActivity([], [])).toEqual([]);
});
