/** The pure rules of stock: who gets units, who is refused, and which expired holds make room. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import {
  heldUnits,
  type Hold,
  maxHolds,
  maxTakenOver,
  planRoom,
  type Stock,
  unitsIn,
  whyRefused,
} from "../../../shared/inventory/stock.ts";

const nowMs = epochMs(1_000);

function stockWith(given: Partial<Stock>): Stock {
  const names = { itemId: "a", name: "A", kind: "Retail", vendorId: null, createdAtMs: 0 };
  const price = { amountMinor: 500, currency: "EUR", holdPolicy: "counted" as const };
  return {
    ...names,
    ...price,
    available: 0,
    sold: 0,
    received: 0,
    adjusted: 0,
    holds: {},
    ...given,
  };
}

const hold = (quantity: number, expiresAtMs: number): Hold => ({
  quantity,
  expiresAtMs,
  userId: "u",
});

describe("a demand", () => {
  it("is refused for want of units, and told how many there are", () => {
    const stock = stockWith({
      available: 1,
      holds: { live: hold(3, 1_001), over: hold(2, 1_000) },
    });
    expect(whyRefused({ itemId: "a", quantity: 4 }, stock, nowMs)).toEqual({
      itemId: "a",
      reason: "insufficient_stock",
      available: 3,
      requested: 4,
    });
    expect(whyRefused({ itemId: "a", quantity: 3 }, stock, nowMs)).toBeUndefined();
  });

  it("of an exclusive item is locked by a live hold only", () => {
    const exclusive = { holdPolicy: "exclusive" as const, available: 5 };
    const live = stockWith({ ...exclusive, holds: { o: hold(1, 1_001) } });
    expect(whyRefused({ itemId: "a", quantity: 1 }, live, nowMs)).toMatchObject({
      reason: "locked",
      lockedUntilMs: 1_001,
    });
    const over = stockWith({ ...exclusive, holds: { o: hold(1, 1_000) } });
    expect(whyRefused({ itemId: "a", quantity: 6 }, over, nowMs)).toBeUndefined();
  });

  it("at another price is refused with the price of now", () => {
    const price = { amountMinor: 400, currency: "EUR" };
    const refusal = whyRefused(
      { itemId: "a", quantity: 1, price },
      stockWith({ available: 9 }),
      nowMs,
    );
    expect(refusal).toMatchObject({ reason: "price_changed", price: { amountMinor: 500 } });
  });

  it("is refused when an item carries as many live holds as it can", () => {
    const holds = Object.fromEntries(
      Array.from({ length: maxHolds }, (_, index) => [`o${index}`, hold(1, 2_000 + index)]),
    );
    const full = stockWith({ available: 10, holds });
    expect(whyRefused({ itemId: "a", quantity: 1 }, full, nowMs)).toMatchObject({
      reason: "locked",
      lockedUntilMs: 2_000,
    });
  });
});

describe("room", () => {
  const someStock = fc
    .record({
      available: fc.nat(20),
      holdPolicy: fc.constantFrom("counted" as const, "exclusive" as const),
      holds: fc.dictionary(
        fc.string({ minLength: 1, maxLength: 5 }),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 990, max: 1_010 })),
        { maxKeys: 80 },
      ),
    })
    .map(({ holds, ...rest }) => {
      const entries = Object.entries(holds).map(([id, [quantity, at]]) => [id, hold(quantity, at)]);
      return stockWith({ ...rest, holds: Object.fromEntries(entries) });
    });

  it("is made of expired holds alone, enough for whoever is not refused, and in writes of bounded size", () => {
    fc.assert(
      fc.property(someStock, fc.integer({ min: 1, max: 200 }), (stock, quantity) => {
        const { clearFirst, takeOver } = planRoom(stock, quantity, nowMs);
        const taken = [...clearFirst, ...takeOver];
        expect(taken.every(({ expiresAtMs }) => expiresAtMs <= nowMs)).toBe(true);
        expect(takeOver.length).toBeLessThanOrEqual(maxTakenOver);
        if (whyRefused({ itemId: "a", quantity }, stock, nowMs)) return;
        expect(stock.available + unitsIn(taken)).toBeGreaterThanOrEqual(quantity);
        const left = Object.keys(stock.holds).length - taken.length;
        if (stock.holdPolicy === "exclusive") expect(left).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is left alone where there is enough without it", () => {
    const stock = stockWith({ available: 5, holds: { over: hold(2, 1) } });
    expect(planRoom(stock, 5, nowMs)).toEqual({ clearFirst: [], takeOver: [] });
    expect(planRoom(stock, 6, nowMs).takeOver).toHaveLength(1);
    expect(heldUnits(stock)).toBe(2);
  });
});
