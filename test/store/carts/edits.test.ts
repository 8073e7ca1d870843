/** Every edit of a single key on the real engine: what it does, refuses and costs. */
import { DeleteCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { makeCartId, selectInstance } from "../../../shared/carts/model/cart.ts";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { maxLines } from "../../../shared/carts/model/cart-limits.ts";
import { addLineWrite } from "../../../shared/carts/editing/cart-key-edits.ts";
import { createCartWorld } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { errorOf, giveItem, metered } from "../../support/world.ts";

const time = createTestClock();
let world: Awaited<ReturnType<typeof createCartWorld>>;
let serial = 0;
let address: { userId: string; sessionId: string };

const at = (instance = "menu", expectedVersion?: number) => ({
  ...address,
  instance,
  actor: { id: address.userId },
  ...(expectedVersion === undefined ? {} : { expectedVersion }),
});
const cartId = () => makeCartId(address.userId, address.sessionId);
const lock = (orderId = "ord_1", leaseMs = 60_000) =>
  world.shop.lockCart({ ...address, orderId, leaseMs, actor: { id: "alice" } });

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), time.clock);
  await giveItem(world, { itemId: "soup", amountMinor: 450 });
  await giveItem(world, { itemId: "bread", amountMinor: 120 });
  await giveItem(world, { itemId: "taco", amountMinor: 300, currency: "USD" });
});

beforeEach(() => {
  address = { userId: "alice", sessionId: `s${(serial += 1)}` };
});

describe("lines", () => {
  it("an item is added at the shop's price with 2 requests, and again raises its quantity", async () => {
    const { meter } = await metered(() =>
      world.shop.addLine(at(), { itemId: "soup", quantity: 2 }),
    );
    expect(meter.requests).toBe(2);
    time.advance(10);
    await world.shop.addLine(at(), { itemId: "bread", quantity: 1 });
    time.advance(10);
    const cart = await world.shop.addLine(at(), { itemId: "soup", quantity: 3 });
    expect(cartInstanceView(cart, "menu")).toMatchObject({
      items: [
        {
          itemId: "soup",
          name: "The soup",
          quantity: 5,
          unitPriceMinor: 450,
          lineTotalMinor: 2_250,
        },
        { itemId: "bread", quantity: 1 },
      ],
      count: 6,
      subtotalMinor: 2_370,
      totalMinor: 2_370,
      currency: "EUR",
    });
    expect(await world.shop.get(address)).toMatchObject({ version: cart.version });
  });

  it("attributes stay to the letter, in whatever order the same ones are given again", async () => {
    const attributes = JSON.parse('{"__proto__":{"a":1},"note":"ünï 🍲","n":[1.5,null]}') as never;
    await world.shop.addLine(at(), { itemId: "soup", quantity: 1, attributes });
    const again = JSON.parse('{"n":[1.5,null],"note":"ünï 🍲","__proto__":{"a":1}}') as never;
    const cart = await world.shop.addLine(at(), {
      itemId: "soup",
      quantity: 1,
      attributes: again,
    });
    expect(selectInstance(cart, "menu").lines).toMatchObject([
      { quantity: 2, attributes: JSON.stringify(attributes) },
    ]);
  });

  it("a quantity is changed and a line removed with 1 request each", async () => {
    await world.shop.addLine(at(), { itemId: "soup", quantity: 2 });
    const changed = await metered(() => world.shop.changeQuantity(at(), "soup", 7));
    expect(changed.meter.requests).toBe(1);
    expect(cartInstanceView(changed.result, "menu").items).toMatchObject([{ quantity: 7 }]);
    const removed = await metered(() => world.shop.changeQuantity(at(), "soup", 0));
    expect(removed.meter.requests).toBe(1);
    expect(cartInstanceView(removed.result, "menu")).toMatchObject({
      items: [],
      totalMinor: 0,
      currency: null,
    });
    for (const edit of [
      () => world.shop.changeQuantity(at(), "soup", 1),
      () => world.shop.removeLine(at(), "soup"),
    ]) {
      expect(await errorOf(edit())).toMatchObject({ code: "CART_LINE_NOT_FOUND" });
    }
  });

  it("an unknown item, another currency and too many units are refused and change nothing", async () => {
    await world.shop.addLine(at(), { itemId: "soup", quantity: 1 });
    const before = await world.rowOf(cartId());
    const add = (itemId: string, quantity: number) =>
      world.shop.addLine(at(), { itemId, quantity });
    expect(await errorOf(add("ghost", 1))).toMatchObject({ code: "ITEM_NOT_FOUND" });
    expect(await errorOf(add("taco", 1))).toMatchObject({ code: "CURRENCY_MISMATCH" });
    expect(await errorOf(add("soup", 1_000_000))).toMatchObject({ code: "TOO_LARGE" });
    expect(await world.rowOf(cartId())).toBe(before);
    const other = await world.shop.addLine(at("wishlist"), { itemId: "taco", quantity: 1 });
    expect(cartInstanceView(other, "wishlist").currency).toBe("USD");
  });

  it("an instance emptied line by line takes another currency", async () => {
    await world.shop.addLine(at(), { itemId: "soup", quantity: 1 });
    await world.shop.removeLine(at(), "soup");
    const cart = await world.shop.addLine(at(), { itemId: "taco", quantity: 1 });
    expect(cartInstanceView(cart, "menu")).toMatchObject({ currency: "USD", totalMinor: 300 });
    expect(await errorOf(world.shop.addLine(at(), { itemId: "soup", quantity: 1 }))).toMatchObject({
      code: "CURRENCY_MISMATCH",
    });
  });

  it("a cart takes 200 lines and no more, in all its instances together", async () => {
    const names = Array.from({ length: maxLines }, (_, index) => `i${index}`);
    const line = { name: "x", kind: "k", vendorId: null, unitPriceMinor: 1, addedAtMs: 1 };
    await world.plant({
      cartId: cartId(),
      version: 5,
      "currency:menu": "EUR",
      lineKeys: new Set(names.map((name) => `menu:${name}`)),
      ...Object.fromEntries(
        names.flatMap((name) => [
          [`line:menu:${name}`, line],
          [`quantity:menu:${name}`, 1],
        ]),
      ),
    });
    const over = world.shop.addLine(at("other"), { itemId: "soup", quantity: 1 });
    expect(await errorOf(over)).toMatchObject({ code: "TOO_LARGE", fields: { limit: 200 } });
    await world.shop.removeLine(at(), "i7");
    await world.shop.addLine(at("other"), { itemId: "soup", quantity: 1 });
    // The condition says so too, when a reader was too early to see the last place taken.
    const early = { ...(await world.contents.read([cartId()])).carts[0]!, instances: new Map() };
    const { items } = await world.contents.read([], ["bread"]);
    const facts = items.get("bread")!;
    const edit = { address: at("other"), nowMs: time.clock(), note: {} as never };
    const addition = {
      currency: "EUR",
      line: { ...line, lineId: "bread", itemId: "bread", quantity: 1, name: facts.name },
    };
    const write = addLineWrite(edit, early, addition);
    expect(await errorOf(world.contents.apply(cartId(), write))).toMatchObject({
      name: "CartMoved",
    });
  });
});

