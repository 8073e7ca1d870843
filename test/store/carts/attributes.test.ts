/** Lines by what was chosen: one engraving does not overwrite the other, in carts, merges, orders and old rows. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { orderView } from "../../../shared/orders/order-view.ts";
import { type CartWorld, createCartWorld } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { errorOf, giveItem, metered } from "../../support/world.ts";

const time = createTestClock();
const actor = { id: "alice" };
let world: CartWorld;
let serial = 0;
let sessionId: string;

const at = (session = sessionId) => ({
  userId: "alice",
  sessionId: session,
  instance: "menu",
  actor,
});
function add(attributes?: Record<string, unknown>, quantity = 1, session = sessionId) {
  // Lines are shown by age.
  time.advance(1);
  return world.shop.addLine(at(session), { itemId: "ring", quantity, attributes });
}
const itemsOf = async (session = sessionId) =>
  cartInstanceView(await world.shop.get(at(session)), "menu").items.map(
    ({ lineId, quantity, attributes }) => ({ lineId, quantity, attributes }),
  );

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), time.clock);
  await giveItem(world, { itemId: "ring", quantity: 50 });
});

beforeEach(() => {
  serial += 1;
  sessionId = `s${serial}`;
});

describe("lines of one item", () => {
  it("are one where the same was chosen, in whatever order, and several where not @long", async () => {
    const { meter } = await metered(() => add({ engraving: "Ada", size: 7 }));
    expect(meter.requests).toBe(2);
    await add({ size: 7, engraving: "Ada" }, 2);
    await add({ engraving: "Bob" });
    await add();
    await add({});
    expect(await itemsOf()).toEqual([
      { lineId: expect.stringMatching(/^ring~/), quantity: 3, attributes: expect.anything() },
      { lineId: expect.stringMatching(/^ring~/), quantity: 1, attributes: { engraving: "Bob" } },
      { lineId: "ring", quantity: 2, attributes: undefined },
    ]);
  });

  it("are changed and removed by their own ids, one request each", async () => {
    await add({ engraving: "Ada" });
    await add({ engraving: "Bob" });
    const [ada, bob] = await itemsOf();
    const change = await metered(() => world.shop.changeQuantity(at(), ada!.lineId, 5));
    const removal = await metered(() => world.shop.removeLine(at(), bob!.lineId));
    expect([change.meter.requests, removal.meter.requests]).toEqual([1, 1]);
    expect(await itemsOf()).toEqual([{ ...ada, quantity: 5 }]);
    expect(await errorOf(world.shop.removeLine(at(), "ring"))).toMatchObject({
      code: "CART_LINE_NOT_FOUND",
      fields: { lineId: "ring" },
    });
  });

  it("are replaced together, and refused when one is named twice", async () => {
    const [ada, bob] = [{ engraving: "Ada" }, { engraving: "Bob" }];
    const line = { itemId: "ring", quantity: 1 };
    await world.shop.putItems(at(), [
      { ...line, attributes: ada },
      { ...line, attributes: bob },
      line,
    ]);
    expect((await itemsOf()).map(({ attributes }) => attributes)).toEqual([ada, bob, undefined]);
    const twice = [
      { ...line, attributes: ada },
      { ...line, attributes: ada },
    ];
    expect(await errorOf(world.shop.putItems(at(), twice))).toMatchObject({
      code: "INVALID_REQUEST",
      fields: { issues: [{ path: "1.itemId" }] },
    });
  });

  it("stay apart when carts are merged, and add up where the same was chosen @long", async () => {
    await add({ engraving: "Ada" });
    const guest = `guest-${serial}`;
    await add({ engraving: "Ada" }, 2, guest);
    await add({ engraving: "Bob" }, 1, guest);
    const merge = { ...at(), fromSessionId: guest, strategy: "sum" as const };
    await world.shop.merge(merge);
    expect(await itemsOf()).toMatchObject([
      { quantity: 3, attributes: { engraving: "Ada" } },
      { quantity: 1, attributes: { engraving: "Bob" } },
    ]);
  });
});

describe("a cart that was stored when an item had one line", () => {
  const old = { name: "Ring", kind: "Retail", vendorId: null, unitPriceMinor: 1_000, addedAtMs: 1 };
  const cartId = () => makeCartId("alice", sessionId);

  beforeEach(() =>
    world.plant({
      cartId: cartId(),
      userId: "alice",
      sessionId,
      version: 3,
      ttlSeconds: 9_999_999_999,
      "line:menu:ring": { ...old, attributes: '{"engraving":"Ada"}' },
      "quantity:menu:ring": 2,
      "currency:menu": "EUR",
      lineKeys: new Set(["menu:ring"]),
    }),
  );

  it("reads as before, and the same choice goes on under the old id @long", async () => {
    await add({ engraving: "Ada" });
    expect(await itemsOf()).toEqual([
      { lineId: "ring", quantity: 3, attributes: { engraving: "Ada" } },
    ]);
    await add();
    await add();
    expect(await itemsOf()).toEqual([
      { lineId: "ring", quantity: 3, attributes: { engraving: "Ada" } },
      { lineId: expect.stringMatching(/^ring~/), quantity: 2, attributes: undefined },
    ]);
  });
});

describe("a cart that was stored when shoppers set conditions", () => {
  const rule = { type: "rule", target: "total", order: 0 };
  const named = async () =>
    cartInstanceView(await world.shop.get(at()), "menu").conditions.map(({ name }) => name);

  beforeEach(() =>
    world.plant({
      cartId: makeCartId("alice", sessionId),
      userId: "alice",
      sessionId,
      version: 3,
      ttlSeconds: 9_999_999_999,
      "condition:menu:mine": { ...rule, value: "-99.99%" },
      "condition:menu:vat": { ...rule, type: "tax", value: "+19%" },
      conditionKeys: new Set(["menu:mine", "menu:vat"]),
    }),
  );

  it("is ordered at no less for it, and keeps what adds to the price", async () => {
    await add();
    expect(await named()).toEqual(["vat"]);
    const source = { kind: "cart", sessionId } as const;
    const wish = { userId: "alice", actor, source, paymentMethod: "sandbox" } as const;
    const { order } = await world.orders.place(wish);
    expect(order.totalMinor).toBe(1_190);
  });

  it("takes the shop's own of the same name, and hands on none of the shopper's by a merge", async () => {
    const session = `${sessionId}-new`;
    await world.shop.merge({ ...at(session), fromSessionId: sessionId, strategy: "sum" });
    const merged = cartInstanceView(await world.shop.get(at(session)), "menu");
    expect(merged.conditions.map(({ name }) => name)).toEqual(["vat"]);
    const own = { ...rule, name: "mine", target: "total", value: "-10%" } as const;
    await world.shop.setCondition(at(), own);
    expect(await named()).toEqual(["mine"]);
  });
});

describe("an order", () => {
  it("remembers what was chosen, line by line, holds the item once, and empties the cart", async () => {
    await add({ engraving: "Ada" }, 2);
    await add({ engraving: "Bob" }, 1);
    const placed = await metered(() =>
      world.orders.place({
        userId: "alice",
        actor,
        source: { kind: "cart", sessionId },
        paymentMethod: "sandbox",
        customer: { email: "ada@example.com" },
        shipTo: '{"city":"London"}',
        note: "ring\ntwice",
        metadata: '{"campaign":7}',
      }),
    );
    expect(placed.meter.requests).toBe(2);
    const { order } = placed.result;
    expect(orderView(order)).toMatchObject({
      lines: [
        { itemId: "ring", quantity: 2, attributes: { engraving: "Ada" } },
        { itemId: "ring", quantity: 1, attributes: { engraving: "Bob" } },
      ],
      customer: { email: "ada@example.com" },
      shipTo: { city: "London" },
      note: "ring\ntwice",
      metadata: { campaign: 7 },
    });
  });

  it("without a cart tells lines apart that were said twice", async () => {
    const line = { itemId: "ring", quantity: 1 };
    const { order } = await world.orders.place({
      userId: "alice",
      actor,
      source: { kind: "items", items: [line, line, { ...line, attributes: { size: 7 } }] },
      paymentMethod: "sandbox",
      idempotencyKey: `k${serial}`,
    });
    const ids = orderView(order).lines.map(({ lineId }) => lineId);
    expect(ids).toEqual(["ring", "ring (2)", expect.stringMatching(/^ring~/)]);
  });
});

describe("the attributes of a cart", () => {
  const letters = (name: string) => ({ engraving: name.padEnd(4_000, "x") });
  const tooLarge = { code: "TOO_LARGE", message: expect.stringMatching(/^attributes: /) };
  const mostLines = 16;
  const fill = async (lines = mostLines) => {
    const chosen = Array.from({ length: lines }, (_, index) => letters(`n${index}`));
    const wanted = chosen.map((attributes) => ({ itemId: "ring", quantity: 1, attributes }));
    await world.shop.putItems(at(), wanted);
    return wanted;
  };

  it("are never more than an order takes, so that what fits the cart can be ordered", async () => {
    const wanted = await fill();
    const { meter, result } = await metered(() => errorOf(add(letters("more"))));
    expect(result).toMatchObject(tooLarge);
    expect(meter.requests).toBe(1);
    // More of the same, and what nothing was chosen for, takes no room.
    await add(wanted[0]!.attributes);
    await add();
    const one = { itemId: "ring", quantity: 1, attributes: letters("more") };
    expect(await errorOf(world.shop.putItems(at(), [...wanted, one]))).toMatchObject(tooLarge);
    const elsewhere = { ...at(), instance: "wishlist" };
    expect(await errorOf(world.shop.addLine(elsewhere, one))).toMatchObject(tooLarge);
    await world.orders.place({
      userId: "alice",
      actor,
      source: { kind: "cart", sessionId },
      paymentMethod: "sandbox",
    });
  });

  it("are never more by many at once either", async () => {
    await fill(mostLines - 3);
    const adding = Array.from({ length: 6 }, (_, index) => add(letters(`p${index}`)));
    const refused = (await Promise.allSettled(adding)).flatMap((one) =>
      one.status === "rejected" ? [one.reason.code] : [],
    );
    expect(refused).toEqual(["TOO_LARGE", "TOO_LARGE", "TOO_LARGE"]);
    expect(await itemsOf()).toHaveLength(mostLines);
  });

  it("are never more by a merge or a claim, which move nothing then", async () => {
    await fill();
    const [other, guest] = [`${sessionId}-other`, `${sessionId}-guest`];
    await add(letters("more"), 1, other);
    const merge = { ...at(), fromSessionId: other, strategy: "sum" as const };
    expect(await errorOf(world.shop.merge(merge))).toMatchObject(tooLarge);
    await add(letters("more"), 1, guest);
    const { claim } = await world.shop.offerClaim(at(guest), actor);
    const shown = { ...at(), claim, strategy: "sum" as const };
    expect(await errorOf(world.shop.claim(shown))).toMatchObject(tooLarge);
    expect(await itemsOf(other)).toHaveLength(1);
    expect(await itemsOf(guest)).toHaveLength(1);
    expect(await itemsOf()).toHaveLength(mostLines);
  });
});
