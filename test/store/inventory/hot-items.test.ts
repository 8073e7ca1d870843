/** Items that are sold from many rows at once, on the real engine: reserved, paid, given back, merged. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { DeleteCommand, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { changeNote } from "../../../shared/base/actor.ts";
import { later } from "../../../shared/base/time.ts";
import { manyBuckets } from "../../../shared/inventory/buckets.ts";
import { holdWrite } from "../../../shared/inventory/hold-store.ts";
import { transactOpening } from "../../../shared/inventory/hot/opening.ts";
import { pickPart, rowKey, settlementParts } from "../../../shared/inventory/hot/row-place.ts";
import { findRows, findWhole } from "../../../shared/inventory/hot/rows-store.ts";
import { settleSoldWrite } from "../../../shared/inventory/hot/settlement-store.ts";
import { cool, gather, turnHot } from "../../../shared/inventory/hot/turning.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { createShop } from "../../../shared/shop.ts";
import { gridStepMs } from "../../../shared/inventory/deadline.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";
import { copyOfMap, sizeOfItem } from "../../sim/engine/values.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import {
  createWorld,
  errorOf,
  metered,
  paymentMs,
  wholeHoldMs,
  type World,
} from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;
type Shop = ReturnType<typeof createShop>;

let shop: Shop;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
});

/** Every test has a process of its own, which remembers nothing. */
beforeEach(() => {
  world = { ...world, parts: { ...world.parts } };
  shop = createShop(world.parts);
  money = createPayments(world);
});

const admin = { id: "admin" };
const wholePaymentMs = paymentMs + gridStepMs(paymentMs);

let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

async function hotItem(quantity: number, shards = 3): Promise<string> {
  const itemId = unique("item");
  const price = { amountMinor: 1_000, currency: "EUR" };
  const facts = { itemId, name: itemId, kind: "Ticket", price, quantity };
  await shop.inventory.create({ ...facts, holdPolicy: "counted", shards }, admin);
  return itemId;
}

async function place(itemId: string, quantity = 1, more: { key?: string; as?: Shop } = {}) {
  const { key: idempotencyKey = unique("key"), as = shop } = more;
  const source = { kind: "items", items: [{ itemId, quantity }] } as const;
  const request = { userId: "alice", actor: { id: "alice" }, source, idempotencyKey };
  return (await as.orders.place({ ...request, paymentMethod: "sandbox" })).order;
}

const callerOf = { caller: { userId: "alice", isAdmin: false }, actor: { id: "alice" } };
const start = ({ orderId }: Order) => money.payments.initiate({ orderId, ...callerOf });
const cancel = ({ orderId }: Order) => shop.orders.cancel(orderId, callerOf.caller, callerOf.actor);
const pay = (order: Order) => money.send(money.eventOf(order, "payment.captured"));
const read = async ({ orderId }: Order) => (await findOrder(world.database, orderId))!;

/** The levels of an item over all of its rows, after checking that no unit is lost in or between them. */
async function levels(itemId: string): Promise<Pick<Stock, "available" | "held" | "sold">> {
  const { main, rows } = (await findRows(world.database, { itemId }))!;
  const given = rows.reduce((sum, { received }) => sum + received, 0);
  expect(given).toBe(main.away ?? 0);
  for (const { available, held, sold, due, received } of rows) {
    expect(available).toBeGreaterThanOrEqual(0);
    expect(available + held + sold).toBe(received);
    expect(Object.values(due).reduce((sum, quantity) => sum + quantity, 0)).toBe(held);
  }
  const { available, held, sold, away = 0, received, adjusted } = main;
  expect(available + held + sold + away).toBe(received + adjusted);
  const whole = (await findWhole(world.database, itemId))!;
  return { available: whole.available, held: whole.held, sold: whole.sold };
}

const reclaim = (itemId: string) => shop.inventory.reclaim([itemId]);

