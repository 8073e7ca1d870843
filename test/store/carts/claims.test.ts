/** Guests become members, on the real engine: a cart is handed over once, whole, whoever tries at the same time. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
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

const at = (userId: string, instance = "main") => {
  return { userId, sessionId: "default", instance, actor: { id: userId } };
};
const add = (userId: string, quantity = 1, colour?: string) =>
  shop.carts.addLine(at(userId), {
    itemId,
    quantity,
    ...(colour === undefined ? {} : { attributes: { colour } }),
  });
const offer = (userId: string) => shop.carts.offerClaim(at(userId), { id: userId });
const claim = (userId: string, shown: string) =>
  shop.carts.claim({ ...at(userId), claim: shown, strategy: "sum" });
const count = async (userId: string) =>
  cartInstanceView(await shop.carts.get(at(userId)), "main").count;
const place = async (userId: string): Promise<Order> =>
  (
    await shop.orders.place({
      userId,
      actor: { id: userId },
      source: { kind: "cart", sessionId: "default" },
      paymentMethod: "sandbox",
    })
  ).order;
const openOf = async (userId: string) =>
  parseShopper(await world.database.get("Shoppers", { shopperId: userId })).open;

describe("a claim", () => {
  it("moves everything that is in the cart when it is shown, in 3 requests, and once", async () => {
    const [guest, member] = [unique("guest"), unique("member")];
    await add(guest, 2, "red");
    await shop.carts.setMetadata(at(guest), "gift", true);
    await add(member, 1);
    const offered = await metered(() => offer(guest));
    expect(offered.meter.requests).toBe(1);
    await add(guest, 3);
    const { meter, result } = await metered(() => claim(member, offered.result.claim));
    expect(meter.requests).toBe(3);
    const stored = await shop.carts.get(at(member));
    expect(cartInstanceView(stored, "main")).toEqual(cartInstanceView(result, "main"));
    expect(cartInstanceView(stored, "main")).toMatchObject({ count: 6, metadata: { gift: true } });
    expect(await count(guest)).toBe(0);
    // The answer was lost; or the guest goes on.
    await add(guest, 5);
    const again = await metered(() => claim(member, offered.result.claim));
    expect(cartInstanceView(again.result, "main").count).toBe(6);
    expect(await count(guest)).toBe(5);
    expect(await errorOf(claim(unique("thief"), offered.result.claim))).toMatchObject({
      code: "CLAIM_NOT_ACCEPTED",
      fields: { reason: "used" },
    });
  });

  it("brings the administrators' conditions of both carts along", async () => {
    const [guest, member] = [unique("guest"), unique("member")];
    const rule = { name: "vat", type: "tax", target: "total", value: "+19%", order: 1 } as const;
    await add(guest);
    await shop.carts.setCondition(at(guest), rule);
    await shop.carts.setCondition(at(member), { ...rule, value: "+7%" });
    const claimed = await claim(member, (await offer(guest)).claim);
    const { conditions } = cartInstanceView(claimed, "main");
    expect(conditions.map(({ value }) => value).toSorted()).toEqual(["+19%", "+7%"]);
  });

  it("is worth nothing when it is made up, over, or shown by its own cart", async () => {
    const [guest, member] = [unique("guest"), unique("member")];
    await add(guest);
    expect(await errorOf(claim(member, "clm_0"))).toMatchObject({ fields: { reason: "unknown" } });
    const { claim: shown, expiresAtMs } = await offer(guest);
    expect(expiresAtMs - time.clock()).toBe(claimLifeMs);
    expect(await errorOf(claim(guest, shown))).toMatchObject({ code: "INVALID_REQUEST" });
    time.to(expiresAtMs);
    expect(await errorOf(claim(member, shown))).toMatchObject({ fields: { reason: "expired" } });
    expect([await count(guest), await count(member)]).toEqual([1, 0]);
  });

  it("waits while either cart is being paid for, and takes nothing then", async () => {
    const [guest, member] = [unique("guest"), unique("member")];
    for (const userId of [guest, member]) await add(userId);
    const { claim: shown } = await offer(guest);
    for (const userId of [guest, member]) {
      const { orderId } = await place(userId);
      expect(await errorOf(claim(member, shown))).toMatchObject({
        code: "CART_LOCKED",
        fields: { orderId },
      });
      await shop.orders.cancel(orderId, { userId, isAdmin: false }, { id: userId });
    }
    expect(cartInstanceView(await claim(member, shown), "main").count).toBe(2);
  });
});

describe("20 parallel claims", () => {
  it("of 20 members give the cart to exactly one, whole @long", async () => {
    const guest = unique("guest");
    await add(guest, 7);
    const { claim: shown } = await offer(guest);
    const members = Array.from({ length: 20 }, () => unique("member"));
    const tries = await Promise.allSettled(members.map((member) => claim(member, shown)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const each of tries) {
      if (each.status === "rejected")
        expect(each.reason).toMatchObject({ fields: { reason: "used" } });
    }
    const counts = await Promise.all(members.map(count));
    expect(counts.toSorted((a, b) => b - a)).toEqual([7, ...Array.from({ length: 19 }, () => 0)]);
    expect(await count(guest)).toBe(0);
  });

  it("of one member move it once, while guest and member go on putting things in @long", async () => {
    const [guest, member] = [unique("guest"), unique("member")];
    await add(guest, 7);
    const { claim: shown } = await offer(guest);
    const claims = Array.from({ length: 20 }, () => claim(member, shown));
    const edits = Array.from({ length: 6 }, (_, index) => add(index % 2 ? guest : member));
    const answers = await Promise.all([...claims, ...edits]);
    expect(answers).toHaveLength(26);
    expect((await count(guest)) + (await count(member))).toBe(13);
  });
});

describe("limits", () => {
  it("count an order for who placed it, before and after", async () => {
    const [guest, member] = [unique("guest"), unique("member")];
    const ofGuest = await (async () => {
      const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
      const request = {
        userId: guest,
        actor: { id: guest },
        source,
        idempotencyKey: unique("key"),
      };
      return (await shop.orders.place({ ...request, paymentMethod: "sandbox" })).order;
    })();
    await add(guest);
    await claim(member, (await offer(guest)).claim);
    await place(member);
    expect([await openOf(guest), await openOf(member)]).toEqual([1, 1]);
    await shop.orders.cancel(ofGuest.orderId, { userId: guest, isAdmin: false }, { id: guest });
    expect([await openOf(guest), await openOf(member)]).toEqual([0, 1]);
  });

  it("of an item go along with its line and count for the member", async () => {
    const [guest, member] = [unique("guest"), unique("member")];
    const limited = unique("item");
    const price = { amountMinor: 100, currency: "EUR" };
    const facts = { itemId: limited, name: limited, kind: "Ticket", price, quantity: 9 };
    const limits = { perShopper: 2 };
    await shop.inventory.create({ ...facts, holdPolicy: "counted", limits }, { id: "root" });
    for (const userId of [guest, member]) {
      await shop.carts.addLine(at(userId), { itemId: limited, quantity: 2 });
    }
    await claim(member, (await offer(guest)).claim);
    expect(await errorOf(place(member))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      fields: { limit: { name: "perShopper", value: 2, itemId: limited } },
    });
    await shop.carts.changeQuantity(at(member), limited, 2);
    const order = await metered(() => place(member));
    expect(order.meter.requests).toBe(2);
    expect(order.result.allowances).toEqual([{ itemId: limited, quantity: 2, perShopper: 2 }]);
  });
});
