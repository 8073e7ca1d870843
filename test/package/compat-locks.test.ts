/** The old names for locks: item locks in memory, distributed locks, document locks; every call that their users know. */
import { once } from "node:events";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { createAtomicCache } from "../../package/compat/atomic-cache.ts";
import {
  createDistributedLocks,
  createStockFunctions,
} from "../../package/compat/distributed-locks.ts";
import { createLockingService } from "../../package/compat/locking-service.ts";
import type { DocumentMiddleware, RequestLike, ResponseLike } from "../../package/express.ts";
import { createHolds, holdTables } from "../../package/holds.ts";
import { locksTable } from "../../package/locks.ts";
import { silentLogger } from "../../shared/base/logger.ts";
import { localClientSettings } from "../support/tables.ts";

/** What of Express is used; it brings no types. */
interface App {
  use(handler: (request: RequestLike, response: ResponseLike, next: () => void) => void): void;
  put(
    path: string,
    ...handlers: (DocumentMiddleware | ((request: RequestLike, response: ResponseLike) => void))[]
  ): void;
  listen(port: number): Server;
}
const express = createRequire(import.meta.url)("express") as () => App;

const table = "compat-locks";
const units = { table: "compat-units", ledgerTable: "compat-ledger" };
let dynamodb: ReturnType<typeof localClientSettings>;
let serial = 0;
let id: string;

beforeAll(async () => {
  dynamodb = localClientSettings(inject("dynamoDbEndpoint"));
  const client = new DynamoDBClient(dynamodb);
  for (const input of [locksTable(table), ...holdTables(units)]) {
    await client.send(new CreateTableCommand(input));
  }
  client.destroy();
});

beforeEach(() => {
  id = `x${(serial += 1)}`;
});

const item = (itemId: string) => ({ itemId, kind: "Retail", quantity: 1 });

