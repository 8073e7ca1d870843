/** The cart's lock for payment on the real engine: taken, kept, bought, given back, run out. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { changeNote } from "../../../shared/base/actor.ts";
import { later } from "../../../shared/base/time.ts";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { maxConditions, maxLines } from "../../../shared/carts/model/cart-limits.ts";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { priceForOrder } from "../../../shared/carts/model/pricing.ts";
import { findCart } from "../../../shared/carts/storage/cart-store.ts";
import {
  checkoutWrite,
  completeWrite,
  reopenWrite,
} from "../../../shared/carts/checkout/cart-checkout-store.ts";
import { createCartWorld } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { errorOf, giveItem, metered } from "../../support/world.ts";

const time = createTestClock();
let world: Awaited<ReturnType<typeof createCartWorld>>;
let serial = 0;
let address: { userId: string; sessionId: string };

const actor = { id: "alice" };
const at = (instance: string) => ({ ...address, instance, actor });
const cartId = () => makeCartId(address.userId, address.sessionId);
const note = () => changeNote("cart.checkout", actor, time.clock());
const request = (orderId: string, leaseMs = 60_000) => ({ ...address, orderId, leaseMs, actor });

/** What a paid order does to its cart. */
async function complete(orderId: string, instances?: readonly string[]) {
  const cart = await findCart(world.database, cartId());
  const { lines, ...priced } = priceForOrder(cart, instances);
  const bought = lines.map(({ instance, lineId }) => ({ instance, lineId }));
  const purchase = { ...priced, cartId: cartId(), orderId, version: cart.version, bought };
  return () => world.database.apply(completeWrite({ ...purchase, note: note() }));
}

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), time.clock);
  await giveItem(world, { itemId: "soup" });
  await giveItem(world, { itemId: "seat" });
});

beforeEach(async () => {
  address = { userId: "alice", sessionId: `s${(serial += 1)}` };
  await world.shop.addLine(at("ticket"), { itemId: "seat", quantity: 1 });
  await world.shop.addLine(at("menu"), { itemId: "soup", quantity: 2 });
});

describe("the lock of a payment", () => {
  it("is one for all instances: paying for tickets freezes the menu, and the other way round", async () => {
    const { result: locked, meter } = await metered(() => world.shop.lockCart(request("ord_1")));
    expect(meter.requests).toBe(2);
    expect(locked.lock).toEqual({
      orderId: "ord_1",
      transactionId: "temporary_ord_1",
      lockedAtMs: time.clock(),
      expiresAtMs: time.clock() + 60_000,
    });
    for (const instance of ["ticket", "menu", "new"]) {
      const edit = world.shop.setMetadata(at(instance), "k", 1);
      expect(await errorOf(edit)).toMatchObject({ code: "CART_LOCKED" });
    }
    expect(await world.shop.isCartLocked(address)).toMatchObject({ isLocked: true });
    expect(await errorOf(world.shop.lockCart(request("ord_2")))).toMatchObject({
      code: "CART_LOCKED",
      fields: { orderId: "ord_1" },
    });
  });

  it("neither raises the version nor changes a line; taking it counts", async () => {
    const before = await world.shop.get(address);
    await world.shop.lockCart(request("ord_1"));
    await world.shop.unlockCart({ ...address, orderId: "ord_1", actor });
    const after = await world.shop.get(address);
    expect(after).toEqual({ ...before, checkouts: 1 });
  });

  it("gets the provider's transaction, with or without a new deadline, by its own order only", async () => {
    const { lock } = await world.shop.lockCart(request("ord_1"));
    const mine = { ...address, orderId: "ord_1", actor };
    const { result, meter } = await metered(() => world.shop.setTransactionId(mine, "pi_1"));
    expect(meter.requests).toBe(1);
    expect(result).toEqual({ ...lock, transactionId: "pi_1" });
    const longer = await world.shop.setTransactionId({ ...mine, leaseMs: 600_000 }, "pi_1");
    expect(longer.expiresAtMs).toBe(later(time.clock(), 600_000));
    const other = { ...mine, orderId: "ord_2" };
    const before = await world.rowOf(cartId());
    for (const attempt of [
      () => world.shop.setTransactionId(other, "pi_2"),
      () => world.shop.unlockCart(other),
      () => world.database.apply(reopenWrite({ cartId: cartId(), orderId: "ord_2", note: note() })),
    ]) {
      expect(await errorOf(attempt())).toMatchObject({ code: "CHECKOUT_GONE" });
    }
    expect(await world.rowOf(cartId())).toBe(before);
  });

  it("validates what was seen, and unlocks on every error path", async () => {
    const { version } = await world.shop.get(address);
    const expected = { version, totalMinor: 3_000, currency: "EUR" };
    const locked = await world.shop.lockAndValidateCart(request("ord_1"), expected);
    expect(locked.price.totalMinor).toBe(3_000);
    await world.shop.unlockCart(request("ord_1"));
    for (const wrong of [{ version: version - 1 }, { totalMinor: 2_999 }, { currency: "USD" }]) {
      const attempt = world.shop.lockAndValidateCart(request("ord_2"), wrong);
      expect(await errorOf(attempt)).toMatchObject({ code: "VERSION_MISMATCH" });
      expect((await world.shop.isCartLocked(address)).isLocked).toBe(false);
    }
    const nothing = world.shop.lockAndValidateCart(request("ord_3"), { instances: ["empty"] });
    expect(await errorOf(nothing)).toMatchObject({ code: "CART_EMPTY" });
    const failure = new Error("the provider is down");
    const work = world.shop.whileLocked(request("ord_4"), expected, async () => {
      expect((await world.shop.isCartLocked(address)).isLocked).toBe(true);
      throw failure;
    });
    expect(await errorOf(work)).toBe(failure);
    expect((await world.shop.isCartLocked(address)).isLocked).toBe(false);
  });

  it("ends by itself; whoever comes next takes it, and the late release changes nothing", async () => {
    await world.shop.lockCart(request("ord_1", 1_000));
    time.advance(1_000);
    expect(await world.shop.isCartLocked(address)).toEqual({ isLocked: false, lock: null });
    await world.shop.lockCart(request("ord_2"));
    expect(await errorOf(world.shop.unlockCart(request("ord_1")))).toMatchObject({
      code: "CHECKOUT_GONE",
    });
    expect((await world.shop.isCartLocked(address)).lock?.orderId).toBe("ord_2");
  });

  it("is refused for a cart that was edited or ordered since it was read", async () => {
    const cart = await findCart(world.database, cartId());
    const start = { cart, orderId: "ord_1", transactionId: "t", nowMs: time.clock(), note: note() };
    const write = () =>
      world.database.apply(checkoutWrite({ ...start, expiresAtMs: later(time.clock(), 1_000) }));
    await world.shop.changeQuantity(at("menu"), "soup", 3);
    expect(await errorOf(write())).toMatchObject({ code: "VERSION_MISMATCH" });
    const fresh = await findCart(world.database, cartId());
    await world.shop.lockCart(request("ord_2"));
    await world.shop.unlockCart(request("ord_2"));
    Object.assign(start, { cart: fresh });
    expect(await errorOf(write())).toMatchObject({ code: "VERSION_MISMATCH" });
  });

  it("taking and giving it back survive lost answers", async () => {
    world.loseAnswers(1);
    expect((await world.shop.lockCart(request("ord_1"))).checkouts).toBe(1);
    world.loseAnswers(1);
    await world.shop.unlockCart(request("ord_1"));
    expect(await world.shop.get(address)).toMatchObject({ checkouts: 1 });
    expect((await world.shop.isCartLocked(address)).isLocked).toBe(false);
  });
});

