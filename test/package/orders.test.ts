/** Orders that stand alone: priced by their caller's catalogue, held until their deadline, sold on trusted word. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeAll, expect, inject, test, vi } from "vitest";
import { createHolds } from "../../package/holds.ts";
import { type CatalogueEntry, createOrders, orderTables } from "../../package/orders.ts";
import {
  IdempotencyKeyReused,
  InvalidRequest,
  ItemsUnavailable,
  OrderNotFound,
  OrderNotPayable,
  type Orders,
} from "../../package/orders.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { createInventoryService } from "../../shared/inventory/inventory-service.ts";
import { createLevelMemory } from "../../shared/inventory/level-memory.ts";
import { systemClock } from "../../shared/base/time.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { localClientSettings } from "../support/tables.ts";

const tables = {
  table: "package-orders",
  unitsTable: "package-order-units",
  ledgerTable: "package-order-ledger",
  shoppersTable: "package-order-shoppers",
};
const units = { table: tables.unitsTable, ledgerTable: tables.ledgerTable };
const catalogue = new Map<string, CatalogueEntry>();
const items = (itemIds: readonly string[]) => itemIds.flatMap((each) => catalogue.get(each) ?? []);
let dynamodb: ReturnType<typeof localClientSettings>;
let orders: Orders;
let serial = 0;

beforeAll(async () => {
  dynamodb = localClientSettings(inject("dynamoDbEndpoint"));
  const client = new DynamoDBClient(dynamodb);
  for (const input of orderTables(tables)) await client.send(new CreateTableCommand(input));
  client.destroy();
  orders = createOrders({ ...tables, items, dynamodb });
});

/** A new item of the catalogue, and a wish for two of it. */
function offer(about: Partial<CatalogueEntry> = {}) {
  const itemId = `stalls ${(serial += 1)}`;
  const price = { amountMinor: 4_500, currency: "EUR" };
  catalogue.set(itemId, { itemId, name: "Stalls", price, units: 3, ...about });
  const lines = [{ itemId, quantity: 2 }];
  return { itemId, wish: { userId: `ann ${serial}`, items: lines, idempotencyKey: "k" } };
}

const levels = async (itemId: string) => {
  const [found] = await createHolds({ ...units, dynamodb }).levels([itemId]);
  return found;
};
const paid = { paymentId: "pay-1", amountMinor: 9_000, currency: "EUR" };

/** Gives an item another price. */
function reprice(itemId: string, amountMinor: number): void {
  catalogue.set(itemId, { ...catalogue.get(itemId)!, price: { amountMinor, currency: "EUR" } });
}

test("an order costs what the catalogue says, once for its key, whatever it says later", async () => {
  const { itemId, wish } = offer();
  const order = await orders.place(wish);
  expect(order).toMatchObject({
    status: "pending",
    totalMinor: 9_000,
    currency: "EUR",
    lines: [{ itemId, name: "Stalls", unitPriceMinor: 4_500, quantity: 2 }],
    payment: null,
  });
  reprice(itemId, 9_900);
  expect(await orders.place(wish)).toEqual(order);
  catalogue.delete(itemId);
  expect(await orders.place(wish)).toEqual(order);
  const other = { ...wish, items: [{ itemId, quantity: 1 }] };
  await expect(orders.place(other)).rejects.toThrow(IdempotencyKeyReused);
  expect(await levels(itemId)).toMatchObject({ available: 1, held: 2, sold: 0 });
});

test("asked for at once by many, it is one order; by others, no more than there is", async () => {
  const { itemId, wish } = offer();
  const same = await Promise.all([1, 2, 3, 4].map(() => orders.place(wish)));
  expect(new Set(same.map(({ orderId }) => orderId)).size).toBe(1);
  const rivals = [1, 2, 3].map((each) => orders.place({ ...wish, userId: `bob ${each}` }));
  for (const each of await Promise.allSettled(rivals)) {
    expect(each).toMatchObject({ status: "rejected", reason: expect.any(ItemsUnavailable) });
  }
  expect(await levels(itemId)).toMatchObject({ available: 1, held: 2 });
});

