/** Orders of carts on the real engine: at the total that was seen, or not at all. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { changeNote } from "../../../shared/base/actor.ts";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { patchStockWrites } from "../../../shared/inventory/stock-store.ts";
import { createCartWorld } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { errorOf, giveItem } from "../../support/world.ts";

const time = createTestClock();
let world: Awaited<ReturnType<typeof createCartWorld>>;
let serial = 0;
let address: { userId: string; sessionId: string };
let soup = "";

const actor = { id: "alice" };
const at = (instance: string) => ({ ...address, instance, actor });
const add = (instance: string, itemId: string, quantity = 1) =>
  world.shop.addLine(at(instance), { itemId, quantity });
const place = (instances?: readonly string[]) =>
  world.orders.place({
    userId: "alice",
    actor,
    paymentMethod: "sandbox",
    source: { kind: "cart", sessionId: address.sessionId, instances },
  });

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), time.clock);
});

beforeEach(async () => {
  serial += 1;
  address = { userId: "alice", sessionId: `s${serial}` };
  soup = `soup-${serial}`;
  await giveItem(world, { itemId: soup, quantity: 50, amountMinor: 333 });
});

describe("an order of a cart", () => {
  it("has the total that was seen, in lines that carry their share of the conditions", async () => {
    await add("menu", soup, 3);
    await add("ticket", soup, 1);
    const off = {
      name: "off",
      type: "discount",
      target: "total",
      value: "-10%",
      order: 0,
    } as const;
    const seen = cartInstanceView(await world.shop.setCondition(at("menu"), off), "menu");
    expect(seen.totalMinor).toBe(899);
    const { order } = await place(["menu"]);
    expect(order).toMatchObject({ totalMinor: 899, currency: "EUR" });
    expect(order.lines).toMatchObject([
      { itemId: soup, quantity: 3, lineTotalMinor: 999, adjustmentMinor: -100, instance: "menu" },
    ]);
    expect(order.cart?.conditions).toEqual([{ instance: "menu", name: "off" }]);
  });

  it("is refused when a line's price is not the shop's any more, in whichever instance", async () => {
    await add("menu", soup);
    const price = { amountMinor: 444, currency: "EUR" };
    const note = changeNote("item.change", { id: "root" }, time.clock());
    await world.database.transact(patchStockWrites({ itemId: soup }, { price }, note));
    await add("ticket", soup);
    const refused = {
      code: "ITEMS_UNAVAILABLE",
      failedItems: [{ itemId: soup, reason: "price_changed", price }],
    };
    expect(await errorOf(place())).toMatchObject(refused);
    const cart = await world.shop.get(address);
    expect(cartInstanceView(cart, "menu")).toMatchObject({
      totalMinor: 444,
      items: [{ unitPriceMinor: 444, previousUnitPriceMinor: 333 }],
    });
    expect((await place()).order.totalMinor).toBe(888);
  });

  it("that expires lets the cart be edited at that instant, without any sweep", async () => {
    await add("menu", soup);
    const { order } = await place();
    time.to(order.expiresAtMs - 1);
    expect(await errorOf(add("menu", soup))).toMatchObject({ code: "CART_LOCKED" });
    time.advance(1);
    expect(cartInstanceView(await add("menu", soup), "menu").count).toBe(2);
  });
});
