/** What the pages on moving over show is run: from stand-ins of the old systems over to here, and back again. */
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { beforeAll, beforeEach, expect, inject, test } from "vitest";
import { type Carts, cartsTable, createCarts } from "../../package/carts.ts";
import { createAtomicCache } from "../../package/compat/atomic-cache.ts";
import { createCacheStorage } from "../../package/compat/cart-storage.ts";
import { createDistributedLocks } from "../../package/compat/distributed-locks.ts";
import { createLockingService } from "../../package/compat/locking-service.ts";
import { createHolds, holdTables } from "../../package/holds.ts";
import { createLocks, locksTable } from "../../package/locks.ts";
import { importSnippets } from "../support/docs/snippets.ts";
import {
  createOldCache,
  createOldCarts,
  createOldDocumentLocks,
  createOldStorage,
} from "./old-systems.ts";
import { localClientSettings } from "../support/tables.ts";

const [table, cartTable] = ["ways-locks", "ways-carts"];
const units = { table: "ways-units", ledgerTable: "ways-ledger" };
let dynamodb: ReturnType<typeof localClientSettings>;
let carts: Carts;
let serial = 0;
let id: string;

beforeAll(async () => {
  dynamodb = localClientSettings(inject("dynamoDbEndpoint"));
  const client = new DynamoDBClient(dynamodb);
  for (const input of [locksTable(table), cartsTable(cartTable), ...holdTables(units)]) {
    await client.send(new CreateTableCommand(input));
  }
  client.destroy();
  carts = createCarts({ table: cartTable, dynamodb });
});

beforeEach(() => {
  id = `x${(serial += 1)}`;
});

test("item locks: both or none side by side, and who has an item keeps it on the way back", async () => {
  const { acquireInBoth, carryLocksBack } = await importSnippets("docs/migrate/atomic-cache.md");
  const atomicCache = createAtomicCache({ table, dynamodb });
  const old = createOldCache();
  expect(await acquireInBoth!(old, atomicCache, id, "ann")).toBe(true);
  expect(await acquireInBoth!(old, atomicCache, id, "bob")).toBe(false);
  await atomicCache.acquireLock(`${id}/new`, "bob");
  expect(await acquireInBoth!(old, atomicCache, `${id}/new`, "ann")).toBe(false);
  expect(old.isLocked(`${id}/new`)).toBe(false);
  const later = createOldCache();
  expect(await carryLocksBack!(atomicCache, later)).toBe(2);
  expect(later.acquireLock(id, "bob")).toBe(false);
  expect(later.acquireLock(`${id}/new`, "bob")).toBe(true);
});

test("carts of a cache: carried once by many at once, and back, with all that is in them", async () => {
  const { carryCart } = await importSnippets("docs/migrate/cart-storage.md");
  const storage = createCacheStorage({ table: cartTable, dynamodb, currency: "EUR" });
  const locks = createLocks({ table, dynamodb });
  const old = createOldStorage();
  const vase = { name: "Vase", price: 12.35, quantity: 2 };
  const vat = { name: "vat", type: "tax", target: "total", value: "+10%", order: 0 };
  await old.putItems(id, "default", { vase });
  await old.putConditions(id, "default", [vat]);
  await old.putMetadata(id, "default", "note", { for: "Bob" });
  const over = () => carryCart!(locks, old, storage, [id, "default"]);
  await Promise.all([over(), over(), over()]);
  expect(await storage.getTotals(id, "default")).toEqual({
    count: 2,
    subtotal: 24.7,
    total: 27.17,
  });
  expect(await old.getItems(id, "default")).toEqual({});
  // What was put in here since is not lost by asking again.
  await storage.putItems(id, "default", { vase, bowl: vase });
  await over();
  await carryCart!(locks, storage, old, [id, "default"]);
  expect(await old.getItems(id, "default")).toEqual({ vase, bowl: vase });
  expect(await old.getConditions(id, "default")).toMatchObject([vat]);
  expect(await old.getMetadata(id, "default", "note")).toEqual({ for: "Bob" });
  expect(await storage.getItems(id, "default")).toEqual({});
});