describe("ordering a hot item", () => {
  it("costs three requests the first time and two from then on, none of them on its first row", async () => {
    const itemId = await hotItem(30);
    const before = await findStock(world.database, itemId);
    expect((await metered(() => place(itemId))).meter.requests).toBe(3);
    const { result, meter } = await metered(() => place(itemId));
    expect(meter).toMatchObject({ requests: 2, readUnits: 0 });
    expect(result.pieces?.[itemId]).toEqual([{ row: expect.any(Number), quantity: 1 }]);
    expect(await findStock(world.database, itemId)).toEqual(before);
    expect(await levels(itemId)).toEqual({ available: 28, held: 2, sold: 0 });
  });

  it("sells the last unit of every row, one by one and to everybody who comes at once @long", async () => {
    for (const isTogether of [false, true]) {
      const itemId = await hotItem(10);
      const answers: PromiseSettledResult<Order>[] = [];
      const buyers = Array.from({ length: 16 }, () => () => place(itemId));
      if (isTogether) answers.push(...(await Promise.allSettled(buyers.map((buy) => buy()))));
      else for (const buy of buyers) answers.push(...(await Promise.allSettled([buy()])));
      const sold = answers.filter(({ status }) => status === "fulfilled");
      expect(sold).toHaveLength(10);
      expect(await levels(itemId)).toEqual({ available: 0, held: 10, sold: 0 });
    }
  });

  it("takes from several rows what no single one has, and from the first one what came back there", async () => {
    const itemId = await hotItem(6);
    await shop.ledger.move({
      itemId,
      kind: "adjusted",
      quantity: 1,
      reference: unique("r"),
      actor: admin,
    });
    const order = await place(itemId, 7);
    const { pieces = {} } = await read(order);
    expect(pieces[itemId]!.map(({ row }) => row).toSorted()).toEqual([0, 1, 2, 3]);
    expect(await levels(itemId)).toEqual({ available: 0, held: 7, sold: 0 });
    await cancel(order);
    expect(await levels(itemId)).toEqual({ available: 7, held: 0, sold: 0 });
  });

  describe("in more rows than one transaction of its life has writes for", () => {
    const inRows = (rows: number): Promise<string> => hotItem(rows, rows);
    const placeAll = async (
      wanted: readonly (readonly [string, number])[],
      key = unique("key"),
    ) => {
      const items = wanted.map(([itemId, quantity]) => ({ itemId, quantity }));
      const source = { kind: "items", items } as const;
      const request = { userId: "alice", actor: { id: "alice" }, source, idempotencyKey: key };
      return (await shop.orders.place({ ...request, paymentMethod: "sandbox" })).order;
    };

    it("is refused, keeps nothing, and is served with a unit less: started, ended, paid and failed @long", async () => {
      const itemId = await inRows(50);
      const refused = await errorOf(place(itemId, 50));
      expect(refused).toMatchObject({ code: "TOO_LARGE", fields: { limit: 97 } });
      expect(refused["message"]).toContain(itemId);
      expect(await levels(itemId)).toEqual({ available: 50, held: 0, sold: 0 });
      const ended = await place(itemId, 48);
      await start(ended);
      expect((await cancel(ended)).status).toBe("cancelled");
      expect(await levels(itemId)).toEqual({ available: 50, held: 0, sold: 0 });
      const failed = await place(itemId, 48);
      await start(failed);
      await money.send(money.eventOf(failed, "payment.failed"));
      expect(await levels(itemId)).toEqual({ available: 50, held: 0, sold: 0 });
      const paid = await place(itemId, 48);
      await start(paid);
      await pay(paid);
      expect((await read(paid)).status).toBe("paid");
    });

    it("is refused for all of its items together, and for as many items in a row each @long", async () => {
      const [one, other] = [await inRows(30), await inRows(30)];
      const refused = await errorOf(
        placeAll([
          [one, 30],
          [other, 30],
        ]),
      );
      expect(refused["code"]).toBe("TOO_LARGE");
      const many = await Promise.all(Array.from({ length: 49 }, () => hotItem(4, 2)));
      const crowded = many.map((itemId) => [itemId, 1] as const);
      expect((await errorOf(placeAll(crowded)))["code"]).toBe("TOO_LARGE");
      for (const itemId of [one, other, ...many]) {
        expect(await levels(itemId)).toMatchObject({ held: 0 });
      }
      const order = await placeAll(crowded.slice(1));
      await start(order);
      expect((await cancel(order)).status).toBe("cancelled");
    });

    it("takes from the first row, too, where the others alone were too many @long", async () => {
      const itemId = await inRows(50);
      const came = { itemId, kind: "adjusted", quantity: 20 } as const;
      await shop.ledger.move({ ...came, reference: unique("r"), actor: admin });
      const order = await place(itemId, 60);
      expect(order.pieces?.[itemId]).toHaveLength(41);
      await start(order);
      expect((await cancel(order)).status).toBe("cancelled");
      expect(await levels(itemId)).toEqual({ available: 70, held: 0, sold: 0 });
    });

    it("is answered with its order where it was placed before, by fewer rows @long", async () => {
      const itemId = await hotItem(100, 1);
      const key = unique("key");
      const order = await place(itemId, 50, { key });
      await shop.inventory.change(itemId, { shards: 50 }, admin);
      expect((await place(itemId, 50, { key })).orderId).toBe(order.orderId);
      expect(await levels(itemId)).toEqual({ available: 50, held: 50, sold: 0 });
    });

    it("ends all the same where it was stored before that was known: time frees the rest @long", async () => {
      const [one, other] = [await inRows(46), await inRows(4)];
      /** Two orders made one, as it could once be placed: in 50 rows. */
      const placeWide = async (): Promise<Order> => {
        const [first, second] = [await place(one, 46), await place(other, 4)];
        const { client, tables } = world;
        const Key = { orderId: first.orderId };
        const { Item } = await client.send(new GetCommand({ TableName: tables.Orders, Key }));
        const lines = [...first.lines, ...second.lines];
        const pieces = { ...first.pieces, ...second.pieces };
        const wide = { ...Item, lines, pieces, totalMinor: 50_000 };
        await client.send(new PutCommand({ TableName: tables.Orders, Item: wide }));
        const gone = { orderId: second.orderId };
        await client.send(new DeleteCommand({ TableName: tables.Orders, Key: gone }));
        return read(first);
      };
      const ends: readonly ((order: Order) => Promise<unknown>)[] = [
        (order) => cancel(order),
        (order) => money.send(money.eventOf(order, "payment.failed")),
      ];
      for (const end of ends) {
        const wide = await placeWide();
        await start(wide);
        await end(wide);
        expect((await read(wide)).status).toMatch(/cancelled|failed/u);
        expect(await levels(one)).toMatchObject({ held: 0 });
        expect((await levels(other)).held).toBeGreaterThan(0);
        time.advance(wholePaymentMs);
        await reclaim(other);
        expect(await levels(other)).toEqual({ available: 4, held: 0, sold: 0 });
      }
    });

    it("is paid back when its money comes late, and the units stay for others @long", async () => {
      const ids = [await hotItem(100, 1), await hotItem(100, 1)];
      const order = await placeAll(ids.map((itemId) => [itemId, 100]));
      await start(order);
      time.advance(wholePaymentMs);
      await shop.inventory.reclaim(ids);
      for (const itemId of ids) await shop.inventory.change(itemId, { shards: 50 }, admin);
      await pay(order);
      expect((await read(order)).status).toBe("refunded");
      for (const itemId of ids) {
        expect(await levels(itemId)).toEqual({ available: 100, held: 0, sold: 0 });
      }
    });
  });

  it("is served, and told the truth, where rows count more instants than one write tidies up @long", async () => {
    const itemId = await hotItem(100, 2);
    const nowMs = time.clock();
    const note = changeNote("hold.placed", admin, nowMs);
    for (let second = 1; second <= manyBuckets + 5; second += 1) {
      const expiresAtMs = later(nowMs, (10 + second) * 1_000);
      const holds = [1, 2].map((row) => {
        const room = { over: [], reclaimedThroughMs: 0 };
        const wish = { itemId, row, quantity: 1, orderId: "other", expiresAtMs, nowMs };
        return holdWrite({ ...wish, room, note });
      });
      await world.database.transact(holds);
    }
    let reads = 0;
    const readSome = (...args: Parameters<typeof world.database.getMany>) => {
      if ((reads += 1) > 100) throw new Error("It looks at the rows over and over");
      return world.database.getMany(...args);
    };
    const as = createShop({ ...world.parts, database: { ...world.database, getMany: readSome } });
    // One look at the item, one at its rows; the next one knows the item.
    expect((await metered(() => place(itemId, 1, { as }))).meter.requests).toBeLessThanOrEqual(6);
    expect((await metered(() => place(itemId, 1, { as }))).meter.requests).toBeLessThanOrEqual(5);
    const order = await place(itemId, 7, { as });
    expect(order.pieces?.[itemId]?.every((piece) => Object.keys(piece).length === 2)).toBe(true);
    expect((await errorOf(place(itemId, 2, { as })))["code"]).toBe("ITEMS_UNAVAILABLE");
    expect(await levels(itemId)).toEqual({ available: 1, held: 99, sold: 0 });
  });

  it("closes no more of what is over than the next buyer needs, and leaves the rest to the others @long", async () => {
    const itemId = await hotItem(6);
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([place(itemId), place(itemId)]);
      time.advance(gridStepMs(wholeHoldMs));
    }
    expect((await levels(itemId)).available).toBe(0);
    time.advance(wholeHoldMs);
    const bucketsOf = async () => {
      const { rows } = (await findRows(world.database, { itemId }))!;
      return rows.reduce((sum, { due }) => sum + Object.keys(due).length, 0);
    };
    const before = await bucketsOf();
    await place(itemId);
    // The buckets of one row were closed, and the new hold is in one of its own.
    const after = await bucketsOf();
    expect(after).toBeLessThanOrEqual(before);
    expect(after).toBeGreaterThan(2);
    for (let rest = 0; rest < 5; rest += 1) await place(itemId);
    expect(await levels(itemId)).toEqual({ available: 0, held: 6, sold: 0 });
  });

  it("closes nothing more once its patience is over, and goes on from there @long", async () => {
    const itemId = await hotItem(20, 20);
    await place(itemId, 20);
    time.advance(wholeHoldMs);
    // Every look at this clock takes its time.
    const clock = () => {
      time.advance(10);
      return time.clock();
    };
    const slow = createShop({ ...world.parts, clock });
    const nowMs = time.clock();
    const times = { deadlineMs: nowMs + 60_000, patientUntilMs: nowMs + 300 };
    const refused = await runOperation({ meter: newMeter(), ...times }, () =>
      errorOf(place(itemId, 20, { as: slow })),
    );
    expect(refused["code"]).toBe("TRY_AGAIN");
    const { available } = await levels(itemId);
    expect(available).toBeGreaterThan(0);
    expect(available).toBeLessThan(20);
    await place(itemId, 20);
  });

  it("refuses more than the rows have together, and keeps nothing of it", async () => {
    const itemId = await hotItem(6);
    const refused = await errorOf(place(itemId, 7));
    const failedItems = [{ itemId, reason: "insufficient_stock", available: 6, requested: 7 }];
    expect(refused).toMatchObject({ code: "ITEMS_UNAVAILABLE", fields: { failedItems } });
    expect(await levels(itemId)).toEqual({ available: 6, held: 0, sold: 0 });
    await place(itemId, 6);
  });

  it("answers further buyers of a sold-out item from memory for a moment, and keys all the same", async () => {
    const itemId = await hotItem(2);
    const key = unique("key");
    const order = await place(itemId, 2, { key });
    await errorOf(place(itemId));
    const { result, meter } = await metered(() => errorOf(place(itemId)));
    expect(result["code"]).toBe("ITEMS_UNAVAILABLE");
    expect(meter.requests).toBe(1);
    expect((await place(itemId, 2, { key })).orderId).toBe(order.orderId);
    await cancel(order);
    time.advance(250);
    await place(itemId, 2);
  });

  it("costs a crowd at an empty shelf less and less: who finds out, who hears of it, who remembers", async () => {
    const itemId = await hotItem(2);
    await place(itemId, 2);
    const processes = [shop, createShop({ ...world.parts }), createShop({ ...world.parts })];
    const costs = async (as: Shop) => {
      const { result, meter } = await metered(() => errorOf(place(itemId, 1, { as })));
      expect(result["code"]).toBe("ITEMS_UNAVAILABLE");
      return { requests: meter.requests, writeUnits: meter.writeUnits };
    };
    const [finder, hearer, other] = processes as [Shop, Shop, Shop];
    expect([await costs(finder), await costs(hearer), await costs(finder)]).toEqual([
      { requests: 6, writeUnits: 2 },
      { requests: 4, writeUnits: 1 },
      { requests: 1, writeUnits: 0 },
    ]);
    expect(await costs(hearer)).toEqual({ requests: 1, writeUnits: 0 });
    // Nobody renews what is known, so that units which come back are found.
    time.advance(250);
    expect((await costs(other)).requests).toBeGreaterThan(4);
  });

  it("gives a reservation back when the order exists, and answers with that", async () => {
    const itemId = await hotItem(9);
    const key = unique("key");
    const first = await place(itemId, 1, { key });
    const others = await Promise.all(Array.from({ length: 8 }, () => place(itemId, 1, { key })));
    for (const { orderId } of others) expect(orderId).toBe(first.orderId);
    expect(await levels(itemId)).toEqual({ available: 8, held: 1, sold: 0 });
  });

  it("is refused at another price, and takes the new one where the shopper named none", async () => {
    const itemId = await hotItem(9);
    await place(itemId);
    const price = { amountMinor: 1_500, currency: "EUR" };
    await createShop({ ...world.parts }).inventory.change(itemId, { price }, admin);
    expect((await place(itemId)).totalMinor).toBe(1_500);
    expect(await levels(itemId)).toEqual({ available: 7, held: 2, sold: 0 });
  });
});