describe("conditions and metadata", () => {
  it("are set, changed and removed with 1 request each; removing twice is no error", async () => {
    await world.shop.addLine(at(), { itemId: "soup", quantity: 2 });
    const discount = {
      name: "ten",
      type: "discount",
      target: "total",
      value: "-10%",
      order: 1,
    } as const;
    const set = await metered(() => world.shop.setCondition(at(), discount));
    expect(set.meter.requests).toBe(1);
    expect(cartInstanceView(set.result, "menu")).toMatchObject({
      conditions: [discount],
      subtotalMinor: 900,
      totalMinor: 810,
    });
    const removed = await metered(() => world.shop.removeCondition(at(), "ten"));
    expect(removed.meter.requests).toBe(1);
    const again = await metered(() => world.shop.removeCondition(at(), "ten"));
    expect(again.meter.requests).toBe(1);
    expect(again.result.version).toBe(removed.result.version);
    expect(cartInstanceView(again.result, "menu").totalMinor).toBe(900);
  });

  it("metadata of any key and any JSON comes back to the letter", async () => {
    const values: [string, unknown][] = [
      ["__proto__", { polluted: true }],
      ["constructor", JSON.parse('{"__proto__":[1]}')],
      ["a:b/c#d.e[0]", "ünï 🎟 \u0000 \ud800"],
      ["null", null],
      ["deep", { list: [1, -0.5, 1e21, true, { "": {} }] }],
    ];
    for (const [key, value] of values) {
      const { meter } = await metered(() => world.shop.setMetadata(at(), key, value));
      expect(meter.requests).toBe(1);
    }
    const view = cartInstanceView(await world.shop.get(address), "menu");
    expect(new Map(Object.entries(view.metadata))).toEqual(
      new Map(values.map(([k, v]) => [k, JSON.parse(JSON.stringify(v))])),
    );
    expect(Object.getPrototypeOf(view.metadata)).toBe(Object.prototype);
    for (const [key] of values) await world.shop.removeMetadata(at(), key);
    expect(cartInstanceView(await world.shop.get(address), "menu").metadata).toEqual({});
  });

  it("a metadata value takes 4 KB and no more, a cart 50 conditions", async () => {
    await world.shop.setMetadata(at(), "big", "x".repeat(4_094));
    expect(await errorOf(world.shop.setMetadata(at(), "big", "x".repeat(4_095)))).toMatchObject({
      code: "TOO_LARGE",
      fields: { limit: 4_096 },
    });
    const condition = { type: "fee", target: "total", value: "+1", order: 0 } as const;
    for (let index = 0; index < 50; index += 1) {
      await world.shop.setCondition(at(), { ...condition, name: `c${index}` });
    }
    const more = world.shop.setCondition(at("other"), { ...condition, name: "one too many" });
    expect(await errorOf(more)).toMatchObject({ code: "TOO_LARGE", fields: { limit: 50 } });
    await world.shop.setCondition(at(), { ...condition, name: "c0", value: "+2" });
  });

  it("a cart has 50 metadata keys, over all its instances, and no more", async () => {
    for (let index = 0; index < 50; index += 1) {
      await world.shop.setMetadata(at(index % 2 ? "menu" : "other"), `k${index}`, index);
    }
    const more = await errorOf(world.shop.setMetadata(at(), "one too many", 1));
    expect(more).toMatchObject({ code: "TOO_LARGE", fields: { limit: 50 } });
    // Those that are there can be changed, and one that was removed makes room.
    await world.shop.setMetadata(at("menu"), "k1", "again");
    await world.shop.removeMetadata(at("menu"), "k1");
    await world.shop.setMetadata(at("other"), "one too many", 1);
  });

  it("a cart has 64 KB of metadata and no more: clearing an instance makes room", async () => {
    const value = "x".repeat(4_000);
    for (let index = 0; index < 16; index += 1) {
      await world.shop.setMetadata(at(index < 8 ? "menu" : "other"), `k${index}`, value);
    }
    const more = await errorOf(world.shop.setMetadata(at(), "more", 1));
    expect(more).toMatchObject({ code: "TOO_LARGE", fields: { limit: 65_536 } });
    await world.shop.setMetadata(at("menu"), "k0", value);
    await world.shop.clear(at("other"));
    await world.shop.setMetadata(at("menu"), "more", value);
  });

  it("20 values at once never get one too many", async () => {
    for (let index = 0; index < 45; index += 1) await world.shop.setMetadata(at(), `k${index}`, 1);
    const sets = Array.from({ length: 20 }, (_, index) =>
      world.shop.setMetadata(at(), `more${index}`, 1),
    );
    const results = await Promise.allSettled(sets);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  });

  it("a cart beyond DynamoDB's own limit is refused as too large", async () => {
    const value = "x".repeat(4_000);
    await world.plant({
      cartId: cartId(),
      version: 1,
      ...Object.fromEntries(
        Array.from({ length: 101 }, (_, i) => [`metadata:menu:${i}`, `"${value}"`]),
      ),
    });
    expect(await errorOf(world.shop.setMetadata(at(), "more", value))).toMatchObject({
      code: "TOO_LARGE",
    });
  });
});