describe("AtomicCache", () => {
  const make = (more = {}) => createAtomicCache({ table, dynamodb, ...more });

  test("takes an item for one user, who alone can give it back", async () => {
    const atomicCache = make();
    expect(await atomicCache.isLocked(id)).toBe(false);
    expect(await atomicCache.acquireLock(id, "ann")).toBe(true);
    expect(await atomicCache.acquireLock(id, "bob")).toBe(false);
    expect(await atomicCache.acquireLock(id, "ann")).toBe(true);
    expect(await atomicCache.isLocked(id)).toBe(true);
    expect(await atomicCache.releaseLock(id, "bob")).toBe(false);
    expect(await atomicCache.releaseLock(id, "ann")).toBe(true);
    expect(await atomicCache.releaseLock(id, "ann")).toBe(false);
    expect(atomicCache.messages.locked).toBe("Item is currently being processed by another user");
  });

  test("lets go by itself when the time is over, with nothing cleaned up", async () => {
    const atomicCache = make();
    await atomicCache.acquireLock(id, "ann", 1_000);
    await expect.poll(() => atomicCache.isLocked(id), { timeout: 20_000 }).toBe(false);
    expect(await atomicCache.acquireLock(id, "bob")).toBe(true);
  });

  test("of many at once, as many processes, one gets it", async () => {
    const users = Array.from({ length: 8 }, (_, index) => `user-${index}`);
    const got = await Promise.all(users.map((user) => make().acquireLock(id, user)));
    expect(got.filter(Boolean)).toHaveLength(1);
  });

  test("locks for 5 minutes and cleans up each 30 s and 5 minutes, where nothing else is said", async () => {
    const info = vi.fn<(message: string, fields?: unknown) => void>();
    const atomicCache = make({ logger: { ...silentLogger, info } });
    await atomicCache.acquireLock(id, "ann");
    await atomicCache.reserveItemsInCart([item(`${id}a`)], "ann", "vendor");
    const { locks } = await atomicCache.getLockStatistics();
    const own = locks.filter(({ itemId }) => [id, `${id}a`].includes(itemId));
    expect(own.map(({ acquiredAtMs, expiresAtMs }) => expiresAtMs - acquiredAtMs)).toEqual([
      300_000, 300_000,
    ]);
    const every = vi.spyOn(globalThis, "setInterval");
    atomicCache.startPeriodicCleanup()();
    expect(every.mock.calls.map(([, periodMs]) => periodMs)).toEqual([30_000, 300_000]);
    every.mockRestore();
    const fields = { locksMs: 30_000, ordersMs: 300_000 };
    expect(info).toHaveBeenCalledWith("Item locks started with periodic cleanup", fields);
  });

  test("a cleanup that fails says so as it did, and goes on", async () => {
    const error = vi.fn<(message: string) => void>();
    const lost = { table: "there-is-none", logger: { ...silentLogger, error } };
    const stop = make(lost).startPeriodicCleanup({ locksMs: 20 });
    const told = () => error.mock.calls.map(([message]) => message);
    await expect.poll(() => told().length, { timeout: 20_000 }).toBeGreaterThan(1);
    stop();
    expect(new Set(told())).toEqual(new Set(["Failed to release locks"]));
  });

  test("reserves a whole cart or nothing, and names what failed", async () => {
    const atomicCache = make();
    const [a, b, c] = [item(`${id}a`), item(`${id}b`), item(`${id}c`)];
    await atomicCache.acquireLock(b.itemId, "bob");
    const refused = await atomicCache.reserveItemsInCart([a, b, c], "ann", "vendor");
    expect(refused).toEqual({ success: false, failedItems: [b] });
    expect(await atomicCache.isLocked(a.itemId)).toBe(false);
    await atomicCache.releaseLock(b.itemId, "bob");
    const taken = await atomicCache.reserveItemsInCart([a, b, c, a], "ann", "vendor");
    expect(taken).toEqual({ success: true, failedItems: [] });
    expect(await atomicCache.acquireLock(c.itemId, "bob")).toBe(false);
    const { activeLocks, locks } = await atomicCache.getLockStatistics();
    expect(activeLocks).toBe(locks.length);
    expect(locks).toContainEqual(expect.objectContaining({ itemId: b.itemId, userId: "ann" }));
  });

  test("ends an order's locks by force, only those of its user", async () => {
    const items = [item(`${id}a`), item(`${id}b`)];
    const orders = new Map([["ord_1", { userId: "ann", items }]]);
    const atomicCache = make({ findOrder: async (orderId: string) => orders.get(orderId) });
    await atomicCache.acquireLock(`${id}a`, "ann");
    await atomicCache.acquireLock(`${id}b`, "bob");
    const none = await atomicCache.forceReleaseOrderLocks("ord_2");
    expect(none).toEqual({ success: false, released: 0, message: "Lock not found" });
    const done = await atomicCache.forceReleaseOrderLocks("ord_1", "root");
    expect(done).toEqual({ success: true, released: 1 });
    expect(await atomicCache.isLocked(`${id}a`)).toBe(false);
    expect(await atomicCache.isLocked(`${id}b`)).toBe(true);
  });

  test("cleans up when asked and by itself, and says so as it did", async () => {
    const info = vi.fn<(message: string) => void>();
    const logger = { ...silentLogger, info };
    const atomicCache = make({ logger, endExpiredOrders: async () => 3 });
    await atomicCache.acquireLock(id, "ann", 1_000);
    await sleep(1_100);
    const { expiredOrders, releasedLocks } = await atomicCache.cleanupExpiredOrders();
    expect([expiredOrders, releasedLocks >= 1]).toEqual([3, true]);
    const stop = atomicCache.startPeriodicCleanup({ locksMs: 20 });
    const told = () => info.mock.calls.map(([message]) => message);
    await expect
      .poll(told, { timeout: 20_000 })
      .toContainEqual(expect.stringMatching(/^Cleaned up \d+ expired locks$/));
    stop();
    expect(told()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^Periodic cleanup: Cleaned up 3 expired orders and released \d+ locks$/,
        ),
        "Item locks started with periodic cleanup",
      ]),
    );
  });
});

