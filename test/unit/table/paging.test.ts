/** Cursors: what was handed out comes back; what was tampered with is refused before any request. */
import { expect, test } from "vitest";
import { InvalidRequest } from "../../../shared/base/errors.ts";
import { decodeCursor, encodeCursor } from "../../../shared/table/paging.ts";

const encoded = (json: string) => Buffer.from(json).toString("base64url");

test("a position comes back as it was", () => {
  const key = { itemId: "a/b \u{1f600}", atMs: 1_790_000_000_000 };
  expect(decodeCursor(encodeCursor(key))).toEqual(key);
});

test.each([
  ["a number that no key has", '{"itemId":1e308}'],
  ["more than a number can count exactly", '{"atMs":9007199254740993}'],
  ["a fraction", '{"atMs":0.5}'],
  ["half a character", String.raw`{"itemId":"\ud800"}`],
  ["a truth value", '{"itemId":true}'],
  ["a list", '[["a"]]'],
  ["nothing", "null"],
  ["no JSON", "{"],
])("%s is no position", (_, json) => {
  expect(() => decodeCursor(encoded(json))).toThrow(InvalidRequest);
});
