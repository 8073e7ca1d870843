/** The line for a sold-out item: who is served when, what it costs, and that nobody passes it. */
import { beforeAll, expect, inject, test } from "vitest";
import type { ItemStanding } from "../../../shared/inventory/line/item-line.ts";
import { turnMs } from "../../../shared/inventory/line/item-line.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { maxWaiters, placeMs } from "../../../shared/locks/line.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import { inventoryService, itemLineService } from "../../../shared/shop.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import {
  createWorld,
  errorOf,
  giveItem,
  metered,
  unitsOf,
  holdMs,
  type World,
} from "../../support/world.ts";

let world: World;
let time: TestClock;
let line: ReturnType<typeof itemLineService>;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  line = itemLineService(world.parts);
});

let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

const order = (userId: string, itemId: string, more: Partial<PlaceOrder> = {}) =>
  world.orders.place({
    userId,
    actor: { id: userId },
    source: { kind: "items", items: [{ itemId, quantity: 1 }] },
    paymentMethod: "sandbox",
    ...more,
  });
const join = (userId: string, itemId: string) =>
  line.join({ itemId, userId, actor: { id: userId } });
const ask = (userId: string, itemId: string, ticket: string) =>
  line.ask({ itemId, ticket, userId, actor: { id: userId } });
const leave = (userId: string, itemId: string, ticket: string) =>
  line.leave({ itemId, ticket, userId, actor: { id: userId } });
const cancel = (orderId: string, userId: string) =>
  world.orders.cancel(orderId, { userId, isAdmin: false }, { id: userId });

async function placeOf(standing: Promise<ItemStanding>) {
  const found = await standing;
  if (!("place" in found)) throw new Error("It is one's turn already");
  return found.place;
}
async function turnOf(standing: Promise<ItemStanding>) {
  const found = await standing;
  if (!("turn" in found)) throw new Error("It is not one's turn yet");
  return found.turn;
}
const requestsOf = async (work: () => Promise<unknown>) => (await metered(work)).meter.requests;

/** An item whose units are all held by one order each. */
async function soldOut(quantity = 1, more = {}) {
  const itemId = unique("item");
  await giveItem(world, { itemId, quantity, ...more });
  const orders: string[] = [];
  for (let unit = 0; unit < quantity; unit += 1) {
    orders.push((await order("holder", itemId)).order.orderId);
  }
  return { itemId, orders };
}

test("join 2 requests, tell a place 1, keep it 2, a turn 2 and then 1; an order with it 3 @long", async () => {
  const { itemId, orders } = await soldOut();
  let ticket = "";
  expect(await requestsOf(async () => (ticket = (await placeOf(join("ann", itemId))).ticket))).toBe(
    2,
  );
  expect(await requestsOf(() => join("bob", itemId))).toBe(2);
  expect(await requestsOf(() => ask("ann", itemId, ticket))).toBe(1);
  time.advance(placeMs / 2);
  expect(await requestsOf(() => ask("ann", itemId, ticket))).toBe(2);
  await cancel(orders[0]!, "holder");
  expect(await requestsOf(() => turnOf(ask("ann", itemId, ticket)))).toBe(2);
  expect(await requestsOf(() => turnOf(ask("ann", itemId, ticket)))).toBe(1);
  const tickets = [{ itemId, ticket }];
  const { result, meter } = await metered(() =>
    order("ann", itemId, { tickets, idempotencyKey: "k" }),
  );
  expect(meter.requests).toBe(3);
  const stock = (await findStock(world.database, itemId))!;
  expect(unitsOf(stock)).toBe(1);
  expect(stock).toMatchObject({ available: 0, held: 1 });
  const again = await order("ann", itemId, { tickets, idempotencyKey: "k" });
  expect(again).toMatchObject({ replayed: true, order: { orderId: result.order.orderId } });
  expect(await errorOf(ask("ann", itemId, ticket))).toMatchObject({ code: "TICKET_NOT_FOUND" });
});