describe("money for a hot item", () => {
  it("is taken without touching the rows that buyers fight for, and counts when its bucket is over", async () => {
    const itemId = await hotItem(9);
    const order = await place(itemId, 2);
    const before = await findRows(world.database, { itemId });
    await start(order);
    await pay(await read(order));
    expect((await read(order)).status).toBe("paid");
    expect(await findRows(world.database, { itemId })).toEqual(before);
    time.advance(wholePaymentMs);
    await reclaim(itemId);
    expect(await levels(itemId)).toEqual({ available: 7, held: 0, sold: 2 });
    await reclaim(itemId);
    expect(await levels(itemId)).toEqual({ available: 7, held: 0, sold: 2 });
  });

  it("opens a place to be counted at where nobody has paid of that second yet: two requests more, once", async () => {
    const itemId = await hotItem(30);
    const order = await place(itemId);
    const requests = async () => (await metered(() => start(order))).meter.requests;
    // By the first its hold ends at another second, where nobody is counted either.
    expect([await requests(), await requests(), await requests()]).toEqual([4, 4, 2]);
  });

  it("leaves no more settlement rows behind than those of the last end of each row @long", async () => {
    const itemId = await hotItem(30);
    const listKept = async () => {
      const { rows } = await world.database.scan({ table: "Stock", limit: 1_000 });
      const settled = rows.filter((row) => row["item"] === itemId && row["due"] === undefined);
      return settled.filter((row) => row["ttlSeconds"] === undefined).length;
    };
    for (let round = 0; round < 4; round += 1) {
      const orders = [await place(itemId, 2), await place(itemId, 2), await place(itemId, 2)];
      for (const order of orders.slice(1)) await start(order);
      await pay(orders[1]!);
      time.advance(wholeHoldMs);
      await reclaim(itemId);
      time.advance(wholePaymentMs);
      await reclaim(itemId);
      expect(await listKept()).toBeLessThanOrEqual(3 * 16);
    }
    expect(await levels(itemId)).toEqual({ available: 22, held: 0, sold: 8 });
  });

  it("that never comes leaves the units to the next buyer at the very instant, without any sweep @long", async () => {
    const itemId = await hotItem(3);
    await Promise.all([place(itemId), place(itemId), place(itemId)]);
    expect((await errorOf(place(itemId)))["code"]).toBe("ITEMS_UNAVAILABLE");
    time.advance(wholeHoldMs);
    const buyers = Array.from({ length: 5 }, () => place(itemId));
    const sold = (await Promise.allSettled(buyers)).filter(({ status }) => status === "fulfilled");
    expect(sold).toHaveLength(3);
    expect(await levels(itemId)).toEqual({ available: 0, held: 3, sold: 0 });
  });

  it("lets go at once of what is cancelled, before and after a payment has started @long", async () => {
    const itemId = await hotItem(3);
    for (const isStarted of [false, true]) {
      const order = await place(itemId, 3);
      if (isStarted) await start(order);
      await cancel(order);
      expect(await levels(itemId)).toEqual({ available: 3, held: 0, sold: 0 });
    }
    time.advance(wholePaymentMs);
    await reclaim(itemId);
    expect(await levels(itemId)).toEqual({ available: 3, held: 0, sold: 0 });
  });

  it("moves a hold on until its own deadline: others take over only what has ended", async () => {
    const itemId = await hotItem(3);
    const order = await place(itemId, 2);
    await start(order);
    time.advance(wholeHoldMs);
    await reclaim(itemId);
    expect((await errorOf(place(itemId, 2)))["code"]).toBe("ITEMS_UNAVAILABLE");
    expect(await levels(itemId)).toEqual({ available: 1, held: 2, sold: 0 });
    await cancel(order);
    expect(await levels(itemId)).toEqual({ available: 3, held: 0, sold: 0 });
  });

  it("that comes late takes the units again, or is paid back when they are gone @long", async () => {
    const itemId = await hotItem(3);
    const [kept, gone] = [await place(itemId), await place(itemId, 2)];
    await start(kept);
    await start(gone);
    time.advance(wholePaymentMs);
    await place(itemId, 2);
    await pay(await read(kept));
    expect((await read(kept)).status).toBe("paid");
    // The next buyer has closed no more than was needed: this sale may wait in a bucket that is over.
    await reclaim(itemId);
    expect(await levels(itemId)).toEqual({ available: 0, held: 2, sold: 1 });
    await pay(await read(gone));
    expect((await read(gone)).status).not.toBe("paid");
    expect(await levels(itemId)).toEqual({ available: 0, held: 2, sold: 1 });
  });

  it("goes back and brings the units back, before and after the bucket of the sale is over @long", async () => {
    for (const isOver of [false, true]) {
      const itemId = await hotItem(3);
      const order = await place(itemId, 2);
      await start(order);
      await pay(await read(order));
      if (isOver) time.advance(wholePaymentMs);
      if (isOver) await reclaim(itemId);
      const { orderId } = order;
      await money.payments.refund({ orderId, reason: "broken", actor: admin });
      expect((await levels(itemId)).available).toBe(3);
      time.advance(wholePaymentMs);
      await reclaim(itemId);
      expect(await levels(itemId)).toEqual({ available: 3, held: 0, sold: 0 });
    }
  });
});