describe("versions", () => {
  it("each edit raises the version by one; If-Match refuses a stale one on every edit", async () => {
    const first = await world.shop.addLine(at(), { itemId: "soup", quantity: 1 });
    const second = await world.shop.changeQuantity(at("menu", first.version), "soup", 2);
    expect(second.version).toBe(first.version + 1);
    const stale = at("menu", first.version);
    const condition = { name: "f", type: "fee", target: "total", value: "+1", order: 0 } as const;
    for (const edit of [
      () => world.shop.addLine(stale, { itemId: "soup", quantity: 1 }),
      () => world.shop.changeQuantity(stale, "soup", 3),
      () => world.shop.removeLine(stale, "soup"),
      () => world.shop.setCondition(stale, condition),
      () => world.shop.setMetadata(stale, "k", 1),
    ]) {
      expect(await errorOf(edit())).toMatchObject({
        code: "VERSION_MISMATCH",
        fields: { currentVersion: second.version },
      });
    }
  });

  it("a cart that DynamoDB has deleted does not count from the same start again", async () => {
    const old = await world.shop.addLine(at(), { itemId: "soup", quantity: 1 });
    await world.client.send(
      new DeleteCommand({ TableName: world.tables.Carts, Key: { cartId: cartId() } }),
    );
    time.advance(30 * 86_400_000);
    const fresh = await world.shop.addLine(at(), { itemId: "bread", quantity: 1 });
    expect(fresh.version).toBeGreaterThan(old.version + 1_000_000);
  });

  it("keeps an edited cart for 30 days", async () => {
    await world.shop.setMetadata(at(), "k", 1);
    const row = await world.database.get("Carts", { cartId: cartId() });
    expect(row?.["ttlSeconds"]).toBe(Math.ceil((time.clock() + 30 * 86_400_000) / 1000));
  });
});

