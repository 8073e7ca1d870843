/** Promotions and codes apply once to all that is ordered together, however its lines are spread over named carts. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import {
  areOrderedTogether,
  type CartInstance,
  type CartLine,
} from "../../../shared/carts/model/cart.ts";
import { cartInstanceView, cartView } from "../../../shared/carts/model/cart-view.ts";
import { mergedInstances } from "../../../shared/carts/model/merging.ts";
import { judgeEntry, selectRules } from "../../../shared/carts/model/price-rules.ts";
import { priceForOrder } from "../../../shared/carts/model/pricing.ts";
import type { Promotion } from "../../../shared/promotions/promotion.ts";
import { recomputedTogether } from "../../sim/invariants/prices.ts";

const nowMs = epochMs(1_000);
const promotion = (code: string, value: string, more: Partial<Promotion> = {}): Promotion => ({
  code,
  name: code,
  type: "any",
  target: "total",
  value,
  order: 0,
  active: true,
  automatic: false,
  combinable: false,
  revision: 1,
  usesId: `uses ${code}`,
  ...more,
});
const line = (itemId: string, unitPriceMinor = 1_000, quantity = 1) => ({
  lineId: itemId,
  itemId,
  name: itemId,
  kind: "k",
  vendorId: null,
  unitPriceMinor,
  quantity,
  addedAtMs: 1,
});
const instance = (name: string, lines: CartLine[], codes: Promotion[] = []): CartInstance => ({
  instance: name,
  lines,
  conditions: [],
  metadata: new Map(),
  codes,
  ...(lines.length > 0 ? { currency: "EUR" } : {}),
});
const cartOf = (...instances: CartInstance[]) => ({
  cartId: "a/b",
  version: 1,
  checkouts: 0,
  instances: new Map(instances.map((each) => [each.instance, each])),
});
type Cart = ReturnType<typeof cartOf>;
const pricingOf = (automatic: Promotion[]) => ({ prices: { automatic, revision: 1 }, nowMs });
const orderOf = (cart: Cart, automatic: Promotion[] = [], names?: string[]) =>
  priceForOrder(cart, names, (wanted) => selectRules(wanted, pricingOf(automatic)));
const totalSeen = (cart: Cart, automatic: Promotion[] = []) =>
  cartView(cart, { userId: "a", sessionId: "b" }, pricingOf(automatic));
const spread = (count: number, codes: Promotion[] = []) =>
  cartOf(
    ...Array.from({ length: count }, (_, index) => instance(`i${index}`, [line("pen")], codes)),
  );

describe("what applies by itself", () => {
  const gift = promotion("AD3", "-300", { automatic: true });

  it("takes a fixed amount off once, whether ten units are in one cart or in ten", () => {
    expect(orderOf(cartOf(instance("i", [line("pen", 1_000, 10)])), [gift]).totalMinor).toBe(9_700);
    expect(orderOf(spread(10), [gift])).toMatchObject({
      totalMinor: 9_700,
      adjustments: [{ amountMinor: -300, shares: Array.from({ length: 10 }, () => -30) }],
    });
    expect(totalSeen(spread(10), [gift]).totalMinor).toBe(9_700);
  });

  it("adds shipping once", () => {
    const shipping = promotion("SHIP", "+500", { automatic: true });
    expect(orderOf(spread(3), [shipping]).totalMinor).toBe(3_500);
  });

  it("asks for its minimum of all that is ordered together", () => {
    const least = { ...gift, minSubtotalMinor: 2_500 };
    expect(orderOf(spread(3), [least]).totalMinor).toBe(2_700);
    expect(orderOf(spread(3), [least], ["i0", "i1"]).totalMinor).toBe(2_000);
  });
});

describe("a code", () => {
  const welcome = promotion("WELC", "-500", { maxUses: 100 });

  it("entered in three named carts counts once, and is used once", () => {
    const order = orderOf(spread(3, [welcome]));
    expect(order).toMatchObject({ totalMinor: 2_500, applied: [{ code: "WELC" }] });
    expect(order.codes).toHaveLength(3);
  });

  it("counts for all that is ordered with it, also where nothing stands beside it", () => {
    const cart = cartOf(instance("empty", [], [welcome]), instance("full", [line("pen")]));
    expect(orderOf(cart)).toMatchObject({
      totalMinor: 500,
      instances: ["full"],
      codes: [{ instance: "empty", code: "WELC" }],
    });
    expect(orderOf(cart, [], ["full"]).totalMinor).toBe(1_000);
  });

  it("that does not combine is refused beside one in another named cart, when entered and when ordered", () => {
    const alone = promotion("ALONE", "-10%");
    const cart = cartOf(
      instance("a", [line("pen")], [welcome]),
      instance("b", [line("ink")], [alone]),
    );
    expect(() => orderOf(cart)).toThrow(
      expect.objectContaining({ code: "CODE_NOT_ACCEPTED", reason: "not_combinable" }),
    );
    expect(totalSeen(cart).totals).toMatchObject([
      { promotions: [{ code: "ALONE" }, { code: "WELC", refused: "not_combinable" }] },
    ]);
    expect(judgeEntry(alone, cart, { instance: "b", nowMs })).toBe("not_combinable");
    expect(judgeEntry(alone, cart, { instance: "wishlist", nowMs })).toBeUndefined();
    expect(judgeEntry(welcome, spread(2, [welcome]), { instance: "i1", nowMs })).toBeUndefined();
    // Each of them can still be ordered by itself, as its reader sees.
    expect(orderOf(cart, [], ["b"]).totalMinor).toBe(900);
    expect(cartInstanceView(cart, "b", pricingOf([])).totalMinor).toBe(900);
  });

  it("does not come by a merge beside one in another named cart that it does not go together with", () => {
    const target = cartOf(instance("a", [line("pen")], [welcome]));
    const source = cartOf(instance("b", [line("ink")], [promotion("ALONE", "-10%"), welcome]));
    const merged = cartOf(...mergedInstances(target, source, "sum"));
    expect(orderOf(merged)).toMatchObject({
      totalMinor: 1_500,
      codes: [{ instance: "a", code: "WELC" }],
    });
  });

  it("has its minimum judged over all that is ordered together when it is entered", () => {
    const least = { ...welcome, minSubtotalMinor: 2_000 };
    expect(judgeEntry(least, spread(2), { instance: "i0", nowMs })).toBeUndefined();
    expect(judgeEntry(least, spread(1), { instance: "i0", nowMs })).toBe("minimum_not_reached");
  });

  it("for an item that is not there is refused as that, and shows what it is refused for", () => {
    const forInk = promotion("INK", "-100", { target: "item", itemId: "ink" });
    const cart = cartOf(instance("a", [line("pen")], [forInk]));
    expect(judgeEntry(forInk, cart, { instance: "a", nowMs })).toBe("not_applicable");
    expect(cartInstanceView(cart, "a", pricingOf([]))).toMatchObject({
      conditions: [{ code: "INK", refused: "not_applicable" }],
      totalMinor: 1_000,
    });
    expect(() => orderOf(cart)).toThrow(expect.objectContaining({ reason: "not_applicable" }));
    const both = cartOf(...cart.instances.values(), instance("b", [line("ink")]));
    expect(orderOf(both).totalMinor).toBe(1_900);
  });
});

describe("administrators' conditions", () => {
  it("stay with their own named cart, between promotions that count for all", () => {
    const taxed = {
      ...instance("a", [line("pen")]),
      conditions: [{ name: "tax", type: "tax", target: "total" as const, value: "+10%", order: 1 }],
    };
    const gift = promotion("AD3", "-300", { automatic: true });
    // 300 off 3,000 are 100 off the taxed one: 900 and a tenth.
    expect(orderOf(cartOf(taxed, instance("b", [line("ink", 2_000)])), [gift])).toMatchObject({
      totalMinor: 2_790,
      adjustments: [{ shares: [-100, -200] }, { amountMinor: 90, shares: [90, 0] }],
    });
  });

  it("that give something leave with what is bought, those that add something stay", () => {
    const rule = { type: "any", target: "total" as const, order: 0 };
    const conditions = [
      { ...rule, name: "vip", value: "-10%" },
      { ...rule, name: "vat", value: "+19%" },
    ];
    const order = orderOf(cartOf({ ...instance("a", [line("pen")]), conditions }));
    expect(order.conditions).toEqual([{ instance: "a", name: "vip" }]);
  });
});

const names = ["menu", "ticket", "table", "wishlist"];
const someRule = fc.record({
  target: fc.constantFrom("item" as const, "subtotal" as const, "total" as const),
  value: fc.constantFrom("-10%", "+7.7%", "-33", "+500", "-250%", "+19%"),
  order: fc.integer({ min: 0, max: 2 }),
});
const someInstances = fc
  .tuple(
    ...names.map((name) =>
      fc.tuple(
        fc.constant(name),
        fc.array(fc.record({ price: fc.nat(5_000), quantity: fc.integer({ min: 1, max: 9 }) }), {
          maxLength: 3,
        }),
        fc.array(someRule, { maxLength: 2 }),
      ),
    ),
  )
  .map((all) =>
    all.map(([name, lines, rules]) => ({
      ...instance(
        name,
        lines.map(({ price, quantity }, index) => line(`${name}${index}`, price, quantity)),
      ),
      conditions: rules.map((rule, index) => ({ ...rule, name: `c${index}`, type: "any" })),
    })),
  );
const somePromotions = fc
  .array(fc.tuple(someRule, fc.option(fc.nat(20_000), { nil: undefined })), { maxLength: 3 })
  .map((all) =>
    all.map(([rule, minSubtotalMinor], index) =>
      promotion(`P${index}`, rule.value, { ...rule, automatic: true, minSubtotalMinor }),
    ),
  );

describe("whatever is in a cart", () => {
  it("an order of all and of each comes to what their readers see, in shares that add up", () => {
    fc.assert(
      fc.property(someInstances, somePromotions, (instances, promotions) => {
        const cart = cartOf(...instances);
        const filled = instances.filter(({ lines }) => lines.length > 0);
        for (const { instance: name } of filled) {
          const alone = orderOf(cart, promotions, [name]);
          const seen = cartInstanceView(cart, name, pricingOf(promotions));
          expect(alone.totalMinor).toBe(seen.totalMinor);
        }
        const together = filled.filter(({ instance: name }) => areOrderedTogether(name, "menu"));
        if (together.length === 0) return;
        const order = orderOf(cart, promotions);
        expect(totalSeen(cart, promotions).totalMinor).toBe(order.totalMinor);
        for (const { amountMinor, shares } of order.adjustments) {
          expect(shares.reduce((sum, share) => sum + share, 0)).toBe(amountMinor);
        }
        for (const [index, each] of order.lines.entries()) {
          const own = order.adjustments.reduce((sum, { shares }) => sum + shares[index]!, 0);
          expect(each.adjustmentMinor).toBe(own);
          expect(each.lineTotalMinor + own).toBeGreaterThanOrEqual(0);
        }
        const lines = together.flatMap((each) => each.lines);
        const prices = new Map(lines.map(({ itemId, unitPriceMinor }) => [itemId, unitPriceMinor]));
        const sum = lines.reduce((all, each) => all + each.quantity * each.unitPriceMinor, 0);
        const due = promotions.filter(({ minSubtotalMinor = 0 }) => sum >= minSubtotalMinor);
        expect(BigInt(order.totalMinor)).toBe(recomputedTogether(together, due, prices));
      }),
      { numRuns: 300 },
    );
  });

  it("spreading its lines over named carts changes nothing of what promotions make of them", () => {
    fc.assert(
      fc.property(someInstances, somePromotions, (instances, promotions) => {
        const lines = instances.flatMap((each) => [...each.lines]);
        if (lines.length === 0) return;
        const one = orderOf(cartOf(instance("menu", lines)), promotions);
        const all = instances.map(({ instance: name, lines: own }) =>
          instance(name === "wishlist" ? "list" : name, [...own]),
        );
        const several = orderOf(cartOf(...all), promotions);
        expect(several.totalMinor).toBe(one.totalMinor);
        expect(several.adjustments).toEqual(one.adjustments);
      }),
    );
  });
});