describe("lines of a hot item that come back", () => {
  it("can be bought again at once, unit by unit, whichever rows have sold them @long", async () => {
    const itemId = await hotItem(6);
    const order = await place(itemId, 5);
    await start(order);
    await pay(await read(order));
    const { orderId } = order;
    for (const [index, restock] of [true, false, true].entries()) {
      const lines = [{ lineId: itemId, quantity: 1, restock }];
      const wish = { orderId, reason: "broken", lines, reference: `r${index}`, actor: admin };
      await Promise.all([money.payments.refund(wish), money.payments.refund(wish)]);
    }
    expect((await levels(itemId)).available).toBe(3);
    time.advance(wholePaymentMs);
    await reclaim(itemId);
    expect(await levels(itemId)).toEqual({ available: 3, held: 0, sold: 3 });
    await money.payments.refund({ orderId, reason: "broken", actor: admin });
    expect(await levels(itemId)).toEqual({ available: 5, held: 0, sold: 1 });
  });
});

describe("a hot item that nobody orders any more", () => {
  it("has true levels after a sweep: what was paid is sold, and what never became an order is to be had", async () => {
    const itemId = await hotItem(9);
    const [order] = [await place(itemId, 2), await place(itemId)];
    await start(order);
    await pay(await read(order));
    // Its process dies between reservation and order.
    const { rows } = (await findRows(world.database, { itemId }))!;
    const { row } = rows.find(({ available }) => available > 0)!;
    const times = { nowMs: time.clock(), expiresAtMs: later(time.clock(), wholeHoldMs) };
    const note = changeNote("order.placed", { id: "bob" }, time.clock());
    await world.database.apply(
      holdWrite({ itemId, row, quantity: 1, orderId: unique("order"), note, ...times }),
    );
    expect(await levels(itemId)).toEqual({ available: 5, held: 4, sold: 0 });
    time.advance(2 * wholePaymentMs);
    await money.sweep({ id: "sweep" });
    expect(await levels(itemId)).toEqual({ available: 7, held: 0, sold: 2 });
  });

  it("comes together once its crowd is gone, and leaves the list of the sweep", async () => {
    const itemId = await hotItem(12, 1);
    await turnHot(world.parts, (await findStock(world.database, itemId))!, 3);
    const order = await place(itemId);
    await start(order);
    await pay(await read(order));
    const isListed = async () =>
      (await world.database.get("Stock", { itemId: `${itemId}#1`, shard: 1 }))?.["catalog"];
    expect(await isListed()).toBe("spread");
    time.advance(12 * wholePaymentMs);
    await money.sweep({ id: "sweep" });
    const stock = (await findStock(world.database, itemId))!;
    expect(stock).toMatchObject({ available: 11, sold: 1, held: 0, away: 0 });
    expect(stock).not.toHaveProperty("shards");
    await money.sweep({ id: "sweep" });
    expect(await isListed()).toBeUndefined();
  });

  it("costs a sweep a request for each, and nothing of what orders do", async () => {
    const itemId = await hotItem(9);
    await place(itemId);
    const sweep = () => shop.inventory.reclaimSpread(() => true);
    time.advance(2 * wholePaymentMs);
    await sweep();
    const before = (await metered(sweep)).meter;
    await hotItem(5);
    const after = (await metered(sweep)).meter;
    expect(after.requests - before.requests).toBe(1);
    expect(after.writeUnits).toBe(0);
  });
});

