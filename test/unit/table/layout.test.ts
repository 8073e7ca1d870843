/** What a release believes to know of a row's layout is what the condition of its writes believes. */
import { expect, test } from "vitest";
import { knownRow, LayoutUnknown } from "../../../shared/table/layout.ts";

test.each([{ schemaVersion: 1 }, { schemaVersion: 2 }, {}, undefined])("%j is read", (row) => {
  expect(knownRow(row)).toBe(row);
});

test.each([3, "2", null])("a row of layout %j is not", (schemaVersion) => {
  expect(() => knownRow({ schemaVersion })).toThrow(LayoutUnknown);
});
