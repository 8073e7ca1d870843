/** Carts that stand alone: what is given is what is kept, guarded as each call says, and once for its key. */
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeAll, beforeEach, expect, inject, test, vi } from "vitest";
import { CartLocked, type Carts, CheckoutGone, createCarts } from "../../package/carts.ts";
import { cartsTable, InvalidRequest, KeyReused, VersionMismatch } from "../../package/carts.ts";
import { createLocks, lockRequestsTable, locksTable } from "../../package/locks.ts";
import { silentLogger } from "../../shared/base/logger.ts";
import { localClientSettings } from "../support/tables.ts";

const tables = {
  table: "package-carts",
  locksTable: "package-cart-locks",
  requestsTable: "package-cart-requests",
};
const price = { amountMinor: 450, currency: "EUR" };
const soup = { itemId: "soup", name: "Soup", price };
let dynamodb: ReturnType<typeof localClientSettings>;
let carts: Carts;
let serial = 0;
let at: { userId: string; instance: string };

beforeAll(async () => {
  dynamodb = localClientSettings(inject("dynamoDbEndpoint"));
  const client = new DynamoDBClient(dynamodb);
  const inputs = [
    cartsTable(tables.table),
    locksTable(tables.locksTable),
    lockRequestsTable(tables.requestsTable),
  ];
  for (const input of inputs) await client.send(new CreateTableCommand(input));
  client.destroy();
  carts = createCarts({ ...tables, dynamodb });
});

beforeEach(() => {
  at = { userId: `ann ${(serial += 1)}`, instance: "menu" };
});

test("an item costs what its caller says, each choice of it its own", async () => {
  await carts.addItem(at, { ...soup, quantity: 2 });
  const large = { ...soup, price: { ...price, amountMinor: 600 }, attributes: { size: "L" } };
  await carts.addItem(at, large);
  expect(await carts.get(at)).toMatchObject({
    count: 3,
    subtotalMinor: 1_500,
    currency: "EUR",
    items: [
      { itemId: "soup", name: "Soup", kind: "item", vendorId: null, unitPriceMinor: 450 },
      { itemId: "soup", unitPriceMinor: 600, attributes: { size: "L" } },
    ],
  });
  // Added again at another price, the line costs that.
  const cheaper = await carts.addItem(at, { ...soup, price: { ...price, amountMinor: 400 } });
  expect(cheaper).toMatchObject({ count: 4, subtotalMinor: 1_800 });
  const fewer = await carts.updateItems(at, (items) =>
    items.map((item) => ({ ...item, quantity: 1 })),
  );
  expect(fewer).toMatchObject({ count: 2, subtotalMinor: 1_000 });
  expect(fewer.items[1]?.attributes).toEqual({ size: "L" });
});

test("what is no item, place or condition is refused before anything is read", async () => {
  const broken = createCarts({ table: "there-is-none", dynamodb });
  const refused = [
    () => broken.addItem(at, { ...soup, price: { amountMinor: 1.5, currency: "EUR" } }),
    () => broken.putItems(at, [{ ...soup, quantity: -1 }]),
    () => broken.addItem({ ...at, instance: "me:nu" }, soup),
    () => broken.setCondition(at, { name: "x", type: "fee", target: "total", value: "5" }),
  ];
  for (const call of refused) {
    await expect((async () => call())()).rejects.toThrow(InvalidRequest);
  }
});

test("ten writers in either mode lose nothing of one another", async () => {
  for (const storage of ["versioned", "locking"] as const) {
    const cart = { ...at, instance: storage, storage };
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        carts.updateItems(cart, (items) => [...items, { ...soup, itemId: `soup ${index}` }]),
      ),
    );
    expect(await carts.get(cart)).toMatchObject({ count: 10 });
  }
});