test("first come, first served; nobody passes the line, and the dead cost nothing @long", async () => {
  const { itemId, orders } = await soldOut();
  const tickets: string[] = [];
  for (const who of ["dead", "one", "two"]) tickets.push((await placeOf(join(who, itemId))).ticket);
  time.advance(placeMs - 1);
  for (const [index, who] of ["", "one", "two"].entries()) {
    if (who) expect((await placeOf(ask(who, itemId, tickets[index]!))).position).toBe(index + 1);
  }
  time.advance(2);
  await cancel(orders[0]!, "holder");
  expect((await errorOf(order("stranger", itemId)))["failedItems"]).toEqual([
    { itemId, reason: "insufficient_stock", available: 0, requested: 1 },
  ]);
  expect((await placeOf(ask("two", itemId, tickets[2]!))).position).toBe(2);
  await turnOf(ask("one", itemId, tickets[1]!));
  expect(await errorOf(order("stranger", itemId))).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
  expect((await placeOf(ask("two", itemId, tickets[2]!))).position).toBe(1);
});

test("a turn that is not used passes on when it is over, also to strangers once nobody waits @long", async () => {
  const { itemId, orders } = await soldOut();
  const first = await placeOf(join("ann", itemId));
  const second = await placeOf(join("bob", itemId));
  await cancel(orders[0]!, "holder");
  const { endsAtMs } = await turnOf(ask("ann", itemId, first.ticket));
  expect(endsAtMs - time.clock()).toBeGreaterThanOrEqual(turnMs);
  for (let asked = 0; asked < 4; asked += 1) {
    time.advance(10_000);
    if (time.clock() < endsAtMs) await placeOf(ask("bob", itemId, second.ticket));
  }
  await turnOf(ask("bob", itemId, second.ticket));
  const late = { tickets: [{ itemId, ticket: first.ticket }] };
  expect(await errorOf(order("ann", itemId, late))).toMatchObject({ code: "TICKET_NOT_FOUND" });
  time.advance(turnMs + 1_000);
  // Its line has ended with the last turn: an order costs what any order does that takes something over.
  expect(await requestsOf(() => order("stranger", itemId))).toBe(3);
  expect(unitsOf((await findStock(world.database, itemId))!)).toBe(1);
});

test("a line in which everybody is gone bars nobody", async () => {
  const { itemId, orders } = await soldOut();
  await placeOf(join("ann", itemId));
  await cancel(orders[0]!, "holder");
  time.advance(placeMs + 1);
  // The item, the refusal, the line, its end, the order.
  expect(await requestsOf(() => order("stranger", itemId))).toBe(5);
  expect((await findStock(world.database, itemId))!.hasLine).toBeUndefined();
});

test("who leaves gives the place up; a turn given up goes to the next one at once @long", async () => {
  const { itemId, orders } = await soldOut();
  const tickets: string[] = [];
  for (const who of ["a", "b", "c"]) tickets.push((await placeOf(join(who, itemId))).ticket);
  expect(await requestsOf(() => leave("a", itemId, tickets[0]!))).toBe(1);
  await leave("c", itemId, tickets[1]!);
  expect((await placeOf(ask("b", itemId, tickets[1]!))).position).toBe(1);
  await cancel(orders[0]!, "holder");
  await turnOf(ask("b", itemId, tickets[1]!));
  expect(await requestsOf(() => leave("b", itemId, tickets[1]!))).toBe(4);
  expect(await requestsOf(() => turnOf(ask("c", itemId, tickets[2]!)))).toBe(1);
  await leave("b", itemId, tickets[1]!);
  expect((await findStock(world.database, itemId))!).toMatchObject({ available: 0, held: 1 });
});

