/** The old names for carts: locked while their owner pays, and a cache storage with optional locking. */
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { type Carts, cartsTable, createCarts } from "../../package/carts.ts";
import { cartLockedErrors, createCartLocks } from "../../package/compat/cart-locks.ts";
import {
  createCacheStorage,
  createCart,
  LockTimeoutException,
  readEnvironment,
} from "../../package/compat/cart-storage.ts";
import { createLocks, locksTable } from "../../package/locks.ts";
import { localClientSettings } from "../support/tables.ts";

const tables = { table: "compat-carts", locksTable: "compat-cart-locks" };
const ticket = { itemId: "t", name: "Ticket", price: { amountMinor: 4_500, currency: "COP" } };
const processing =
  "Cart is currently being processed. Please wait for your payment to complete before adding more items.";
let dynamodb: ReturnType<typeof localClientSettings>;
let carts: Carts;
let serial = 0;
let user: string;

beforeAll(async () => {
  dynamodb = localClientSettings(inject("dynamoDbEndpoint"));
  const client = new DynamoDBClient(dynamodb);
  for (const input of [cartsTable(tables.table), locksTable(tables.locksTable)]) {
    await client.send(new CreateTableCommand(input));
  }
  client.destroy();
  carts = createCarts({ ...tables, dynamodb });
});

beforeEach(() => {
  user = `ann ${(serial += 1)}`;
});

const at = (instance: string, sessionId = "s") => ({ userId: user, sessionId, instance });

describe("the lock of a cart while its owner pays", () => {
  test("is one transaction's, over both carts, from temporary id to unlocking", async () => {
    const locks = createCartLocks({ carts });
    await carts.addItem(at("ticket"), ticket);
    expect(await locks.isCartLocked(user, "s")).toBe(false);
    expect(await locks.unlockCart(user, "s")).toBe(false);
    expect(await locks.lockCart(user, "s", "temp_1", "ticket")).toBe(true);
    // Asked twice, it is the same lock; another transaction waits.
    expect(await locks.lockCart(user, "s", "temp_1", "ticket")).toBe(true);
    expect(await locks.lockCart(user, "s", "temp_2", "menu")).toBe(false);
    expect(await locks.updateCartLockTransactionId(user, "s", "wompi_1")).toBe(true);
    const { lock } = await carts.isCartLocked({ userId: user, sessionId: "s" });
    expect(lock?.transactionId).toBe("wompi_1");
    expect(lock!.expiresAtMs - lock!.lockedAtMs).toBe(600_000);
    for (const instance of ["ticket", "menu"]) {
      await expect(carts.addItem(at(instance), ticket)).rejects.toThrow(processing);
    }
    await expect(carts.changeQuantity(at("ticket"), "t", 2)).rejects.toThrow(processing);
    await expect(carts.removeItem(at("ticket"), "t")).rejects.toThrow(processing);
    expect(await locks.isCartLocked(user, "other")).toBe(false);
    expect(await locks.unlockCart(user, "s")).toBe(true);
    expect(await locks.updateCartLockTransactionId(user, "s", "wompi_2")).toBe(false);
    expect(await carts.addItem(at("ticket"), ticket)).toMatchObject({ count: 2 });
  });

  test("says what is to be paid, or why it is not locked", async () => {
    const locks = createCartLocks({ carts });
    const empty = await locks.lockAndValidateCart(user, "s", "temp_1", "ticket");
    expect(empty).toEqual({ success: false, error: "There is nothing in this cart to order" });
    expect(await locks.isCartLocked(user, "s")).toBe(false);
    await carts.addItem(at("ticket"), { ...ticket, quantity: 2 });
    await carts.addItem(at("menu"), ticket);
    const locked = await locks.lockAndValidateCart(user, "s", "temp_2", "ticket");
    expect(locked).toMatchObject({ success: true, totalMinor: 9_000, currency: "COP" });
    const refused = await locks.lockAndValidateCart(user, "s", "temp_3", "menu");
    expect(refused).toEqual({ success: false, error: processing });
  });

  test("ends by itself, with no cleanup", async () => {
    const locks = createCartLocks({ carts, lockMs: 1 });
    await locks.lockCart(user, "s", "temp_1", "ticket");
    await expect.poll(() => locks.isCartLocked(user, "s"), { timeout: 20_000 }).toBe(false);
    await carts.addItem(at("menu"), ticket);
    expect(await locks.unlockCart(user, "s")).toBe(false);
  });

  test("answers edits with 423 and the words of before", async () => {
    const locks = createCartLocks({ carts });
    await locks.lockCart(user, "s", "temp_1", "ticket");
    const error: unknown = await carts.addItem(at("menu"), ticket).catch((refused) => refused);
    const answered: unknown[] = [];
    const response = {
      status: (code: number) => (answered.push(code), response),
      set: ({ "retry-after": after }: Record<string, string>) => (
        answered.push(Number(after) > 0),
        response
      ),
      json: (body: unknown) => answered.push(body),
    };
    const next = vi.fn<(passed: unknown) => void>();
    cartLockedErrors()(error, {}, response, next);
    expect(answered).toEqual([423, true, { error: processing }]);
    const other = new Error("other");
    cartLockedErrors()(other, {}, response, next);
    expect(next.mock.calls).toEqual([[other]]);
  });
});

