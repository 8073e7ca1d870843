/** Carts as rows: what goes in comes out, whatever the keys are called. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCartId, type CartInstance, makeCartId } from "../../../shared/carts/model/cart.ts";
import { parseCart, contentsRow } from "../../../shared/carts/storage/cart-row.ts";

const oddKeys = ["__proto__", "constructor", "toString", "a:b", "line:menu:x", "ü/🍲", "0", "\n"];
const key = fc.oneof(
  fc.constantFrom(...oddKeys),
  fc.string({ minLength: 1, maxLength: 128, unit: "grapheme" }),
);
const line = fc.record({
  lineId: key,
  itemId: key,
  name: fc.string(),
  kind: fc.string(),
  vendorId: fc.option(fc.string()),
  quantity: fc.integer({ min: 1 }),
  unitPriceMinor: fc.nat(),
  addedAtMs: fc.nat(),
});
const condition = fc.record({
  name: key,
  type: fc.string(),
  target: fc.constantFrom("item" as const, "subtotal" as const, "total" as const),
  value: fc.constantFrom("+1", "-10%"),
  order: fc.integer({ min: -5, max: 5 }),
});
const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const someInstance = fc
  .record({
    instance: fc.constantFrom("menu", "ticket", "constructor", "__proto__", "-"),
    lines: fc.uniqueArray(line, { selector: ({ lineId }) => lineId, minLength: 1, maxLength: 5 }),
    conditions: fc.uniqueArray(condition, { selector: ({ name }) => name, maxLength: 5 }),
    metadata: fc.uniqueArray(fc.tuple(key, fc.json()), {
      selector: ([name]) => name,
      maxLength: 5,
    }),
  })
  .map(({ instance, lines, conditions, metadata }): CartInstance => ({
    instance,
    lines: lines.toSorted((a, b) => a.addedAtMs - b.addedAtMs || byText(a.lineId, b.lineId)),
    conditions: conditions.toSorted((a, b) => a.order - b.order || byText(a.name, b.name)),
    metadata: new Map(metadata.toSorted(([a], [b]) => byText(a, b))),
    currency: "EUR",
  }));

describe("a cart's row", () => {
  it("gives back every line, condition and metadata value to the letter", () => {
    const carts = fc.uniqueArray(someInstance, { selector: ({ instance }) => instance });
    fc.assert(
      fc.property(carts, (instances) => {
        const read = parseCart("a/b", { cartId: "a/b", version: 3, ...contentsRow(instances) });
        const sorted = instances.toSorted((a, b) => byText(a.instance, b.instance));
        expect([...read.instances.values()]).toEqual(sorted);
        expect(contentsRow([...read.instances.values()])).toEqual(contentsRow(sorted));
      }),
    );
  });

  it("has no currency where it has no lines", () => {
    const read = parseCart("a/b", { "currency:menu": "EUR", "metadata:menu:k": "1" });
    expect(read.instances.get("menu")).not.toHaveProperty("currency");
    expect(parseCart("a/b", { "currency:menu": "EUR" }).instances.size).toBe(0);
  });
});

describe("a cart's id", () => {
  it("is another one for every pair of user and session, and tells them", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (user, session, ...other) => {
        expect(parseCartId(makeCartId(user, session))).toEqual({
          userId: user,
          sessionId: session,
        });
        const isSame = user === other[0] && session === other[1];
        expect(makeCartId(user, session) === makeCartId(...other)).toBe(isSame);
      }),
    );
    expect(makeCartId("a/b", "c")).not.toBe(makeCartId("a", "b/c"));
    expect(parseCartId(makeCartId("%2F", "%252F"))).toEqual({ userId: "%2F", sessionId: "%252F" });
  });

  it("of the longest names fits a key of DynamoDB", () => {
    for (const letter of ["ü", "漢", "%", "/", "🍲"]) {
      const name = letter.repeat(128 / letter.length);
      expect(Buffer.byteLength(makeCartId(name, name))).toBeLessThanOrEqual(2_048);
    }
  });
});