describe("what is over of a hot item", () => {
  /** So many orders whose time is over, one of each row at each of three instants. */
  async function overdue(shards: number, perBucket: number): Promise<string> {
    const itemId = await hotItem(3 * shards * perBucket, shards);
    for (let round = 0; round < 3; round += 1) {
      for (let row = 1; row <= shards; row += 1) {
        const times = { nowMs: time.clock(), expiresAtMs: later(time.clock(), wholeHoldMs) };
        const note = changeNote("order.placed", { id: "bob" }, time.clock());
        const orderId = unique("order");
        await world.database.apply(
          holdWrite({ itemId, row, quantity: perBucket, orderId, note, ...times }),
        );
      }
      time.advance(gridStepMs(wholeHoldMs));
    }
    time.advance(wholeHoldMs);
    return itemId;
  }

  it("costs its next buyer the same, however much that is: 10 requests, 10 write units", async () => {
    for (const perBucket of [1, 1_000]) {
      const itemId = await overdue(4, perBucket);
      const as = createShop({ ...world.parts });
      const { meter } = await metered(() => place(itemId, 1, { as }));
      expect(meter).toMatchObject({ requests: 10, writeUnits: 10 });
    }
  });

  it("that was all paid costs nobody a write: who asks is told so by what was counted", async () => {
    const itemId = await hotItem(6);
    for (let sold = 0; sold < 3; sold += 1) {
      const order = await place(itemId, 2);
      await start(order);
      await pay(await read(order));
      time.advance(gridStepMs(wholeHoldMs));
    }
    time.advance(2 * wholePaymentMs);
    const as = createShop({ ...world.parts });
    const before = await findRows(world.database, { itemId });
    const { result, meter } = await metered(() => errorOf(place(itemId, 1, { as })));
    expect(result).toMatchObject({ code: "ITEMS_UNAVAILABLE" });
    expect(meter.requests).toBeLessThanOrEqual(9);
    expect(await findRows(world.database, { itemId })).toEqual(before);
  });
});