test("stock: as many are free as there were, however often it is carried, and nothing goes back while it is held", async () => {
  const { carryStock, carryStockBack, runUnderBoth } = await importSnippets(
    "docs/migrate/distributed-locks.md",
  );
  const holds = createHolds({ ...units, autoShards: 1, dynamodb });
  const stock = new Map([
    [id, 5],
    [`${id}/none`, 0],
  ]);
  for (let round = 0; round < 2; round += 1) await carryStock!(stock, holds, "monday");
  await holds.hold({ holdId: `order ${id}`, units: { [id]: 2 }, forMs: 60_000 });
  const back = new Map<string, number>();
  const carryBack = () =>
    carryStockBack!([...stock.keys()], holds, async (variantId: string, left: number) => {
      back.set(variantId, left);
    });
  await expect(carryBack()).rejects.toThrow("2 are held");
  await holds.confirm(`order ${id}`);
  await carryBack();
  expect(back).toEqual(new Map([...stock, [id, 3]]));
  // They sold one there, and come again.
  for (let round = 0; round < 2; round += 1) await carryStock!(new Map([[id, 2]]), holds, "friday");
  expect(await holds.levels([id])).toMatchObject([{ available: 2 }]);
  const asked: string[] = [];
  const redis = {
    withLock: (name: string, work: () => Promise<unknown>) => (asked.push(name), work()),
  };
  const lock = createDistributedLocks({ table, dynamodb }).getInventoryLock(id);
  expect(await runUnderBoth!(redis, lock, async () => "done")).toBe("done");
  expect(asked).toEqual([`inventory_lock:${id}`]);
});

test("carts that are locked while their owner pays: not carried while that is so, and in one place only", async () => {
  const { carryCart, carryCartBack } = await importSnippets("docs/migrate/cart-locks.md");
  const old = createOldCarts();
  const ticket = { itemId: "t", name: "Ticket", price: { amountMinor: 4_500, currency: "COP" } };
  old.putItems(id, "s", "ticket", [ticket]);
  old.lockCart(id, "s", "wompi_1", "ticket");
  expect(await carryCart!(old, carts, id, "s")).toBe(false);
  old.unlockCart(id, "s");
  expect(await carryCart!(old, carts, id, "s")).toBe(true);
  expect(old.getItems(id, "s", "ticket")).toEqual([]);
  await carts.addItem({ userId: id, sessionId: "s", instance: "menu" }, { ...ticket, itemId: "m" });
  const paying = { userId: id, sessionId: "s", orderId: "ord_1", actor: { id } };
  await carts.lockCart({ ...paying, leaseMs: 60_000 });
  expect(await carryCartBack!(carts, old, id, "s")).toBe(false);
  await carts.unlockCart(paying);
  expect(await carryCartBack!(carts, old, id, "s")).toBe(true);
  expect(old.getItems(id, "s", "ticket")).toMatchObject([ticket]);
  expect(old.getItems(id, "s", "menu")).toMatchObject([{ itemId: "m", quantity: 1 }]);
  // There is nothing left, and it may be edited.
  expect(await carryCartBack!(carts, old, id, "s")).toBe(true);
  expect(old.getItems(id, "s", "menu")).toHaveLength(1);
  await carts.addItem({ userId: id, sessionId: "s", instance: "menu" }, ticket);
});

test("locks of documents: over and back, for the time that is left, never past another's", async () => {
  const { carryLocks } = await importSnippets("docs/migrate/document-locks.md");
  const service = createLockingService({ table, dynamodb });
  const old = createOldDocumentLocks();
  await old.acquireLock(`${id}/1`, "ann", { username: "Ann", sessionId: "tab", ttl: 60 });
  await old.acquireLock(`${id}/2`, "ann", { ttl: 60 });
  await service.acquireLock(`${id}/2`, "bob");
  expect(await carryLocks!(old, service)).toEqual([`${id}/2`]);
  const found = await service.getLockInfo(`${id}/1`);
  expect(found).toMatchObject({ userId: "ann", username: "Ann", sessionId: "tab" });
  expect(found!.expiresAtMs - Date.now()).toBeLessThanOrEqual(60_000);
  expect(await service.getLockInfo(`${id}/2`)).toMatchObject({ userId: "bob" });
  expect((await old.getAllLocks()).map(({ docId }) => docId)).toEqual([`${id}/2`]);
  await old.releaseLock(`${id}/2`, "ann");
  expect(await carryLocks!(service, old)).toEqual([]);
  expect(await old.getAllLocks()).toMatchObject([
    { docId: `${id}/1`, userId: "ann", sessionId: "tab" },
    { docId: `${id}/2`, userId: "bob" },
  ]);
  expect(await service.getAllLocks()).toEqual([]);
});
