/** What carts come to: the stages of conditions, the floor at zero, and orders that add up. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  Cart,
  CartCondition,
  CartInstance,
  CartLine,
} from "../../../shared/carts/model/cart.ts";
import { priceForOrder, priceInstances } from "../../../shared/carts/model/pricing.ts";
import { recomputedTotal } from "../../support/cart-books.ts";

const line = (itemId: string, unitPriceMinor: number, quantity = 1): CartLine => ({
  lineId: itemId,
  itemId,
  name: itemId,
  kind: "k",
  vendorId: null,
  unitPriceMinor,
  quantity,
  addedAtMs: 1,
});
const condition = (
  target: CartCondition["target"],
  value: string,
  more: Partial<CartCondition> = {},
): CartCondition => ({ name: value, type: "any", target, value, order: 0, ...more });
const instance = (
  lines: readonly CartLine[],
  conditions: readonly CartCondition[] = [],
  name = "menu",
): CartInstance => ({
  instance: name,
  lines,
  conditions,
  metadata: new Map(),
  ...(lines.length > 0 ? { currency: "EUR" } : {}),
});
const cart = (...instances: CartInstance[]): Cart => ({
  cartId: "a/b",
  version: 1,
  checkouts: 0,
  instances: new Map(instances.map((each) => [each.instance, each])),
});
const totalOf = (...given: Parameters<typeof instance>) =>
  priceInstances([instance(...given)]).totalMinor;

describe("conditions", () => {
  const two = [line("a", 1_000, 2), line("b", 500)];

  it.each([
    ["-10%", 2_250],
    ["+19%", 2_975],
    ["+7.7%", 2_693],
    ["+500", 3_000],
    ["-500", 2_000],
    ["-100%", 0],
    ["-9999", 0],
    ["-150%", 0],
  ])("of %s on the total of 25.00 leave %i", (value, total) => {
    expect(totalOf(two, [condition("total", value)])).toBe(total);
    expect(totalOf(two, [condition("subtotal", value)])).toBe(total);
  });

  it("on items count per cent of the line and amounts per unit, on one line or on all", () => {
    expect(totalOf(two, [condition("item", "-10%", { itemId: "a" })])).toBe(2_300);
    expect(totalOf(two, [condition("item", "-100", { itemId: "a" })])).toBe(2_300);
    expect(totalOf(two, [condition("item", "-100")])).toBe(2_200);
    expect(totalOf(two, [condition("item", "-600")])).toBe(800);
    expect(totalOf(two, [condition("item", "-100", { itemId: "ghost" })])).toBe(2_500);
  });

  it("apply to items first, then to the subtotal, then to the total, each in their order", () => {
    const all = [
      condition("total", "+19%", { order: 2, name: "tax" }),
      condition("total", "+500", { order: 1, name: "shipping" }),
      condition("subtotal", "-10%", { order: 9, name: "sale" }),
      condition("item", "-500", { itemId: "b", order: 99, name: "free" }),
    ].toSorted((a, b) => a.order - b.order);
    // (2000 + 0) - 10 % = 1800; + 500 = 2300; + 19 % = 2737
    expect(totalOf(two, all)).toBe(2_737);
  });

  it("in another order come to something else", () => {
    const [tax, shipping] = [condition("total", "+19%"), condition("total", "+500")];
    expect(totalOf(two, [tax, shipping])).toBe(3_475);
    expect(totalOf(two, [shipping, tax])).toBe(3_570);
  });

  it("never make a cart without lines cost anything", () => {
    const empty = priceInstances([instance([], [condition("total", "+500")])]);
    expect(empty).toEqual({ count: 0, subtotalMinor: 0, totalMinor: 0, currency: null });
  });

  it("leave the subtotal at the sum of the lines", () => {
    const price = priceInstances([
      instance(two, [condition("item", "-10%"), condition("total", "+1")]),
    ]);
    expect(price).toMatchObject({ count: 3, subtotalMinor: 2_500, totalMinor: 2_251 });
  });
});

const itemIds = ["a", "b", "c", "d", "e", "f"];
const someLines = fc.uniqueArray(
  fc.record({
    itemId: fc.constantFrom(...itemIds),
    quantity: fc.integer({ min: 1, max: 1_000 }),
    unitPriceMinor: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000_000 })),
  }),
  { minLength: 1, maxLength: 6, selector: ({ itemId }) => itemId },
);
const someValue = fc.oneof(
  fc
    .tuple(fc.constantFrom("+", "-"), fc.nat(200), fc.nat(9_999))
    .map(([sign, whole, decimals]) => `${sign}${whole}.${decimals}%`),
  fc.tuple(fc.constantFrom("+", "-"), fc.nat(100_000)).map(([sign, minor]) => `${sign}${minor}`),
);
const someConditions = fc.array(
  fc.record({
    target: fc.constantFrom("item" as const, "subtotal" as const, "total" as const),
    value: someValue,
    itemId: fc.option(fc.constantFrom(...itemIds), { nil: undefined }),
  }),
  { maxLength: 6 },
);
const someInstance = fc.tuple(someLines, someConditions).map(([lines, conditions]) =>
  instance(
    lines.map(({ itemId, unitPriceMinor, quantity }) => line(itemId, unitPriceMinor, quantity)),
    conditions.map(({ target, value, itemId }, index) =>
      condition(target, value, {
        name: `c${index}`,
        ...(target === "item" && itemId !== undefined ? { itemId } : {}),
      }),
    ),
  ),
);

describe("any cart", () => {
  it("comes to what its lines and conditions come to when they are counted again", () => {
    fc.assert(
      fc.property(someInstance, (given) => {
        expect(BigInt(priceInstances([given]).totalMinor)).toBe(recomputedTotal(given));
      }),
      { numRuns: 500 },
    );
  });

  it("is ordered at the total its reader sees, in lines that add up to it exactly", () => {
    const carts = fc.uniqueArray(fc.tuple(fc.constantFrom("x", "y", "z"), someInstance), {
      minLength: 1,
      maxLength: 3,
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(carts, (given) => {
        const instances = given.map(([name, each]) => ({ ...each, instance: name }));
        const order = priceForOrder(cart(...instances));
        const seen = instances.reduce((sum, each) => sum + priceInstances([each]).totalMinor, 0);
        expect(order.totalMinor).toBe(seen);
        const sum = order.lines.reduce(
          (total, each) => total + each.lineTotalMinor + each.adjustmentMinor,
          0,
        );
        expect(sum).toBe(order.totalMinor);
        for (const { lineTotalMinor, adjustmentMinor, quantity, unitPriceMinor } of order.lines) {
          expect(lineTotalMinor).toBe(quantity * unitPriceMinor);
          expect(lineTotalMinor + adjustmentMinor).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("an order of a cart", () => {
  it("has the instances that were asked for, with their conditions, and no empty ones", () => {
    const fee = condition("total", "+1", { name: "fee" });
    const whole = cart(
      instance([line("a", 100)], [fee], "menu"),
      instance([line("b", 50)], [], "ticket"),
      instance([], [fee], "wishlist"),
    );
    expect(priceForOrder(whole)).toMatchObject({
      instances: ["menu", "ticket"],
      conditions: [],
      totalMinor: 151,
    });
    expect(priceForOrder(whole, ["ticket", "nowhere"]).totalMinor).toBe(50);
    expect(() => priceForOrder(whole, ["wishlist"])).toThrow(/nothing/);
  });

  it("leaves what is kept for later where it is, unless it is named", () => {
    const kept = [line("a", 100)];
    const whole = cart(
      instance([line("b", 50)], [], "menu"),
      instance(kept, [], "saved"),
      instance(kept, [], "wishlist"),
    );
    expect(priceForOrder(whole)).toMatchObject({ instances: ["menu"], totalMinor: 50 });
    expect(priceForOrder(whole, ["wishlist"]).totalMinor).toBe(100);
    expect(() => priceForOrder(cart(instance(kept, [], "saved")))).toThrow(/nothing/);
  });

  it("is refused when amounts do not add up or pass what a number can hold", () => {
    const dollars = { ...instance([line("b", 50)], [], "us"), currency: "USD" };
    expect(() => priceForOrder(cart(instance([line("a", 1)]), dollars))).toThrow(/EUR.*USD/);
    const huge = instance(
      Array.from({ length: 10 }, (_, i) => line(`${i}`, 1_000_000_000, 1_000_000)),
    );
    expect(() => priceForOrder(cart(huge))).toThrow(/more than can be paid/);
    expect(priceInstances([huge]).totalMinor).toBe(Number.MAX_SAFE_INTEGER);
  });
});
