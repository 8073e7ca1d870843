/** Exact money: one rounding rule, and parts that add up. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  atLeastZero,
  isExact,
  minus,
  money,
  takePercent,
  plus,
  split,
  sumAmounts,
  times,
  toMinor,
} from "../../../shared/base/money.ts";

const eur = (amount: number | bigint) => money(amount, "EUR");
const percent = (amount: number, scale = 0) => ({ amount: BigInt(amount), scale: BigInt(scale) });

describe("rounding", () => {
  it.each([
    [5, 50, 3],
    [-5, 50, -3],
    [149, 1, 1],
    [150, 1, 2],
    [-150, 1, -2],
    [333, 19, 63],
  ])("%i at %i per cent is %i: a half goes away from zero", (amount, rate, result) => {
    expect(toMinor(takePercent(eur(amount), percent(rate)))).toBe(result);
  });

  it("takes decimals of per cent exactly", () => {
    expect(toMinor(takePercent(eur(10_000), percent(77, 1)))).toBe(770);
    expect(toMinor(takePercent(eur(1_000_000), percent(1, 4)))).toBe(1);
  });

  it("of a discount and of a surcharge is equally large", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(10_000), (amount, rate) => {
        const [up, down] = [
          takePercent(eur(amount), percent(rate)),
          takePercent(eur(-amount), percent(rate)),
        ];
        expect(toMinor(plus(up, down))).toBe(0);
      }),
    );
  });
});

describe("amounts", () => {
  it("stay exact where numbers would not", () => {
    const huge = times(eur(1_000_000_000), 1_000_000);
    const sum = sumAmounts(
      Array.from({ length: 200 }, () => huge),
      "EUR",
    );
    expect(isExact(sum)).toBe(false);
    expect(toMinor(sum)).toBe(Number.MAX_SAFE_INTEGER);
    expect(toMinor(minus(minus(plus(sum, eur(1)), sum), eur(1)))).toBe(0);
    expect(isExact(huge)).toBe(true);
  });

  it("do not fall below zero where they must not", () => {
    expect(toMinor(atLeastZero(eur(-1)))).toBe(0);
    expect(toMinor(atLeastZero(eur(7)))).toBe(7);
    expect(toMinor(sumAmounts([], "EUR"))).toBe(0);
  });

  it("of different currencies do not add up", () => {
    expect(() => plus(eur(1), money(1, "USD"))).toThrow(/same currency/);
  });
});

describe("a split", () => {
  const weights = fc.array(fc.nat(1_000_000_000), { minLength: 1, maxLength: 50 });

  it("adds up exactly and gives nobody more than a unit off their share", () => {
    fc.assert(
      fc.property(fc.integer(), weights, (amount, given) => {
        const parts = split(eur(amount), given.map(eur)).map(toMinor);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(amount);
        const total = given.reduce((sum, weight) => sum + weight, 0);
        for (const [index, part] of parts.entries()) {
          const share = total === 0 ? amount / given.length : (amount * given[index]!) / total;
          expect(Math.abs(part - share)).toBeLessThanOrEqual(1.001);
        }
      }),
    );
  });

  it("takes from nobody more than they have", () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (given, rate) => {
        const total = given.reduce((sum, weight) => sum + weight, 0);
        const parts = split(eur(-Math.floor(total * rate)), given.map(eur)).map(toMinor);
        for (const [index, part] of parts.entries())
          expect(-part).toBeLessThanOrEqual(given[index]!);
      }),
    );
  });
});