describe("what is over of a row in which many have paid", () => {
  /** Some order's id that is counted in this part. */
  function idOfPart(part: number): string {
    for (;;) {
      const orderId = unique("order");
      if (pickPart(orderId) === part) return orderId;
    }
  }

  /** All 16 parts of so many buckets of a row are paid for, and in the last of all one unit is left. */
  async function paidFor(buckets: number): Promise<string> {
    const itemId = await hotItem(2 * (buckets * settlementParts + 1), 2);
    const nowMs = time.clock();
    const note = changeNote("order.placed", { id: "bob" }, nowMs);
    const hold = (row: number, quantity: number, seconds: number) => {
      const expiresAtMs = later(nowMs, seconds * 1_000);
      const holding = { itemId, row, quantity, orderId: unique("order"), note, expiresAtMs };
      return world.database.apply(holdWrite({ ...holding, nowMs }));
    };
    await hold(2, buckets * settlementParts + 1, 3_600);
    for (let second = 1; second <= buckets; second += 1) {
      await hold(1, settlementParts, second);
      const expiresAtMs = later(nowMs, second * 1_000);
      const paying = Array.from({ length: settlementParts }, async (_, part) => {
        const holding = { itemId, row: 1, quantity: 1, orderId: idOfPart(part), expiresAtMs, note };
        await transactOpening(world.database, [settleSoldWrite(holding)]);
      });
      await Promise.all(paying);
    }
    await hold(1, 1, buckets + 1);
    time.advance((buckets + 2) * 1_000);
    return itemId;
  }

  it("is to be had by the first who asks: nobody hears that they shall try again @long", async () => {
    const buckets = 12;
    const itemId = await paidFor(buckets);
    const { result, meter } = await metered(() => place(itemId));
    expect(result.pieces?.[itemId]).toEqual([{ row: 1, quantity: 1 }]);
    // Each settlement row is closed and let end once; everything else is a few requests for each two buckets.
    expect(meter.requests).toBeLessThanOrEqual(2 * buckets * settlementParts + 10 * buckets);
    expect((await levels(itemId)).sold).toBe(buckets * settlementParts);
    expect((await errorOf(place(itemId)))["code"]).toBe("ITEMS_UNAVAILABLE");
  });
});