test("a call that locks waits for who has the collection's lock; one by version does not", async () => {
  const locks = createLocks({ table: tables.locksTable, dynamodb });
  const impatient = createCarts({ ...tables, lockTimeoutMs: 50, dynamodb });
  const resource = `cart/${at.userId}/default/menu/items`;
  await locks.acquire({ resource, owner: { userId: "somebody" } });
  await expect(impatient.putItems({ ...at, storage: "locking" }, [soup])).rejects.toMatchObject({
    code: "LOCK_TIMEOUT",
  });
  expect(await impatient.putItems(at, [soup])).toMatchObject({ count: 1 });
  // The lock is the items' alone.
  await impatient.putMetadata({ ...at, storage: "locking" }, "gift", true);
  expect((await impatient.get(at)).metadata).toEqual({ gift: true });
});

test("locking mode without locks goes by version, with one warning", async () => {
  const warn = vi.fn<(message: string) => void>();
  const logger = { ...silentLogger, warn };
  const without = createCarts({ table: tables.table, dynamodb, logger });
  for (const quantity of [1, 2]) {
    await without.putItems({ ...at, storage: "locking" }, [{ ...soup, quantity }]);
  }
  expect(warn).toHaveBeenCalledTimes(1);
});

test("an edit asked for twice is done once; its key is for no other", async () => {
  const edit = { ...at, idempotencyKey: "k1" };
  const [one, other] = await Promise.all([carts.addItem(edit, soup), carts.addItem(edit, soup)]);
  expect([one.count, other.count]).toEqual([1, 1]);
  await expect(carts.addItem(edit, { ...soup, quantity: 2 })).rejects.toThrow(KeyReused);
  expect((await carts.get(at)).count).toBe(1);
});

test("a stale version is refused, and changes nothing", async () => {
  const { version } = await carts.addItem(at, soup);
  await carts.changeQuantity(at, "soup", 2);
  await expect(carts.putItems({ ...at, expectedVersion: version }, [])).rejects.toThrow(
    VersionMismatch,
  );
  expect((await carts.get(at)).count).toBe(2);
});

test("while somebody pays nothing moves; then what was paid is taken out once", async () => {
  await carts.addItem(at, soup);
  await carts.addItem({ ...at, instance: "wishlist" }, soup);
  await carts.setCondition(at, { name: "early", type: "discount", target: "total", value: "-10%" });
  await carts.putMetadata(at, "table", 7);
  const order = { ...at, sessionId: "default", orderId: "ord_1", actor: { id: at.userId } };
  const locked = await carts.lockAndValidateCart(
    { ...order, leaseMs: 60_000 },
    { totalMinor: 405 },
  );
  expect(locked.price).toMatchObject({ totalMinor: 405, currency: "EUR", instances: ["menu"] });
  await expect(carts.addItem(at, soup)).rejects.toThrow(CartLocked);
  await expect(carts.merge(at, "phone")).rejects.toThrow(CartLocked);
  const other = { ...order, orderId: "ord_2" };
  await expect(carts.complete(other, locked)).rejects.toThrow(CheckoutGone);
  await carts.complete(order, locked);
  await expect(carts.complete(order, locked)).rejects.toThrow(CheckoutGone);
  const left = await carts.get(at);
  expect(left).toMatchObject({ count: 0, conditions: [], metadata: { table: 7 } });
  expect((await carts.get({ ...at, instance: "wishlist" })).count).toBe(1);
  expect((await carts.isCartLocked(order)).isLocked).toBe(false);
});

test("a guest's session goes into another, whole", async () => {
  await carts.addItem({ ...at, sessionId: "guest" }, soup);
  await carts.addItem(at, soup);
  expect(await carts.merge(at, "guest")).toMatchObject({ count: 2, subtotalMinor: 900 });
  expect((await carts.get({ ...at, sessionId: "guest" })).count).toBe(0);
  await carts.putConditions(at, [{ name: "vat", type: "tax", target: "total", value: "+7%" }]);
  expect(await carts.removeItem(at, "soup")).toMatchObject({ count: 0, totalMinor: 0 });
  await carts.removeCondition(at, "vat");
  await carts.removeMetadata(at, "none");
  expect(await carts.clear(at)).toMatchObject({ items: [], conditions: [] });
});