describe("a purchase", () => {
  it("takes out what was bought with its conditions; other instances and metadata stay", async () => {
    const gift = {
      name: "gift",
      type: "discount",
      target: "total",
      value: "-1",
      order: 1,
    } as const;
    await world.shop.setCondition(at("ticket"), gift);
    await world.shop.setMetadata(at("ticket"), "seen", true);
    await world.shop.setCondition(at("menu"), gift);
    const before = await world.shop.lockCart(request("ord_1"));
    await (
      await complete("ord_1", ["ticket"])
    )();
    const after = await world.shop.get(address);
    expect(cartInstanceView(after, "ticket")).toMatchObject({
      items: [],
      conditions: [],
      metadata: { seen: true },
      currency: null,
    });
    expect(after.instances.get("menu")).toEqual(before.instances.get("menu"));
    expect(after.version).toBe(before.version + 1);
    expect(after.lock).toBeUndefined();
  });

  it("fits one update at the limits: 200 lines, 50 conditions", async () => {
    const line = { name: "x", kind: "k", vendorId: null, unitPriceMinor: 1, addedAtMs: 1 };
    const gift = { type: "gift", target: "total", value: "-1", order: 0, isShops: true };
    const names = Array.from({ length: maxLines }, (_, index) => `item-${index}`);
    const gifts = Array.from({ length: maxConditions }, (_, index) => `gift-${index}`);
    await world.plant({
      cartId: cartId(),
      version: 7,
      "currency:menu": "EUR",
      lineKeys: new Set(names.map((name) => `menu:${name}`)),
      conditionKeys: new Set(gifts.map((name) => `menu:${name}`)),
      ...Object.fromEntries(gifts.map((name) => [`condition:menu:${name}`, gift])),
      ...Object.fromEntries(names.map((name) => [`line:menu:${name}`, line])),
      ...Object.fromEntries(names.map((name) => [`quantity:menu:${name}`, 2])),
    });
    await world.shop.lockCart(request("ord_1"));
    await (
      await complete("ord_1")
    )();
    const row = await world.database.get("Carts", { cartId: cartId() });
    expect(Object.keys(row!).toSorted()).toEqual([
      "cartId",
      "change",
      "checkouts",
      "ttlSeconds",
      "version",
    ]);
  });

  it("with late money is taken out of a cart that nobody touched, and of no other @long", async () => {
    await world.shop.lockCart(request("ord_1", 1_000));
    const purchase = await complete("ord_1");
    time.advance(2_000);
    await world.shop.unlockCart(request("ord_1"));
    await purchase();
    expect((await world.shop.get(address)).instances.size).toBe(0);

    await world.shop.addLine(at("menu"), { itemId: "soup", quantity: 2 });
    await world.shop.lockCart(request("ord_2", 1_000));
    const late = await complete("ord_2");
    time.advance(1_000);
    await world.shop.changeQuantity(at("menu"), "soup", 9);
    expect(await errorOf(late())).toMatchObject({ code: "CHECKOUT_GONE" });
    expect(cartInstanceView(await world.shop.get(address), "menu").count).toBe(9);

    await world.shop.lockCart(request("ord_3"));
    const third = await complete("ord_2");
    expect(await errorOf(third())).toMatchObject({ code: "CHECKOUT_GONE" });
  });
});