test("all lines are held or none is, and what the catalogue leaves out cannot be had", async () => {
  const [{ itemId: one, wish }, { itemId: two }] = [offer(), offer({ units: 1 })];
  const both = { ...wish, items: [...wish.items, { itemId: two, quantity: 2 }] };
  await expect(orders.place(both)).rejects.toMatchObject({
    failedItems: [{ itemId: two, reason: "insufficient_stock", available: 1 }],
  });
  const unknown = { ...wish, items: [...wish.items, { itemId: "nothing", quantity: 1 }] };
  await expect(orders.place(unknown)).rejects.toMatchObject({
    failedItems: [{ itemId: "nothing", reason: "not_found" }],
  });
  expect(await levels(one)).toMatchObject({ available: 3, held: 0 });
});

test("what cannot be an order, and a price that cannot be one, is refused before anything is written", async () => {
  const { itemId, wish } = offer();
  const negative = { ...wish, items: [{ itemId, quantity: -1 }] };
  await expect(orders.place(negative)).rejects.toThrow(InvalidRequest);
  reprice(itemId, 4.5);
  await expect(orders.place(wish)).rejects.toThrow(InvalidRequest);
  reprice(itemId, 4_500);
  const shown = { ...wish, expectedTotalMinor: 8_000 };
  await expect(orders.place(shown)).rejects.toMatchObject({ code: "TOTAL_CHANGED" });
  expect((await orders.list({ userId: wish.userId })).rows).toEqual([]);
});

test("money sells it, once, and goes back where it is too much", async () => {
  const { itemId, wish } = offer();
  const { orderId } = await orders.place(wish);
  const twice = await Promise.all([orders.markPaid(orderId, paid), orders.markPaid(orderId, paid)]);
  for (const each of twice) {
    expect(each).toMatchObject({ status: "paid", payment: { capturedMinor: 9_000 } });
  }
  expect(await levels(itemId)).toMatchObject({ available: 1, held: 0, sold: 2 });
  await expect(orders.cancel(orderId)).rejects.toThrow(OrderNotPayable);
  const again = await orders.markPaid(orderId, { ...paid, paymentId: "pay-2" });
  const [second] = again.payment!.refunds;
  expect(second).toMatchObject({ amountMinor: 9_000, status: "due" });
  const given = { reason: "paid twice", refundId: second!.refundId };
  const noted = await orders.markRefunded(orderId, given);
  expect(noted).toMatchObject({ status: "paid", payment: { refunds: [{ status: "done" }] } });
  expect(await levels(itemId)).toMatchObject({ available: 1, held: 0, sold: 2 });
  await expect(orders.markRefunded(orderId, { ...given, amountMinor: 1 })).rejects.toThrow(
    "amountMinor: goes without refundId",
  );
  await expect(orders.markPaid("ord_none", paid)).rejects.toThrow(OrderNotFound);
});

test("another amount than was ordered buys nothing and has to go back", async () => {
  const { itemId, wish } = offer();
  const { orderId } = await orders.place(wish);
  const less = await orders.markPaid(orderId, { ...paid, amountMinor: 1 });
  expect(less).toMatchObject({ status: "refund_due", payment: { capturedMinor: 1 } });
  expect(await levels(itemId)).toMatchObject({ available: 3, held: 0, sold: 0 });
  const back = { reason: "wrong amount" };
  expect(await orders.markRefunded(orderId, back)).toMatchObject({ status: "refunded" });
  expect(await orders.markRefunded(orderId, back)).toMatchObject({ status: "refunded" });
});

test("goods come back with their money, and are free again once", async () => {
  const { itemId, wish } = offer();
  const { orderId, lines } = await orders.place(wish);
  await orders.markPaid(orderId, paid);
  const back = { reason: "damaged", lines: [{ lineId: lines[0]!.lineId, quantity: 1 }] };
  for (let round = 0; round < 2; round += 1) {
    const order = await orders.markRefunded(orderId, { ...back, reference: "r-1" });
    expect(order.payment?.refunds).toMatchObject([{ amountMinor: 4_500, status: "done" }]);
  }
  expect(await levels(itemId)).toMatchObject({ available: 2, sold: 1 });
});

test("its time ends by itself: others take its units, and late money gets them only where they are left", async () => {
  const { itemId, wish } = offer();
  const { orderId, expiresAtMs } = await orders.place({ ...wish, forMs: 1_000 });
  const bob = { ...wish, userId: `${wish.userId} the second`, items: [{ itemId, quantity: 3 }] };
  // A catalogue's price may have risen since: who was told a price has paid it.
  reprice(itemId, 9_900);
  await sleepMs(Math.max(0, expiresAtMs - Date.now()) + 10);
  const other = await orders.place(bob);
  expect(await orders.markPaid(orderId, paid)).toMatchObject({ status: "refund_due" });
  await orders.cancel(other.orderId, { userId: bob.userId });
  const late = await orders.place({ ...wish, idempotencyKey: "l", forMs: 1_000 });
  reprice(itemId, 20_000);
  await sleepMs(Math.max(0, late.expiresAtMs - Date.now()) + 10);
  const money = { ...paid, amountMinor: late.totalMinor };
  expect(await orders.markPaid(late.orderId, money)).toMatchObject({ status: "paid" });
  expect(await levels(itemId)).toMatchObject({ available: 1, sold: 2 });
});