describe("the cache storage", () => {
  const storage = (more = {}) =>
    createCacheStorage({ ...tables, dynamodb, currency: "EUR", ...more });
  const vase = { name: "Vase", price: 12.35, quantity: 1 };

  test("keeps items, conditions and metadata by identifier, instance and prefix", async () => {
    const cache = storage();
    await cache.putItems(user, "wishlist", { vase, bowl: { ...vase, attributes: { red: true } } });
    const vat = { name: "vat", type: "tax", target: "total", value: "+10%", order: 0 } as const;
    await cache.putConditions(user, "wishlist", [vat]);
    await cache.putMetadata(user, "wishlist", "note", { for: "Bob" });
    const items = { vase, bowl: { ...vase, attributes: { red: true } } };
    expect(await cache.getItems(user, "wishlist")).toEqual(items);
    expect(await cache.getConditions(user, "wishlist")).toMatchObject([vat]);
    expect(await cache.getMetadata(user, "wishlist", "note")).toEqual({ for: "Bob" });
    expect(await cache.getMetadata(user, "wishlist", "none")).toBeNull();
    const totals = { count: 2, subtotal: 24.7, total: 27.17 };
    expect(await cache.getTotals(user, "wishlist")).toEqual(totals);
    expect(await storage({ keyPrefix: "other" }).getItems(user, "wishlist")).toEqual({});
    expect(await cache.getItems(user, "default")).toEqual({});
    await cache.forget(user, "wishlist");
    expect(await cache.getItems(user, "wishlist")).toEqual({});
    await expect(cache.putItems(user, "x", { v: { ...vase, price: 1.234 } })).rejects.toThrow(
      "has more decimals than EUR",
    );
  });

  test("a cart adds, counts and sums, in either mode, and may change it", async () => {
    const cart = createCart(storage({ useLocking: true }), user);
    const byVersion = cart.setStorage(storage());
    await Promise.all([
      ...[1, 2, 3].map(() => cart.addItem("soup", "Soup", 4.5)),
      ...[1, 2, 3].map(() => byVersion.addItem("bread", "Bread", 2, 2, { cut: true })),
    ]);
    expect([await cart.count(), await cart.subtotal(), await cart.total()]).toEqual([
      9, 25.5, 25.5,
    ]);
    await cart.removeItem("soup");
    expect(await cart.subtotal()).toBe(12);
    expect(await cart.instance("wishlist").count()).toBe(0);
    await cart.clear();
    expect(await cart.count()).toBe(0);
  });

  test("waits for lockTimeout at most, for its own collection alone, then throws", async () => {
    const cache = storage({ useLocking: true, lockTimeout: 0.05 });
    const locks = createLocks({ table: tables.locksTable, dynamodb });
    const resource = `cart/${user}/cart/default/items`;
    const lock = await locks.acquire({ resource, owner: { userId: "somebody" } });
    await expect(cache.putItems(user, "default", { vase })).rejects.toThrow(LockTimeoutException);
    await cache.putMetadata(user, "default", "note", 1);
    await cache.putConditions(user, "default", []);
    await cache.putItems(user, "wishlist", { vase });
    await locks.release(lock);
    await expect(
      cache.updateItems(user, "default", () => {
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    // Given back when the work threw.
    expect(await locks.find(resource)).toBeUndefined();
    await cache.putItems(user, "default", { vase });
  });

  test("what nobody puts for ttl seconds is gone, and comes not back with the next item", async () => {
    const cache = storage({ ttl: 1 });
    await cache.putItems(user, "default", { vase });
    await cache.putMetadata(user, "default", "note", 1);
    const left = async () => [
      await cache.getItems(user, "default"),
      await cache.getMetadata(user, "default", "note"),
    ];
    await expect.poll(left, { timeout: 20_000 }).toEqual([{}, null]);
    expect((await cache.getTotals(user, "default")).count).toBe(0);
    await createCart(cache, user).addItem("bowl", "Bowl", 3);
    const lasting = storage();
    expect(await lasting.getItems(user, "default")).toEqual({
      bowl: { name: "Bowl", price: 3, quantity: 1 },
    });
    expect(() => storage({ ttl: 0 })).toThrow("ttl must be");
  });

  test("the environment says what it said", () => {
    const environment = { CART_CACHE_LOCKING: "true", CART_LOCK_TIMEOUT: "7" };
    expect(readEnvironment(environment)).toEqual({ useLocking: true, lockTimeout: 7 });
    expect(readEnvironment({ CART_CACHE_LOCKING: "0" })).toEqual({ useLocking: false });
    expect(readEnvironment({})).toEqual({});
  });
});
