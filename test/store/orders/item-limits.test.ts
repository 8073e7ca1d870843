/** How much of an item the shop gives to one order and to one shopper, on the real engine. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { parseTaken } from "../../../shared/orders/allowance-store.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { createShop } from "../../../shared/shop.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import { createWorld, errorOf, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;
let shop: ReturnType<typeof createShop>;
let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;
const admin = { id: "admin" };

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

interface Given {
  readonly limits?: { perOrder?: number; perShopper?: number };
  readonly shards?: number;
  readonly amountMinor?: number;
}

async function item({ limits, shards, amountMinor = 1_000 }: Given = {}): Promise<string> {
  const itemId = unique("item");
  const facts = { itemId, name: itemId, kind: "Ticket", quantity: 1_000, limits, shards };
  const price = { amountMinor, currency: "EUR" };
  await shop.inventory.create({ ...facts, price, holdPolicy: "counted" }, admin);
  return itemId;
}

async function place(userId: string, itemId: string, quantity = 1): Promise<Order> {
  const source = { kind: "items", items: [{ itemId, quantity }] } as const;
  const request = { userId, actor: { id: userId }, source, idempotencyKey: unique("key") };
  return (await shop.orders.place({ ...request, paymentMethod: "sandbox" })).order;
}

async function fill(userId: string, itemId: string, quantity: number): Promise<void> {
  const at = { userId, sessionId: "default", instance: "main", actor: { id: userId } };
  await shop.carts.putItems(at, [{ itemId, quantity }]);
}

async function placeCart(userId: string): Promise<Order> {
  const source = { kind: "cart", sessionId: "default" } as const;
  const request = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" } as const;
  return (await shop.orders.place(request)).order;
}

const asOwner = (userId: string) => [{ userId, isAdmin: false }, { id: userId }] as const;
const cancel = ({ orderId, userId }: Order) => shop.orders.cancel(orderId, ...asOwner(userId));
const start = ({ orderId, userId }: Order) => {
  const [caller, actor] = asOwner(userId);
  return money.payments.initiate({ orderId, caller, actor });
};
const capture = (order: Order) => money.send(money.eventOf(order, "payment.captured"));
const read = async ({ orderId }: Order) => (await findOrder(world.database, orderId))!;
const takenBy = async (userId: string, itemId: string) => {
  const shopperId = `\u001f${itemId}\u001f${userId}`;
  return parseTaken(await world.database.get("Shoppers", { shopperId }));
};
const exceeded = (name: string, value: number, itemId: string) => {
  return { code: "LIMIT_EXCEEDED", fields: { limit: { name, value, itemId } } };
};

describe.each([
  ["plain", undefined],
  ["hot", 3],
] as const)("a %s item", (_, shards) => {
  it("gives one order no more than it may have, all lines together; nothing is held", async () => {
    const itemId = await item({ limits: { perOrder: 3 }, ...(shards ? { shards } : {}) });
    expect(await errorOf(place(unique("user"), itemId, 4))).toMatchObject(
      exceeded("perOrder", 3, itemId),
    );
    const userId = unique("user");
    const at = { userId, sessionId: "default", instance: "main", actor: { id: userId } };
    await shop.carts.putItems(at, [
      { itemId, quantity: 2 },
      { itemId, quantity: 2, attributes: { colour: "red" } },
    ]);
    expect(await errorOf(placeCart(userId))).toMatchObject(exceeded("perOrder", 3, itemId));
    expect((await findStock(world.database, itemId))!.held).toBe(0);
    await fill(userId, itemId, 3);
    expect((await placeCart(userId)).status).toBe("pending");
  });

  it("gives one shopper exactly 2 of 20 parallel orders @long", async () => {
    const itemId = await item({ limits: { perShopper: 2 }, ...(shards ? { shards } : {}) });
    const userId = unique("user");
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => place(userId, itemId)));
    const refused = tries.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(tries.length - refused.length).toBe(2);
    for (const error of refused) expect(error).toMatchObject(exceeded("perShopper", 2, itemId));
    expect((await takenBy(userId, itemId)).units).toBe(2);
    expect((await shop.inventory.get(itemId)).available).toBe(998);
    expect((await place(unique("user"), itemId)).status).toBe("pending");
  });

  it("counts by the limits of now, whatever a cart or a memory has seen @long", async () => {
    const itemId = await item(shards ? { shards } : {});
    const [userId, other] = [unique("user"), unique("user")];
    await fill(userId, itemId, 5);
    await place(other, itemId);
    await shop.inventory.change(itemId, { limits: { perShopper: 2 } }, admin);
    expect(await errorOf(placeCart(userId))).toMatchObject(exceeded("perShopper", 2, itemId));
    expect(await errorOf(place(other, itemId, 3))).toMatchObject(exceeded("perShopper", 2, itemId));
    // What was ordered before there was a limit is not counted.
    await place(other, itemId, 2);
    await shop.inventory.change(itemId, { limits: { perOrder: 1, perShopper: 9 } }, admin);
    expect(await errorOf(placeCart(userId))).toMatchObject(exceeded("perOrder", 1, itemId));
    expect(await errorOf(place(other, itemId, 2))).toMatchObject(exceeded("perOrder", 1, itemId));
    await place(other, itemId);
    expect((await takenBy(other, itemId)).units).toBe(3);
    await shop.inventory.change(itemId, { limits: null }, admin);
    expect((await placeCart(userId)).allowances).toBeUndefined();
    const third = unique("user");
    await shop.inventory.change(itemId, { limits: { perShopper: 2 } }, admin);
    await fill(third, itemId, 5);
    await shop.inventory.change(itemId, { limits: { perShopper: 9 } }, admin);
    expect((await placeCart(third)).status).toBe("pending");
  });

  it("tells what one order may have before what one shopper may have", async () => {
    const limits = { perOrder: 1, perShopper: 2 };
    const itemId = await item({ limits, ...(shards ? { shards } : {}) });
    const userId = unique("user");
    expect(await errorOf(place(userId, itemId, 3))).toMatchObject(exceeded("perOrder", 1, itemId));
    await fill(userId, itemId, 3);
    expect(await errorOf(placeCart(userId))).toMatchObject(exceeded("perOrder", 1, itemId));
    expect((await findStock(world.database, itemId))!.held).toBe(0);
    expect((await takenBy(userId, itemId)).units).toBe(0);
  });
});

describe("a limit for each shopper", () => {
  it("costs no request, the first time and later on @long", async () => {
    const limited = await item({ limits: { perOrder: 9, perShopper: 9 } });
    const userId = unique("user");
    for (let count = 0; count < 3; count += 1) {
      const { meter, result } = await metered(() => place(userId, limited));
      expect(meter.requests).toBe(2);
      const started = await metered(() => start(result));
      expect(started.meter.requests).toBe(2);
      expect((await metered(() => capture(result))).meter.requests).toBe(2);
    }
    await fill(userId, limited, 2);
    expect((await metered(() => placeCart(userId))).meter.requests).toBe(2);
    const refused = await metered(() => errorOf(place(userId, limited, 5)));
    expect(refused.result).toMatchObject(exceeded("perShopper", 9, limited));
    expect(refused.meter.requests).toBe(2);
  });

  it("is given back by what is cancelled, failed or expired, and kept by what was paid for", async () => {
    const itemId = await item({ limits: { perShopper: 2 } });
    const userId = unique("user");
    await cancel(await place(userId, itemId, 2));
    const failed = await place(userId, itemId, 2);
    await start(failed);
    await money.send(money.eventOf(failed, "payment.failed"));
    expect(await takenBy(userId, itemId)).toEqual({ units: 0, open: new Map() });
    const expired = await place(userId, itemId, 2);
    time.to(expired.expiresAtMs);
    await shop.orders.expire(expired, { id: "system:sweep" });
    expect((await takenBy(userId, itemId)).units).toBe(0);
    const paid = await place(userId, itemId, 2);
    await start(paid);
    await capture(paid);
    expect(await takenBy(userId, itemId)).toEqual({ units: 2, open: new Map() });
    await money.payments.refund({ orderId: paid.orderId, reason: "damaged", actor: admin });
    expect(await errorOf(place(userId, itemId))).toMatchObject(exceeded("perShopper", 2, itemId));
  });

  it("counts what expired no more from that instant, with no sweep at all", async () => {
    const itemId = await item({ limits: { perShopper: 2 } });
    const userId = unique("user");
    const { expiresAtMs } = await place(userId, itemId, 2);
    time.to(expiresAtMs - 1);
    expect(await errorOf(place(userId, itemId))).toMatchObject(exceeded("perShopper", 2, itemId));
    time.to(expiresAtMs);
    const { meter } = await metered(() => place(userId, itemId, 2));
    expect(meter.requests).toBe(3);
    expect((await takenBy(userId, itemId)).units).toBe(2);
  });

  it("stays counted while a payment has extended the order", async () => {
    const itemId = await item({ limits: { perShopper: 1 } });
    const userId = unique("user");
    const order = await place(userId, itemId);
    await start(order);
    time.to(order.expiresAtMs);
    expect(await errorOf(place(userId, itemId))).toMatchObject(exceeded("perShopper", 1, itemId));
    await capture(order);
    expect((await read(order)).status).toBe("paid");
    expect(await takenBy(userId, itemId)).toEqual({ units: 1, open: new Map() });
  });

  it("lets late money buy what the shopper may still have, and sends the rest back @long", async () => {
    const itemId = await item({ limits: { perShopper: 2 } });
    const userId = unique("user");
    const late = await place(userId, itemId, 2);
    await start(late);
    await cancel(await read(late));
    await capture(late);
    expect((await read(late)).status).toBe("paid");
    expect((await takenBy(userId, itemId)).units).toBe(2);

    const other = unique("user");
    const first = await place(other, itemId, 2);
    const { expiresAtMs } = await start(first);
    time.to(expiresAtMs);
    const second = await place(other, itemId, 1);
    await capture(first);
    expect(["refund_due", "refunded"]).toContain((await read(first)).status);
    await start(second);
    await capture(second);
    expect((await read(second)).status).toBe("paid");
    expect(await takenBy(other, itemId)).toEqual({ units: 1, open: new Map() });
    expect((await findStock(world.database, itemId))!).toMatchObject({ sold: 3, held: 0 });
  });

  it("counts what costs nothing for good", async () => {
    const itemId = await item({ limits: { perShopper: 1 }, amountMinor: 0 });
    const userId = unique("user");
    expect((await place(userId, itemId)).status).toBe("paid");
    expect(await errorOf(place(userId, itemId))).toMatchObject(exceeded("perShopper", 1, itemId));
    expect(await takenBy(userId, itemId)).toEqual({ units: 1, open: new Map() });
  });
});
