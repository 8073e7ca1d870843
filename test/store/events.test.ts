/** Events on the real engine: what they cost, how they are numbered, and what becomes of them when something fails. */
import { beforeAll, expect, inject, test } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import { anyEvent } from "../../shared/api/events.ts";
import { createEventService } from "../../shared/events/event-service.ts";
import type { ShopEvent } from "../../shared/events/event.ts";
import { createPublishingService } from "../../shared/events/publishing-service.ts";
import { createToldService } from "../../shared/events/told-service.ts";
import { inventoryService } from "../../shared/shop.ts";
import type { Database } from "../../shared/table/database.ts";
import type { ItemChange } from "../../shared/table/stream.ts";
import type { Key, Row } from "../../shared/table/write.ts";
import { createWorld, giveItem, metered, type World } from "../support/world.ts";

const nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
let world: World;
let serial = 100;

beforeAll(async () => {
  world = await createWorld(inject("dynamoDbEndpoint"), clock);
});

const eventsOver = (database: Database) =>
  createEventService({ database, clock, inventory: inventoryService(world.parts), lowStock: 2 });
const record = (...changes: ItemChange[]) => eventsOver(world.database).record(changes);

function changeOf(key: Key, before: Row | undefined, after: Row | undefined): ItemChange {
  serial += 1;
  const images = { ...(before && { before }), ...(after && { after }) };
  const sequence = String(serial);
  return { eventId: `e${serial}`, sequence, key, atMs: clock(), byTtl: false, ...images };
}

const line = {
  itemId: "mug",
  name: "Mug",
  kind: "Retail",
  vendorId: null,
  quantity: 2,
  unitPriceMinor: 500,
  lineTotalMinor: 1_000,
  adjustmentMinor: 0,
};
const orderRow = (orderId: string, status: string, more: Row = {}): Row => {
  const change = { action: `order.${status}`, actor: "alice", atMs: nowMs };
  const facts = { orderId, userId: "alice", vendorId: null, lines: [line], totalMinor: 1_000 };
  const person = { customer: { email: "alice@example.com" }, shipTo: '{"street":"Elm"}' };
  return { ...facts, ...person, currency: "EUR", status, change, ...more };
};
const placed = (orderId: string) => changeOf({ orderId }, undefined, orderRow(orderId, "pending"));
const moved = (orderId: string, from: string, to: string, more?: Row) =>
  changeOf({ orderId }, orderRow(orderId, from), orderRow(orderId, to, more));

const listOf = async (resource: string) =>
  (await createToldService(world).list(resource, { limit: 100 })).rows;
const summary = (events: readonly ShopEvent[]) =>
  events.map(({ sequence, type }) => `${sequence} ${type}`);

test("an order's facts are numbered, say nothing of a person but the id, and fit the contract", async () => {
  const orderId = "ord_facts";
  await record(placed(orderId), moved(orderId, "pending", "expired"));
  const events = await listOf(`order/${orderId}`);
  expect(summary(events)).toEqual(["1 order.placed", "2 hold.expired", "3 order.expired"]);
  for (const event of events) expect(anyEvent.parse(event)).toEqual(event);
  expect(JSON.stringify(events)).not.toMatch(/example\.com|Elm/);
  expect(events[0]).toMatchObject({ actor: "alice", occurredAtMs: nowMs });
});

test("a change that comes again, alone, in pieces or after later ones, tells nothing again", async () => {
  const orderId = "ord_again";
  const [one, two] = [placed(orderId), moved(orderId, "pending", "expired")];
  for (const batch of [[one], [one], [one, two], [two], [one]]) await record(...batch);
  expect(summary(await listOf(`order/${orderId}`))).toEqual([
    "1 order.placed",
    "2 hold.expired",
    "3 order.expired",
  ]);
});

test("a change that was left out is told behind those that came meanwhile, once", async () => {
  const orderId = "ord_late";
  const [one, two] = [placed(orderId), moved(orderId, "pending", "cancelled")];
  for (const batch of [[two], [one], [two], [one]]) await record(...batch);
  expect(summary(await listOf(`order/${orderId}`))).toEqual([
    "1 order.cancelled",
    "2 order.placed",
  ]);
});

