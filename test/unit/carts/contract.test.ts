/** What the contract of carts lets in. */
import { describe, expect, it } from "vitest";
import { cartEndpoints, replaceCartItems, setCartMetadata } from "../../../shared/api/carts.ts";
import { conditionBody, instanceParams, wantedItem } from "../../../shared/api/cart-fields.ts";
import { conditionValuePattern } from "../../../shared/promotions/price-rule.ts";

const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success;

describe("the contract of carts", () => {
  it("has a name and a route for every endpoint, once", () => {
    const routes = cartEndpoints.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(routes).size).toBe(routes.length);
    expect(new Set(cartEndpoints.map(({ name }) => name)).size).toBe(cartEndpoints.length);
    const forShoppers = cartEndpoints.filter(({ path }) => !path.includes("/conditions/"));
    expect(new Set(forShoppers.map(({ access }) => access))).toEqual(new Set(["caller"]));
    const pricing = cartEndpoints.filter((each) => !forShoppers.includes(each));
    expect(pricing.map(({ access }) => access)).toEqual(["admin", "admin"]);
  });

  it.each([0, -1, 1.5, 1e308, 1_000_001, "1", null, undefined, true, [1]])(
    "takes no quantity %j",
    (quantity) => expect(accepts(wantedItem, { itemId: "a", quantity })).toBe(false),
  );

  it("takes no unknown field, no empty id, no control character", () => {
    expect(accepts(wantedItem, { itemId: "a", quantity: 1 })).toBe(true);
    expect(accepts(wantedItem, { itemId: "a", quantity: 1, price: 1 })).toBe(false);
    for (const itemId of ["", "a\u0000", "\ud800", "x".repeat(129)]) {
      expect(accepts(wantedItem, { itemId, quantity: 1 })).toBe(false);
    }
    expect(accepts(replaceCartItems.body, { items: [] })).toBe(false);
  });

  it("takes conditions with a sign only, and says the same as the prices do", () => {
    const body = { type: "tax", target: "total" };
    for (const value of ["-10%", "+19.5%", "+500", "-0", "+1234.5678%"]) {
      expect(accepts(conditionBody, { ...body, value })).toBe(true);
      expect(conditionValuePattern.test(value)).toBe(true);
    }
    for (const value of [
      "10%",
      "+",
      "+1.5",
      "+1e3",
      "+10 %",
      "+.5%",
      "--1",
      "+99999999999",
      "+5%\n",
    ]) {
      expect(accepts(conditionBody, { ...body, value })).toBe(false);
      expect(conditionValuePattern.test(value)).toBe(false);
    }
    expect(accepts(conditionBody, { ...body, value: "+1", itemId: "a" })).toBe(false);
  });

  it("keeps instances apart from routes and colons", () => {
    const params = { userId: "a", sessionId: "b" };
    expect(accepts(instanceParams, { ...params, instance: "menu" })).toBe(true);
    for (const instance of ["lock", "a:b", "a/b", "", "ü", "x".repeat(65)]) {
      expect(accepts(instanceParams, { ...params, instance })).toBe(false);
    }
  });

  it("hands metadata through as it is, whatever it says of users", () => {
    const value = JSON.parse('{"userId":"bob","__proto__":{"x":1}}') as unknown;
    expect(setCartMetadata.body.parse(value)).toEqual({ value });
  });
});
