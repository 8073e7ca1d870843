/** What two carts become: nothing is lost, the target's word counts. */
import { describe, expect, it } from "vitest";
import type { Cart, CartInstance } from "../../../shared/carts/model/cart.ts";
import { mergedInstances } from "../../../shared/carts/model/merging.ts";

const line = (itemId: string, quantity: number, unitPriceMinor = 100) => ({
  lineId: itemId,
  itemId,
  quantity,
  unitPriceMinor,
  name: itemId,
  kind: "k",
  vendorId: null,
  addedAtMs: 1,
});
const fee = (value: string) => ({
  name: "fee",
  type: "fee",
  target: "total" as const,
  value,
  order: 0,
});
const cart = (...instances: CartInstance[]): Cart => ({
  cartId: "a/b",
  version: 1,
  checkouts: 0,
  instances: new Map(instances.map((each) => [each.instance, each])),
});
const menu = (more: Partial<CartInstance>): CartInstance => ({
  instance: "menu",
  lines: [],
  conditions: [],
  metadata: new Map(),
  currency: "EUR",
  ...more,
});

describe("merged carts", () => {
  const target = cart(
    menu({
      lines: [line("a", 2, 150)],
      conditions: [fee("+1")],
      metadata: new Map([["k", '"target"']]),
    }),
  );
  const source = cart(
    menu({
      lines: [line("a", 5, 100), line("b", 1)],
      conditions: [fee("+9"), { ...fee("+2"), name: "other" }],
      metadata: new Map([
        ["k", '"source"'],
        ["l", "1"],
      ]),
    }),
    { ...menu({ lines: [line("c", 1)] }), instance: "ticket" },
  );

  it("keep the target's price and metadata, take what it lacks, and lose no condition", () => {
    const [first, second] = mergedInstances(target, source, "max");
    expect(first?.lines).toEqual([line("a", 5, 150), line("b", 1)]);
    expect(first?.conditions.map(({ value }) => value)).toEqual(["+1", "+9", "+2"]);
    expect(first?.conditions.map(({ name }) => name)).toEqual(["fee", "fee (2)", "other"]);
    expect(first?.metadata).toEqual(
      new Map([
        ["k", '"target"'],
        ["l", "1"],
      ]),
    );
    expect(second).toMatchObject({ instance: "ticket", lines: [{ itemId: "c" }] });
  });

  it("combine quantities as asked, up to what a line may have", () => {
    const quantityOf = (strategy: "sum" | "max" | "keep") =>
      mergedInstances(target, source, strategy)[0]?.lines[0]?.quantity;
    expect([quantityOf("sum"), quantityOf("max"), quantityOf("keep")]).toEqual([7, 5, 2]);
    const full = cart(menu({ lines: [line("a", 999_999)] }));
    expect(() => mergedInstances(full, target, "sum")).toThrow(/at most 1000000 units/);
  });

  it("of two currencies in one instance are refused", () => {
    const dollars = cart(menu({ lines: [line("z", 1)], currency: "USD" }));
    expect(() => mergedInstances(target, dollars, "sum")).toThrow(/EUR.*USD/);
  });
});
