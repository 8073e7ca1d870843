/** A guest's order becomes a member's, on the real engine: once, by one write, whatever else happens to it. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { claimLifeMs } from "../../../shared/carts/model/claim.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { parseShopper } from "../../../shared/orders/shopper-store.ts";
import { createShop } from "../../../shared/shop.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createWorld, errorOf, giveItem, metered, type World } from "../../support/world.ts";

let world: World;
let time: TestClock;
let shop: ReturnType<typeof createShop>;
let itemId: string;
let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  const limits = { maxOpenOrders: 2, maxUnitsPerLine: 0, maxUnpaidOrders: 0, unpaidPauseMs: 0 };
  shop = createShop({ ...world.parts, settings: { ...world.parts.settings, limits } });
  itemId = unique("item");
  await giveItem(world, { itemId, quantity: 1_000 });
});

const by = (userId: string) => ({ userId, isAdmin: false });
const root = { userId: "root", isAdmin: true };

async function placed(userId: string, idempotencyKey = unique("key")) {
  const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
  const request = { userId, actor: { id: userId }, source, idempotencyKey };
  return shop.orders.place({ ...request, paymentMethod: "sandbox" });
}
const offer = (userId: string, { orderId }: Order) =>
  shop.orders.offerClaim(orderId, by(userId), { id: userId });
const claim = (userId: string, { orderId }: Order, shown: string) =>
  shop.orders.claim({ orderId, claim: shown, userId, actor: { id: userId } });
const listed = async (userId: string) =>
  (await shop.orders.list({ userId, limit: 20 })).rows.map(({ orderId }) => orderId);
const openOf = async (userId: string) =>
  parseShopper(await world.database.get("Shoppers", { shopperId: userId })).open;

/** A guest with an order, and the claim to it. */
async function offered() {
  const guest = unique("guest");
  const { order } = await placed(guest);
  return { guest, member: unique("member"), order, shown: (await offer(guest, order)).claim };
}

describe("a claim to an order", () => {
  it("makes it the member's in one request, and shown again it moves nothing", async () => {
    const { guest, member, order, shown } = await offered();
    const { orderId } = order;
    const { meter, result } = await metered(() => claim(member, order, shown));
    expect(meter.requests).toBe(1);
    expect(result).toMatchObject({ orderId, userId: member, placedBy: guest, status: "pending" });
    expect([await listed(guest), await listed(member)]).toEqual([[], [orderId]]);
    expect(await errorOf(shop.orders.get(orderId, by(guest)))).toMatchObject({
      code: "ORDER_NOT_FOUND",
    });
    const again = await metered(() => claim(member, order, shown));
    expect(again.meter.requests).toBe(2);
    expect(again.result).toEqual(result);
    expect(await errorOf(claim(unique("thief"), order, shown))).toMatchObject({
      code: "CLAIM_NOT_ACCEPTED",
      fields: { reason: "used" },
    });
  });

  it("is worth nothing when it is made up, of another order, replaced or over", async () => {
    const { guest, member, order, shown } = await offered();
    const other = (await placed(guest)).order;
    for (const [which, what] of [
      [order, "clm_0"],
      [other, shown],
      [{ ...order, orderId: "ord_none" }, shown],
    ] as const) {
      expect(await errorOf(claim(member, which, what))).toMatchObject({
        fields: { reason: "unknown" },
      });
    }
    const { claim: newer, expiresAtMs } = await offer(guest, order);
    expect(expiresAtMs - time.clock()).toBe(claimLifeMs);
    expect(await errorOf(claim(member, order, shown))).toMatchObject({
      fields: { reason: "unknown" },
    });
    time.to(expiresAtMs);
    expect(await errorOf(claim(member, order, newer))).toMatchObject({
      fields: { reason: "expired" },
    });
    expect(await listed(member)).toEqual([]);
  });

  it("is made by who has the order, and by administrators", async () => {
    const { guest, member, order } = await offered();
    const thief = unique("thief");
    expect(await errorOf(offer(thief, order))).toMatchObject({ code: "ORDER_NOT_FOUND" });
    const { claim: shown } = await shop.orders.offerClaim(order.orderId, root, { id: "root" });
    expect(await claim(guest, order, shown)).toMatchObject({ userId: guest });
    expect(await claim(member, order, shown)).toMatchObject({ userId: member });
    expect(await errorOf(offer(guest, order))).toMatchObject({ code: "ORDER_NOT_FOUND" });
    const onward = await offer(member, order);
    const [last] = [unique("member")];
    expect(await claim(last, order, onward.claim)).toMatchObject({ userId: last, placedBy: guest });
  });

  it("of 20 members gives it to exactly one", async () => {
    const { guest, order, shown } = await offered();
    const members = Array.from({ length: 20 }, () => unique("member"));
    const tries = await Promise.allSettled(members.map((member) => claim(member, order, shown)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const each of tries) {
      if (each.status === "rejected")
        expect(each.reason).toMatchObject({ fields: { reason: "used" } });
    }
    const lists = await Promise.all(members.map(listed));
    expect(lists.filter(({ length }) => length === 1)).toHaveLength(1);
    expect(await listed(guest)).toEqual([]);
  });
});

describe("who had an order", () => {
  it("ends it no more, also when they had read it before", async () => {
    const { guest, member, order, shown } = await offered();
    await claim(member, order, shown);
    expect(await errorOf(shop.orders.end(order, { id: guest }))).toMatchObject({
      code: "ORDER_NOT_FOUND",
    });
    expect(await shop.orders.get(order.orderId, by(member))).toMatchObject({ status: "pending" });
    expect(await shop.orders.end(order, { id: "root" })).toMatchObject({
      userId: member,
      status: "cancelled",
    });
  });

  it("does not see it by the key that made it", async () => {
    const [guest, member, key] = [unique("guest"), unique("member"), unique("key")];
    const { order } = await placed(guest, key);
    await claim(member, order, (await offer(guest, order)).claim);
    expect(await errorOf(placed(guest, key))).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
  });

  it("has it counted: nobody gets round a limit by handing over", async () => {
    const { guest, member, order, shown } = await offered();
    await claim(member, order, shown);
    await placed(guest);
    expect([await openOf(guest), await openOf(member)]).toEqual([2, 0]);
    expect(await errorOf(placed(guest))).toMatchObject({ code: "LIMIT_EXCEEDED" });
    await shop.payments.initiate({
      orderId: order.orderId,
      caller: by(member),
      actor: { id: member },
    });
    await shop.orders.cancel(order.orderId, by(member), { id: member });
    expect([await openOf(guest), await openOf(member)]).toEqual([1, 0]);
  });
});