describe("the distributed lock service", () => {
  test("runs ten requests for a variant one after the other", async () => {
    const service = createDistributedLocks({ table, dynamodb });
    let inside = 0;
    let most = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, (inside += 1));
      await sleep(5);
      inside -= 1;
      done += 1;
    };
    await Promise.all(Array.from({ length: 10 }, () => service.getInventoryLock(id, 60).run(work)));
    expect([most, done]).toEqual([1, 10]);
  });

  test("waits for the timeout, then says false and warns; counts what is locked", async () => {
    const [debug, warn] = [vi.fn<(message: string) => void>(), vi.fn<(message: string) => void>()];
    const logger = { ...silentLogger, debug, warn };
    const service = createDistributedLocks({ table, dynamodb, logger });
    const [mine, order] = [service.getCustomLock(id), service.getOrderLock("ann", id)];
    expect([mine.name, order.name]).toEqual([`lock:${id}`, `lock:order_creation_ann_${id}`]);
    expect(await mine.acquire()).toBe(true);
    expect(debug).toHaveBeenCalledWith("Lock acquired", { name: `lock:${id}` });
    const other = service.getCustomLock(id, 1);
    expect(await other.acquire()).toBe(false);
    expect(warn).toHaveBeenCalledWith("Could not acquire a lock", { name: `lock:${id}` });
    await expect(other.run(async () => "never")).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
    expect(await other.release()).toBe(false);
    expect(await service.getInventoryLock(id).acquire()).toBe(true);
    const stats = await service.getLockStats();
    expect(stats.total_active_locks).toBe(stats.inventory_locks + stats.custom_locks);
    expect(stats.locks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([`inventory_lock:${id}`, `lock:${id}`]),
    );
    expect(await mine.release()).toBe(true);
  });

  test("locks stock for 30 seconds, all else for 60, and no longer than is said", async () => {
    const service = createDistributedLocks({ table, dynamodb });
    const taken = [
      service.getInventoryLock(id),
      service.getOrderLock("ann", id),
      service.getCustomLock(id),
      service.getCustomLock(`${id}/2`, 7),
    ];
    const beforeMs = Date.now();
    for (const lock of taken) expect(await lock.acquire()).toBe(true);
    const afterMs = Date.now();
    const { locks } = await service.getLockStats();
    const leases = taken.map(({ name }) => locks.find((lock) => lock.name === name)!);
    for (const [at, seconds] of [30, 60, 60, 7].entries()) {
      expect(leases[at]!.expires_at_ms).toBeGreaterThanOrEqual(beforeMs + seconds * 1_000);
      expect(leases[at]!.expires_at_ms).toBeLessThanOrEqual(afterMs + seconds * 1_000);
    }
  });

  test("places one order for a user's key, however often and at once it is asked for", async () => {
    const placed = new Map<string, number>();
    const placeOrder = (key: string) =>
      createDistributedLocks({ table, dynamodb })
        .getOrderLock("ann", key)
        .run(async () => {
          const known = placed.get(key);
          await sleep(5);
          const order = known ?? placed.size + 1;
          placed.set(key, order);
          return order;
        });
    const orders = await Promise.all([1, 2, 3, 4].map(() => placeOrder(id)));
    expect(new Set(orders)).toEqual(new Set([1]));
    expect(await placeOrder(`${id}/2`)).toBe(2);
  });

  test("a lock goes back when the work throws", async () => {
    const service = createDistributedLocks({ table, dynamodb });
    const failing = service.getCustomLock(id).run(async () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    expect(await service.getCustomLock(id, 1).acquire()).toBe(true);
  });

  test("stock never goes below zero, and each reference counts once", async () => {
    const holds = createHolds({ ...units, autoShards: 1, dynamodb });
    const stock = createStockFunctions(holds);
    for (let round = 0; round < 2; round += 1) await stock.adjustStock(id, 5, `delivery ${id}`);
    await stock.decrementStockOnPurchase(id, 2, `order ${id}`);
    await stock.decrementStockOnPurchase(id, 2, `order ${id}`);
    const crowd = Array.from({ length: 5 }, (_, index) =>
      stock.decrementStockOnPurchase(id, 1, `order ${id}/${index}`),
    );
    const results = await Promise.allSettled(crowd);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    await expect(stock.adjustStock(id, -1, `loss ${id}`)).rejects.toMatchObject({
      code: "INSUFFICIENT_STOCK",
    });
    for (let round = 0; round < 2; round += 1) {
      await stock.incrementStockOnCancellation(id, 2, `cancelled ${id}`);
    }
    expect(await holds.levels([id])).toMatchObject([{ available: 2 }]);
  });
});

