/** What a refused write costs, by the sizes that its request and its answer tell. */
import { expect, test } from "vitest";
import { refusedUnits } from "../../../shared/table/refused-units.ts";
import type { Row } from "../../../shared/table/write.ts";

const item = (bytes: number): Row => ({ id: "a", text: "x".repeat(bytes) });
const found = (row?: Row, index = 0) => ({ found: new Map([[index, row]]) });

test("a single write costs the kilobytes of the item that is there", () => {
  expect(refusedUnits({ Key: { id: "a" } }, found(item(100)))).toBe(1);
  expect(refusedUnits({ Key: { id: "a" } }, found(item(2_500)))).toBe(3);
});

test("where nothing is there it costs one unit, or what it would have written", () => {
  expect(refusedUnits({ Key: { id: "a" } }, found())).toBe(1);
  expect(refusedUnits({ Item: item(1_500) }, found())).toBe(2);
});

test("a transaction has prepared every item, whoever refused it", () => {
  const input = {
    TransactItems: [{ Put: { Item: item(1_500) } }, { Update: {} }, { ConditionCheck: {} }],
  };
  expect(refusedUnits(input, found(item(5_000), 1))).toBe(2 + 5 + 1);
});

test("what is inside of maps and lists counts with its names", () => {
  const inside = [{ note: "x".repeat(990) }, 12_345, true, null];
  expect(refusedUnits({}, found({ deep: inside }))).toBe(1);
  expect(refusedUnits({}, found({ deep: [...inside, "y".repeat(20)] }))).toBe(2);
});