test("several units go to as many at once, and what is left over to whoever orders @long", async () => {
  const { itemId, orders } = await soldOut(3);
  const tickets: string[] = [];
  for (const who of ["a", "b"]) tickets.push((await placeOf(join(who, itemId))).ticket);
  for (const each of orders) await cancel(each, "holder");
  await order("stranger", itemId);
  await turnOf(ask("b", itemId, tickets[1]!));
  await turnOf(ask("a", itemId, tickets[0]!));
  expect((await findStock(world.database, itemId))!).toMatchObject({ available: 0, held: 3 });
});

test("holds that are over are taken over for the first in line", async () => {
  const { itemId } = await soldOut();
  time.advance(holdMs - 5_000);
  const { ticket } = await placeOf(join("ann", itemId));
  expect((await placeOf(ask("ann", itemId, ticket))).estimatedWaitMs).toBeLessThanOrEqual(65_000);
  for (let asked = 0; asked < 7; asked += 1) {
    time.advance(10_000);
    const standing = await ask("ann", itemId, ticket);
    if ("turn" in standing) {
      await order("ann", itemId, { tickets: [{ itemId, ticket }] });
      return;
    }
  }
  throw new Error("The hold never ended");
});

test("one place for each shopper, however often and by how many requests at once it is asked for @long", async () => {
  const { itemId } = await soldOut();
  const asked = await Promise.all(Array.from({ length: 6 }, () => placeOf(join("ann", itemId))));
  expect(new Set(asked.map(({ ticket }) => ticket)).size).toBe(1);
  const many = await Promise.all(
    Array.from({ length: 8 }, (_, index) => placeOf(join(`w${index}`, itemId))),
  );
  expect(many.map(({ position }) => position).toSorted((a, b) => a - b)).toEqual([
    2, 3, 4, 5, 6, 7, 8, 9,
  ]);
});

test("at most 32 wait; the next one is told when to come back @long", async () => {
  const { itemId } = await soldOut();
  for (let index = 0; index < maxWaiters; index += 1) await placeOf(join(`w${index}`, itemId));
  const full = await errorOf(join("late", itemId));
  expect(full).toMatchObject({ code: "LINE_CLOSED" });
  expect(full["fields"]).toMatchObject({
    reason: "full",
    lockedUntilMs: time.clock() + placeMs,
  });
  time.advance(placeMs + 1);
  expect((await placeOf(join("late", itemId))).position).toBe(1);
});

test("there is no line where there are units, none is held, or the item is not sold like this", async () => {
  const whyNot = async (itemId: string) =>
    (await errorOf(join("ann", itemId)))["fields"] as { reason: string };
  const open = unique("item");
  await giveItem(world, { itemId: open });
  expect(await whyNot(open)).toEqual({ reason: "not_sold_out" });
  const empty = unique("item");
  await giveItem(world, { itemId: empty, quantity: 0 });
  expect(await whyNot(empty)).toEqual({ reason: "nothing_held" });
  expect(await errorOf(join("ann", "no-such"))).toMatchObject({ code: "ITEM_NOT_FOUND" });
  const inventory = inventoryService(world.parts);
  const root = { id: "root" };
  const gone = await soldOut();
  await inventory.change(gone.itemId, { archived: true }, root);
  expect(await whyNot(gone.itemId)).toEqual({ reason: "not_for_sale" });
  const spread = unique("item");
  await giveItem(world, { itemId: spread, quantity: 4 });
  await inventory.change(spread, { shards: 2 }, root);
  expect(await whyNot(spread)).toEqual({ reason: "several_rows" });
  const waited = await soldOut();
  await placeOf(join("ann", waited.itemId));
  await inventory.change(waited.itemId, { shards: 2 }, root);
  const { away = 0 } = (await findStock(world.database, waited.itemId))!;
  expect(away).toBe(0);
});