test("what comes behind a change that failed waits for it", async () => {
  const orderId = "ord_fails";
  let fails = true;
  const failing: Database = {
    ...world.database,
    apply: (...given) => (fails ? Promise.reject(new Error("no")) : world.database.apply(...given)),
  };
  const changes = [placed(orderId), moved(orderId, "pending", "cancelled")];
  const { failed } = await eventsOver(failing).record(changes);
  expect(failed.map(({ change }) => change)).toEqual(changes);
  fails = false;
  expect((await eventsOver(failing).record(changes)).failed).toEqual([]);
  expect(summary(await listOf(`order/${orderId}`))).toEqual([
    "1 order.placed",
    "2 order.cancelled",
  ]);
});

test("an item is sold out, back and low as its units say, once each", async () => {
  const itemId = "events-mug";
  const item = await giveItem(world, { itemId, quantity: 3 });
  const setTo = async (from: number, to: number) => {
    const key = { itemId, shard: 0 };
    const [before, after] = [from, to].map((available) => ({ ...item, ...key, available }));
    const { database } = world;
    await database.strew("Stock", { put: [after as Row] });
    return changeOf(key, before as Row, after as Row);
  };
  const changes: ItemChange[] = [];
  for (const [from, to] of [
    [3, 2],
    [2, 1],
    [1, 0],
    [0, 3],
  ] as const) {
    changes.push(await setTo(from, to));
    await record(...changes);
  }
  expect(summary(await listOf(`item/${itemId}`))).toEqual([
    "1 item.low",
    "2 item.sold_out",
    "3 item.back_in_stock",
  ]);
});

test("an order from placed to paid takes 12 requests and 6 write units, none of them on a request's path", async () => {
  const orderId = "ord_cost";
  const bus: ShopEvent[][] = [];
  const send = async (events: readonly ShopEvent[]) => {
    bus.push([...events]);
    return new Set(events.map(({ id }) => id));
  };
  const publishing = createPublishingService({ ...world, send });
  const payment = { provider: "sandbox", transactionId: "t", paymentId: "p", capturedMinor: 1_000 };
  const change = { action: "cart.checkout", actor: "alice", atMs: nowMs };
  const cart = (version: number): Row => ({ cartId: "alice/cost", version, change });
  const { meter } = await metered(async () => {
    const first = await record(placed(orderId));
    await publishing.publish(first.events);
    const second = await record(
      moved(orderId, "pending", "paid", { payment: { ...payment, capturedAtMs: nowMs } }),
      changeOf({ cartId: "alice/cost" }, cart(1), cart(2)),
    );
    await publishing.publish(second.events);
  });
  expect(bus.map((wave) => wave.map(({ type }) => type).toSorted())).toEqual([
    ["order.placed"],
    ["cart.updated", "order.paid"],
  ]);
  // For each of three facts a query and a put; for each resource of a batch what has left, read and written.
  expect(meter.requests).toBe(12);
  expect(meter.writeUnits).toBe(6);
  // A change that tells nothing costs nothing.
  const note = { ...orderRow(orderId, "paid"), revision: 2 };
  const { meter: silent } = await metered(() =>
    record(changeOf({ orderId }, orderRow(orderId, "paid"), note)),
  );
  expect(silent.requests).toBe(0);
});

test("what the bus refuses is held up with everything behind it, and leaves in order once it is taken", async () => {
  const orderId = "ord_held";
  const sent: string[] = [];
  let refuses = true;
  const send = async (events: readonly ShopEvent[]) => {
    const taken = refuses ? [] : events;
    sent.push(...taken.map(({ sequence, type }) => `${sequence} ${type}`));
    return new Set(taken.map(({ id }) => id));
  };
  const { publish } = createPublishingService({ ...world, send });
  const first = await record(placed(orderId));
  expect(await publish(first.events)).toEqual([{ resource: `order/${orderId}`, error: undefined }]);
  const second = await record(moved(orderId, "pending", "cancelled"));
  refuses = false;
  // The first one was given up: it leaves before the second, and is passed over when it is handed over again.
  expect(await publish(second.events)).toEqual([]);
  expect(await publish(first.events)).toEqual([]);
  expect(sent).toEqual(["1 order.placed", "2 order.cancelled"]);
});
