/** How a function's parts find their tables: only those that it was granted. */
import { afterEach, expect, test, vi } from "vitest";
import { tableName } from "../../../functions/runtime/env.ts";
import { shop } from "../../../functions/runtime/wiring.ts";

afterEach(() => vi.unstubAllEnvs());

test("a granted table is found by its logical name", () => {
  vi.stubEnv("STOCK_TABLE", "shop-Stock-1");
  expect(tableName("Stock")).toBe("shop-Stock-1");
});

test("a table that was not granted is refused by name, before anything is sent", async () => {
  const refusal = "This function was not granted the table Orders";
  expect(() => tableName("Orders")).toThrow(refusal);
  await expect(shop.database.get("Orders", { orderId: "o" })).rejects.toThrow(refusal);
});