test("a turn makes one order of one unit, and nobody else's", async () => {
  const { itemId, orders } = await soldOut();
  const { ticket } = await placeOf(join("ann", itemId));
  const tickets = [{ itemId, ticket }];
  const refusal = (work: Promise<unknown>) => errorOf(work).then(({ code }) => code);
  expect(await refusal(order("ann", itemId, { tickets }))).toBe("TICKET_NOT_FOUND");
  await cancel(orders[0]!, "holder");
  await turnOf(ask("ann", itemId, ticket));
  expect(await refusal(order("eve", itemId, { tickets }))).toBe("TICKET_NOT_FOUND");
  const source = { kind: "items" as const, items: [{ itemId, quantity: 2 }] };
  expect(await refusal(order("ann", itemId, { tickets, source }))).toBe("INVALID_REQUEST");
  const tries = await Promise.allSettled([
    order("ann", itemId, { tickets, idempotencyKey: "one" }),
    order("ann", itemId, { tickets, idempotencyKey: "two" }),
  ]);
  expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const stock = (await findStock(world.database, itemId))!;
  expect(stock).toMatchObject({ available: 0, held: 1 });
  expect(unitsOf(stock)).toBe(1);
});

test("an exclusive item has a line, and what costs nothing is sold out of a turn at once", async () => {
  const { itemId, orders } = await soldOut(1, { holdPolicy: "exclusive" });
  const { ticket } = await placeOf(join("ann", itemId));
  await cancel(orders[0]!, "holder");
  await turnOf(ask("ann", itemId, ticket));
  const price = { amountMinor: 0, currency: "EUR" };
  await inventoryService(world.parts).change(itemId, { price }, { id: "root" });
  const placed = await order("ann", itemId, { tickets: [{ itemId, ticket }] });
  expect(placed.order.status).toBe("paid");
  expect((await findStock(world.database, itemId))!).toMatchObject({
    available: 0,
    held: 0,
    sold: 1,
  });
});

test("while the shop does not sell the item its line serves nobody, for two requests, and goes on afterwards", async () => {
  const { itemId, orders } = await soldOut();
  const place = await placeOf(join("ann", itemId));
  const inventory = inventoryService(world.parts);
  await inventory.change(itemId, { archived: true }, { id: "root" });
  await cancel(orders[0]!, "holder");
  for (const again of [() => ask("ann", itemId, place.ticket), () => join("ann", itemId)]) {
    const { result, meter } = await metered(() => errorOf(again()));
    expect(result).toMatchObject({ code: "LINE_CLOSED", fields: { reason: "not_for_sale" } });
    expect(meter.requests).toBeLessThanOrEqual(2);
  }
  await inventory.change(itemId, { archived: false }, { id: "root" });
  expect(await turnOf(ask("ann", itemId, place.ticket))).toMatchObject({ ticket: place.ticket });
});

test("several rows that are wanted while somebody waits are dealt out after the line; nobody joins it any more", async () => {
  const inventory = inventoryService(world.parts);
  const { itemId, orders } = await soldOut(4);
  const [ann, bob] = [await placeOf(join("ann", itemId)), await placeOf(join("bob", itemId))];
  const wish = () => inventory.change(itemId, { shards: 2 }, { id: "root" });
  await wish();
  expect(await errorOf(join("cy", itemId))).toMatchObject({
    code: "LINE_CLOSED",
    fields: { reason: "several_rows" },
  });
  const stock = async () => (await findStock(world.database, itemId))!;
  // Nobody has the item to himself for it, not even for a moment.
  expect(await stock()).not.toHaveProperty("turningUntilMs");
  for (const orderId of orders.slice(0, 2)) await cancel(orderId, "holder");
  expect(await errorOf(order("stranger", itemId))).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
  for (const [userId, { ticket }] of [
    ["ann", ann],
    ["bob", bob],
  ] as const) {
    await turnOf(ask(userId, itemId, ticket));
    await order(userId, itemId, { tickets: [{ itemId, ticket }] });
  }
  await cancel(orders[2]!, "holder");
  await order("stranger", itemId);
  await cancel(orders[3]!, "holder");
  await wish();
  expect(await stock()).toMatchObject({ shards: 2, rows: 2, away: 1 });
});