describe("a return outside of orders", () => {
  const bringBack = (itemId: string, quantity = 1) => {
    const movement = { itemId, kind: "returned", quantity, reference: unique("return") } as const;
    return shop.ledger.move({ ...movement, actor: admin });
  };

  it("takes back what was sold just now, and no more than that, whoever else brings some back", async () => {
    const itemId = await hotItem(9);
    const order = await place(itemId, 2);
    expect((await errorOf(bringBack(itemId)))["code"]).toBe("INSUFFICIENT_STOCK");
    await start(order);
    await pay(await read(order));
    const tries = await Promise.allSettled([1, 2, 3].map(() => bringBack(itemId)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    expect((await levels(itemId)).available).toBe(9);
    time.advance(wholePaymentMs);
    await reclaim(itemId);
    expect(await levels(itemId)).toEqual({ available: 9, held: 0, sold: 0 });
    expect((await errorOf(bringBack(itemId)))["code"]).toBe("INSUFFICIENT_STOCK");
  });
});

describe("the rows of an item", () => {
  it("come and go while orders run, and no unit is lost @long", async () => {
    const itemId = await hotItem(40, 2);
    const changes = async (): Promise<void> => {
      for (const shards of [5, 1, 3, 1]) await shop.inventory.change(itemId, { shards }, admin);
    };
    const buyers = Array.from({ length: 30 }, async (_, index) => {
      const order = await place(itemId, 1, { as: createShop({ ...world.parts }) });
      if (index % 3 === 0) await cancel(order);
    });
    await Promise.all([changes(), ...buyers]);
    expect(await levels(itemId)).toEqual({ available: 20, held: 20, sold: 0 });
    time.advance(wholeHoldMs);
    await reclaim(itemId);
    expect(await levels(itemId)).toEqual({ available: 40, held: 0, sold: 0 });
    expect(await findStock(world.database, itemId)).toMatchObject({ away: 0, available: 40 });
  });

  it("stay below a kilobyte and are left alone by what only people read, however long that is", async () => {
    const itemId = unique("item");
    const price = { amountMinor: 1_000, currency: "EUR" };
    const names = { name: "ü".repeat(200), kind: "ü".repeat(64), vendorId: "v".repeat(128) };
    const item = { itemId, ...names, price, quantity: 200, holdPolicy: "counted" as const };
    await shop.inventory.create({ ...item, shards: 2, limits: { perOrder: 9 } }, admin);
    const nowMs = time.clock();
    const note = changeNote(
      "hold.placed",
      { id: "a".repeat(36), requestId: "r".repeat(36) },
      nowMs,
    );
    for (let second = 1; second < manyBuckets; second += 1) {
      const expiresAtMs = later(nowMs, (600 + second) * 1_000);
      const holding = { itemId, row: 1, quantity: 1, orderId: "o".repeat(47), expiresAtMs };
      await world.database.apply(holdWrite({ ...holding, nowMs, note }));
    }
    const readRow = () => world.database.get("Stock", rowKey(itemId, 1));
    const before = await readRow();
    expect(sizeOfItem(copyOfMap(before!))).toBeLessThan(1_024);
    const told = { name: "n".repeat(200), description: "d".repeat(2_000) };
    await shop.inventory.change(itemId, told, admin);
    expect(await readRow()).toEqual(before);
    expect(await shop.inventory.look(itemId)).toMatchObject({ ...names, ...told });
    const order = await place(itemId);
    expect(order.lines).toMatchObject([{ name: told.name, kind: names.kind }]);
  });

  it("are made once, however many turn an item hot at the same time", async () => {
    const itemId = await hotItem(50, 1);
    const stock = (await findStock(world.database, itemId))!;
    const many = 4;
    await Promise.all(Array.from({ length: 8 }, () => turnHot(world.parts, stock, many)));
    const { main, rows } = (await findRows(world.database, { itemId }))!;
    expect(rows.map(({ available }) => available)).toEqual([13, 13, 12, 12]);
    expect(main).toMatchObject({ available: 0, away: 50, shards: 4 });
    expect(main.turningUntilMs).toBeUndefined();
  });

  it("are emptied and left when the crowd is gone; the item is a plain one again @long", async () => {
    const itemId = await hotItem(50, 1);
    const stock = (await findStock(world.database, itemId))!;
    await turnHot(world.parts, stock, 4);
    const order = await place(itemId);
    time.advance(wholeHoldMs);
    await place(itemId, 1, { as: createShop({ ...world.parts }) });
    expect(await findStock(world.database, itemId)).not.toHaveProperty("shards");
    time.advance(wholeHoldMs);
    await reclaim(itemId);
    expect(await findStock(world.database, itemId)).toMatchObject({ away: 0, available: 50 });
    const fresh = createShop({ ...world.parts });
    expect((await metered(() => place(itemId, 1, { as: fresh }))).meter.requests).toBe(2);
    expect((await read(order)).status).toBe("pending");
  });

  it("are emptied in parts: no order pays for all that a crowd has left, and all of it comes together @long", async () => {
    const itemId = await hotItem(80, 1);
    await turnHot(world.parts, (await findStock(world.database, itemId))!, 4);
    const paid = 10;
    for (let round = 0; round < paid; round += 1) {
      const order = await place(itemId, 1, { as: createShop({ ...world.parts }) });
      await start(order);
      await pay(await read(order));
      time.advance(30_000);
    }
    time.advance(12 * wholePaymentMs);
    let orders = 0;
    while ((await findStock(world.database, itemId))!.away !== 0) {
      orders += 1;
      // Two buckets, of which each has 16 rows that were opened, and are to be closed and to end.
      const as = createShop({ ...world.parts });
      const { result, meter } = await metered(() => place(itemId, 1, { as }));
      expect(meter.requests).toBeLessThanOrEqual(90);
      await cancel(result);
      expect(orders).toBeLessThan(2 * paid);
      time.advance(wholeHoldMs);
    }
    expect(orders).toBeGreaterThan(1);
    const stock = (await findStock(world.database, itemId))!;
    expect(stock).toMatchObject({ available: 80 - paid, sold: paid, held: 0 });
    expect(stock).not.toHaveProperty("shards");
  });

  it("are found by an order that meets an empty first row, while they are being emptied", async () => {
    const itemId = await hotItem(9);
    const held = await place(itemId, 2);
    const stock = (await findStock(world.database, itemId))!;
    await cool(world.parts, stock);
    await place(itemId, 7);
    await cancel(held);
    await place(itemId, 2, { as: createShop({ ...world.parts }) });
    expect(await levels(itemId)).toEqual({ available: 0, held: 9, sold: 0 });
    expect((await gather(world.parts, stock)).available).toBe(0);
  });

  it("cannot be many of an exclusive item", async () => {
    const itemId = await hotItem(2);
    const order = await place(itemId);
    const change = () => shop.inventory.change(itemId, { holdPolicy: "exclusive" }, admin);
    const before = await findRows(world.database, { itemId });
    expect((await errorOf(change()))["code"]).toBe("INVALID_REQUEST");
    // Nothing is half done: it is sold from its rows as before.
    expect(await findRows(world.database, { itemId })).toEqual(before);
    await cancel(order);
    expect((await change()).holdPolicy).toBe("exclusive");
    const shards = await errorOf(shop.inventory.change(itemId, { shards: 4 }, admin));
    expect(shards["code"]).toBe("INVALID_REQUEST");
  });

  it("are told by the answer to who makes the item", async () => {
    const facts = { itemId: unique("item"), name: "Item", kind: "Ticket", quantity: 9 };
    const price = { amountMinor: 1_000, currency: "EUR" };
    const item = { ...facts, price, holdPolicy: "counted", shards: 4 } as const;
    const made = await shop.inventory.create(item, admin);
    const found = await shop.inventory.get(item.itemId);
    for (const told of [made, found]) expect(told).toMatchObject({ shards: 4, available: 9 });
  });

  it("cannot become those of an exclusive item by a crowd that spreads it at that instant", async () => {
    const itemId = await hotItem(5);
    await cool(world.parts, (await findStock(world.database, itemId))!);
    let isSpread = false;
    const database: typeof world.database = {
      ...world.database,
      // It has further rows, if empty ones: its facts are changed in all of them.
      async transact(writes, ...more) {
        if (!isSpread && JSON.stringify(writes).includes("item.change")) {
          isSpread = true;
          const stock = (await findStock(world.database, itemId))!;
          await turnHot(world.parts, stock, 3);
          await place(itemId, 1, { as: createShop({ ...world.parts }) });
        }
        return world.database.transact(writes, ...more);
      },
    };
    const { inventory } = createShop({ ...world.parts, database });
    const refused = await errorOf(inventory.change(itemId, { holdPolicy: "exclusive" }, admin));
    expect(isSpread).toBe(true);
    expect(refused["code"]).toBe("INVALID_REQUEST");
    expect((await findStock(world.database, itemId))!.holdPolicy).toBe("counted");
  });

  it("count together in the ledger, in lists, on pages and in the check @long", async () => {
    const itemId = await hotItem(9);
    await place(itemId, 2);
    const sale = { itemId, kind: "sold", quantity: 6, actor: admin } as const;
    const moved = await shop.ledger.move({ ...sale, reference: unique("till") });
    expect(moved.levels).toMatchObject({ available: 1, held: 2, sold: 6, received: 9 });
    const more = {
      itemId,
      kind: "sold",
      quantity: 2,
      reference: unique("till"),
      actor: admin,
    } as const;
    expect((await errorOf(shop.ledger.move(more)))["code"]).toBe("INSUFFICIENT_STOCK");
    expect(await shop.inventory.look(itemId)).toMatchObject({ available: 1, held: 2, sold: 6 });
    expect((await shop.overview.item(itemId)).holds).toMatchObject([{ quantity: 2 }]);
    const listed = (await shop.inventory.list({ limit: 100 })).rows;
    expect(listed.find((each) => each.itemId === itemId)).toMatchObject({ available: 1, sold: 6 });
    expect((await shop.stockCheck.run()).violations).toEqual([]);
  });
});
