/** The old names for carts: locked while their owner pays, and a cache storage with optional locking. */
import { once } from "node:events";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
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
import { silentLogger } from "../../shared/base/logger.ts";
import { localClientSettings } from "../support/tables.ts";

/** What of Express is used; it brings no types. */
interface Response {
  status(code: number): Response;
  set(headers: Record<string, string>): Response;
  json(body: unknown): Response;
  send(body: string): void;
}
type Request = { readonly method: string; readonly params: Readonly<Record<string, string>> };
type Handler = (request: Request, response: Response, next: (error: unknown) => void) => void;
type ErrorHandler = (
  error: unknown,
  request: Request,
  response: Response,
  next: (error: unknown) => void,
) => void;
interface App {
  use(path: string, handler: Handler): void;
  use(handler: ErrorHandler): void;
  listen(port: number): Server;
}
const express = createRequire(import.meta.url)("express") as () => App;

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

  test("goes from a temporary id to the provider's; a failure unlocks, a success takes out what was bought", async () => {
    const locks = createCartLocks({ carts });
    await carts.addItem(at("ticket"), ticket);
    await carts.addItem(at("menu"), { ...ticket, itemId: "soup" });
    await locks.lockAndValidateCart(user, "s", "temp_1", "ticket");
    // The provider could not be reached.
    expect(await locks.unlockCart(user, "s")).toBe(true);
    const paid = await locks.lockAndValidateCart(user, "s", "temp_2", "ticket");
    expect(await locks.updateCartLockTransactionId(user, "s", "wompi_2")).toBe(true);
    const order = { userId: user, sessionId: "s", orderId: "temp_2", actor: { id: user } };
    await carts.complete(order, paid.locked!);
    expect(await locks.isCartLocked(user, "s")).toBe(false);
    expect((await carts.get(at("ticket"))).count).toBe(0);
    expect((await carts.get(at("menu"))).count).toBe(1);
  });

  test("answers every edit of either cart with 423 and the words of before", async () => {
    const app = express();
    app.use("/:instance", (request, response, next) => {
      const cart = at(request.params.instance!);
      const edits: Record<string, () => Promise<unknown>> = {
        POST: () => carts.addItem(cart, ticket),
        PATCH: () => carts.changeQuantity(cart, "t", 2),
        DELETE: () => carts.removeItem(cart, "t"),
      };
      edits[request.method]!().then(() => response.status(204).send(""), next);
    });
    app.use(cartLockedErrors());
    app.use(((error, _request, response, _next) => {
      response.status(500).send((error as Error).message);
    }) as ErrorHandler);
    const server = app.listen(0);
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await carts.addItem(at("ticket"), ticket);
    await createCartLocks({ carts }).lockCart(user, "s", "temp_1", "ticket");
    for (const instance of ["ticket", "menu"]) {
      for (const method of ["POST", "PATCH", "DELETE"]) {
        const answer = await fetch(`${url}/${instance}`, { method });
        expect([answer.status, await answer.json()]).toEqual([423, { error: processing }]);
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      }
    }
    await createCartLocks({ carts }).unlockCart(user, "s");
    expect((await fetch(`${url}/ticket`, { method: "PATCH" })).status).toBe(204);
    // What is another error is left to the others.
    expect((await fetch(`${url}/menu`, { method: "DELETE" })).status).toBe(500);
    server.close();
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

  test("each collection has a lock of its own: of items, of conditions, of each metadata key", async () => {
    const cache = storage({ useLocking: true, lockTimeout: 0.05 });
    const locks = createLocks({ table: tables.locksTable, dynamodb });
    const puts = {
      items: () => cache.putItems(user, "default", { vase }),
      conditions: () => cache.putConditions(user, "default", []),
      "metadata/note": () => cache.putMetadata(user, "default", "note", 1),
      "metadata/other": () => cache.putMetadata(user, "default", "other", 1),
    };
    for (const collection of Object.keys(puts)) {
      const resource = `cart/${user}/cart/default/${collection}`;
      const lock = await locks.acquire({ resource, owner: { userId: "somebody" } });
      for (const [name, put] of Object.entries(puts)) {
        const outcome = await put().catch((error: unknown) => error);
        expect(outcome instanceof LockTimeoutException, `${name} beside ${collection}`).toBe(
          name === collection,
        );
      }
      await locks.release(lock);
    }
  });

  test("asks for no lock unless it is told to, and without a table of locks warns once", async () => {
    const locks = createLocks({ table: tables.locksTable, dynamodb });
    const resource = `cart/${user}/cart/default/items`;
    await locks.acquire({ resource, owner: { userId: "somebody" } });
    await storage().putItems(user, "default", { vase });
    const warn = vi.fn<(message: string) => void>();
    const { table } = tables;
    const without = createCacheStorage({
      table,
      dynamodb,
      currency: "EUR",
      useLocking: true,
      logger: { ...silentLogger, warn },
    });
    await without.putItems(user, "default", {});
    await without.putItems(user, "default", { vase });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await storage().getItems(user, "default")).toEqual({ vase });
  });

  test("waits for 5 seconds where nothing else is said @long", async () => {
    const locks = createLocks({ table: tables.locksTable, dynamodb });
    const resource = `cart/${user}/cart/default/items`;
    await locks.acquire({ resource, owner: { userId: "somebody" } });
    const waiting = storage({ useLocking: true }).putItems(user, "default", { vase });
    const error: unknown = await waiting.catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(LockTimeoutException);
    expect((error as LockTimeoutException).fields["waitedMs"]).toBeGreaterThanOrEqual(5_000);
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
    // A day, where nothing else is said.
    await lasting.putMetadata(user, "default", "note", 1);
    const kept = (await carts.get({ userId: user, sessionId: "cart" })).metadata["note"];
    const { untilMs } = kept as { untilMs: number };
    expect(Math.round((untilMs - Date.now()) / 3_600_000)).toBe(24);
  });

  test("the environment says what it said", () => {
    const environment = { CART_CACHE_LOCKING: "true", CART_LOCK_TIMEOUT: "7" };
    expect(readEnvironment(environment)).toEqual({ useLocking: true, lockTimeout: 7 });
    expect(readEnvironment({ CART_CACHE_LOCKING: "0" })).toEqual({ useLocking: false });
    expect(readEnvironment({})).toEqual({});
  });
});