test("the sweep says of each order whose time is over that it has expired", async () => {
  const { itemId, wish } = offer();
  const { orderId } = await orders.place({ ...wish, forMs: 1_000 });
  await vi.waitFor(
    async () => {
      await orders.sweep();
      expect(await orders.get(orderId)).toMatchObject({ status: "expired" });
    },
    { timeout: 20_000, interval: 200 },
  );
  expect(await levels(itemId)).toMatchObject({ available: 3, held: 0 });
});

test("an order is seen, listed and cancelled by its user, and by trusted code", async () => {
  const { itemId, wish } = offer();
  const { userId } = wish;
  const first = await orders.place(wish);
  const second = await orders.place({
    ...wish,
    items: [{ itemId, quantity: 1 }],
    idempotencyKey: "2",
  });
  const { rows } = await orders.list({ userId });
  expect(rows.map(({ orderId }) => orderId).toSorted()).toEqual(
    [first.orderId, second.orderId].toSorted(),
  );
  await expect(orders.get(first.orderId, { userId: "bob" })).rejects.toThrow(OrderNotFound);
  await expect(orders.cancel(first.orderId, { userId: "bob" })).rejects.toThrow(OrderNotFound);
  // Who is not signed in is nobody, and not trusted code.
  const nobody = { userId: undefined } as unknown as { userId: string };
  await expect(orders.get(first.orderId, nobody)).rejects.toThrow(InvalidRequest);
  await expect(orders.cancel(first.orderId, nobody)).rejects.toThrow(InvalidRequest);
  await expect(orders.list(nobody)).rejects.toThrow(InvalidRequest);
  for (let round = 0; round < 2; round += 1) {
    expect(await orders.cancel(first.orderId, { userId })).toMatchObject({ status: "cancelled" });
  }
  expect(await levels(itemId)).toMatchObject({ available: 2, held: 1 });
  expect(await orders.get(second.orderId)).toMatchObject({ status: "pending" });
});

test("limits are counted, and need their table", async () => {
  const limits = { maxOpenOrders: 1 };
  const { shoppersTable: _none, ...bare } = tables;
  expect(() => createOrders({ ...bare, items, limits, dynamodb })).toThrow("shoppersTable");
  const limited = createOrders({ ...tables, items, limits, dynamodb });
  const { itemId, wish } = offer();
  const { orderId } = await limited.place(wish);
  const more = { ...wish, items: [{ itemId, quantity: 1 }], idempotencyKey: "2" };
  await expect(limited.place(more)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  await limited.markPaid(orderId, paid);
  expect(await limited.place(more)).toMatchObject({ status: "pending" });
});

test("without a catalogue the product's own items are ordered, at their prices of now", async () => {
  const itemId = `chair ${(serial += 1)}`;
  const names = { Stock: tables.unitsTable, Movements: tables.ledgerTable };
  const database = createDatabase({
    client: createDocumentClient(dynamodb),
    tableName: (table) => names[table as keyof typeof names],
  });
  const lastSeen = createLevelMemory();
  const inventory = createInventoryService({ database, clock: systemClock, lastSeen });
  const price = { amountMinor: 4_900, currency: "EUR" };
  const chair = { itemId, name: "Chair", kind: "Retail", price, quantity: 2 };
  await inventory.create({ ...chair, holdPolicy: "counted" }, { id: "root" });
  const own = createOrders({ ...tables, dynamodb });
  const wish = { userId: "ann", items: [{ itemId, quantity: 1 }] };
  const order = await own.place({ ...wish, idempotencyKey: itemId });
  expect(order).toMatchObject({ totalMinor: 4_900, lines: [{ name: "Chair", kind: "Retail" }] });
  await inventory.change(
    itemId,
    { price: { amountMinor: 5_900, currency: "EUR" } },
    { id: "root" },
  );
  const dearer = await own.place({ ...wish, idempotencyKey: `${itemId} again` });
  expect(dearer.totalMinor).toBe(5_900);
});
