/** What is told of the shop, as the console keeps it. */
import { expect, test } from "vitest";
import { addCounts, latestOrders, mergeGlances } from "../../../console/operator/told.ts";

const minute = 60_000;

test("counts add up within a minute, and an hour of them is kept", () => {
  const once = addCounts([], { "order.placed": 1 }, 5_000);
  const twice = addCounts(once, { "order.placed": 2, "lock.acquired": 1 }, 59_000);
  expect(twice).toEqual([{ fromMs: 0, counts: { "order.placed": 3, "lock.acquired": 1 } }]);
  const later = addCounts(twice, { "order.paid": 1 }, 60 * minute);
  expect(later.map(({ fromMs }) => fromMs)).toEqual([60 * minute]);
});

test("an order is in the list of the latest once, as it was told last", () => {
  const order = (orderId: string, status: string, createdAtMs: number) => {
    return { orderId, status, createdAtMs, userId: "ada", totalMinor: 1, currency: "EUR" };
  };
  const found = Array.from({ length: 12 }, (_, nth) => order(`ord_${nth}`, "pending", nth));
  const merged = mergeGlances([order("ord_3", "paid", 3)], found);
  expect(merged).toHaveLength(latestOrders);
  expect(merged.find(({ orderId }) => orderId === "ord_3")!.status).toBe("paid");
  expect(merged[0]!.orderId).toBe("ord_11");
});