describe("a lost answer", () => {
  it("does not make an edit happen twice", async () => {
    await world.shop.addLine(at(), { itemId: "soup", quantity: 2 });
    const before = await world.shop.get(address);
    const condition = { name: "f", type: "fee", target: "total", value: "+1", order: 0 } as const;
    const addThree = async () => {
      const cart = await world.shop.addLine(at(), { itemId: "soup", quantity: 3 });
      expect(cartInstanceView(cart, "menu").count).toBe(5);
      return cart;
    };
    const edits: [string, () => Promise<{ version: number }>][] = [
      ["add", () => addThree()],
      ["change", () => world.shop.changeQuantity(at(), "soup", 4)],
      ["condition", () => world.shop.setCondition(at(), condition)],
      ["no condition", () => world.shop.removeCondition(at(), "f")],
      ["metadata", () => world.shop.setMetadata(at(), "k", { a: 1 })],
      ["no metadata", () => world.shop.removeMetadata(at(), "k")],
      ["replace", () => world.shop.putItems(at(), [{ itemId: "bread", quantity: 2 }])],
      ["remove", () => world.shop.removeLine(at(), "bread")],
      ["metadata again", () => world.shop.setMetadata(at(), "k", 2)],
      ["clear", () => world.shop.clear(at())],
    ];
    let { version } = before;
    for (const [name, edit] of edits) {
      world.loseAnswers(1);
      const after = await edit();
      expect([name, after.version]).toEqual([name, (version += 1)]);
    }
  });
});

describe("a cart that is being paid for", () => {
  it("refuses every edit with 423 after 1 request, with nothing changed", async () => {
    await world.shop.addLine(at(), { itemId: "soup", quantity: 1 });
    await world.shop.setMetadata(at("ticket"), "seat", "A1");
    await lock();
    const before = await world.rowOf(cartId());
    const condition = { name: "f", type: "fee", target: "total", value: "+1", order: 0 } as const;
    const edits = [
      () => world.shop.addLine(at("ticket"), { itemId: "bread", quantity: 1 }),
      () => world.shop.addLine(at(), { itemId: "soup", quantity: 1 }),
      () => world.shop.changeQuantity(at(), "soup", 2),
      () => world.shop.changeQuantity(at("ticket"), "ghost", 2),
      () => world.shop.removeLine(at(), "soup"),
      () => world.shop.setCondition(at(), condition),
      () => world.shop.removeCondition(at(), "f"),
      () => world.shop.setMetadata(at("ticket"), "seat", "B2"),
      () => world.shop.removeMetadata(at("ticket"), "seat"),
      () => world.shop.putItems(at(), [{ itemId: "bread", quantity: 1 }]),
      () => world.shop.clear(at()),
    ];
    for (const edit of edits) {
      const { result, meter } = await metered(() => errorOf(edit()));
      expect(result).toMatchObject({
        code: "CART_LOCKED",
        message:
          "Cart is currently being processed. Please wait for your payment to complete before adding more items.",
        fields: { orderId: "ord_1", lockedUntilMs: time.clock() + 60_000 },
      });
      expect(meter.requests).toBe(1);
    }
    expect(await world.rowOf(cartId())).toBe(before);
  });

  it("can be edited at the instant when the lock is over, and the lock is gone then", async () => {
    await world.shop.addLine(at(), { itemId: "soup", quantity: 1 });
    await lock("ord_2", 1_000);
    time.advance(999);
    expect(await errorOf(world.shop.changeQuantity(at(), "soup", 2))).toMatchObject({
      code: "CART_LOCKED",
    });
    time.advance(1);
    const cart = await world.shop.changeQuantity(at(), "soup", 2);
    expect(cart.lock).toBeUndefined();
  });
});