describe("LockingService", () => {
  test("answers as it did: success, lockedBy, lockInfo", async () => {
    const service = createLockingService({ table, dynamodb });
    const wish = { username: "Ann", sessionId: "tab", ttl: 60 };
    const lockInfo = { userId: "ann", username: "Ann", sessionId: "tab" };
    expect(await service.acquireLock(id, "ann", wish)).toMatchObject({ success: true, lockInfo });
    expect(await service.acquireLock(id, "ann", wish)).toMatchObject({ success: true });
    const refused = { success: false, lockedBy: "Ann", lockInfo };
    expect(await service.acquireLock(id, "bob")).toMatchObject(refused);
    expect(await service.releaseLock(id, "bob")).toMatchObject(refused);
    expect(await service.extendLock(id, "ann", 600, "tab")).toMatchObject({ success: true });
    expect(await service.getLockInfo(id)).toMatchObject(lockInfo);
    expect(await service.isLocked(id)).toBe(true);
    expect(await service.getAllLocks()).toContainEqual(
      expect.objectContaining({ docId: id, userId: "ann" }),
    );
    expect(await service.releaseLock(id, "ann", "tab")).toEqual({ success: true });
    expect(await service.releaseLock(id, "ann", "tab")).toEqual({ success: false, lockInfo: null });
    expect(await service.getLockInfo(id)).toBeNull();
  });

  test("locks for 300 seconds unless ttl says otherwise, and the same user's lock for longer", async () => {
    const service = createLockingService({ table, dynamodb });
    const first = await service.acquireLock(id, "ann");
    const { timestamp, expiresAtMs, fence } = first.lockInfo!;
    expect(expiresAtMs - timestamp).toBe(300_000);
    const again = await service.acquireLock(id, "ann", { ttl: 600 });
    expect(again.lockInfo!.expiresAtMs).toBeGreaterThanOrEqual(expiresAtMs + 300_000);
    expect(again.lockInfo!.fence).toBe(fence);
    // Another process of the same service sees it: nothing of it is in memory.
    const other = createLockingService({ table, dynamodb });
    expect(await other.getLockInfo(id)).toEqual(again.lockInfo);
  });

  test("ends locks by force, one or all", async () => {
    const service = createLockingService({ table, dynamodb });
    await service.acquireLock(id, "ann");
    expect(await service.forceReleaseLock(id, "root", "on holiday")).toEqual({ success: true });
    expect(await service.forceReleaseLock(id, "root")).toEqual({ success: false });
    expect(await service.extendLock(id, "ann")).toMatchObject({ success: false });
    await service.acquireLock(id, "ann");
    await service.acquireLock(`${id}/2`, "bob");
    expect(await service.clearAllLocks("root")).toBeGreaterThanOrEqual(2);
    expect(await service.isLocked(id)).toBe(false);
  });

  test("guards a route of Express by the names of before", async () => {
    const service = createLockingService({ table, dynamodb });
    const { acquireDocumentLock, releaseDocumentLock } = service.middleware;
    const done = (_request: RequestLike, response: ResponseLike) => {
      response.status(204).end("");
    };
    const app = express();
    app.use((request, _response, next) => {
      Object.assign(request, { user: { id: request.headers["authorization"] } });
      next();
    });
    app.put("/documents/:id", acquireDocumentLock("id"), releaseDocumentLock("id"), done);
    const server = app.listen(0);
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/documents/${id}`;
    const save = (authorization: string) =>
      fetch(url, { method: "PUT", headers: { authorization } });
    await service.acquireLock(id, "ann", { username: "Ann" });
    const refused = await save("bob");
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({ success: false, lockedBy: "Ann" }),
    ]);
    expect((await save("ann")).status).toBe(204);
    await expect.poll(() => service.isLocked(id), { timeout: 20_000 }).toBe(false);
    server.close();
  });
});
