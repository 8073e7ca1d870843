/** Preconditions as RFC 9110 writes them: what is understood, and what is not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEntityTags, writePreconditions } from "../../../shared/api/preconditions.ts";

const strong = (value: string) => ({ value, isWeak: false });

describe("a list of entity tags", () => {
  test.each([
    ["*", "*"],
    [" * ", "*"],
    ['"17"', [strong("17")]],
    ['"1", "2"', [strong("1"), strong("2")]],
    ['"1","2"', [strong("1"), strong("2")]],
    ['W/"17"', [{ value: "17", isWeak: true }]],
    ['"a,b", W/"c"', [strong("a,b"), { value: "c", isWeak: true }]],
    ['""', [strong("")]],
    // A recipient has to bear empty elements (section 5.6.1.2).
    [', "1" ,, "2" ,', [strong("1"), strong("2")]],
  ])("%s is understood", (text, tags) => {
    expect(parseEntityTags(text)).toEqual(tags);
  });

  test.each([
    ["nothing", ""],
    ["no tag at all", " , "],
    ["a tag without quotes", "17"],
    ["a tag that does not end", '"17'],
    ["text behind a tag", '"17" x'],
    ["two tags without a comma", '"1" "2"'],
    ["a star among tags", '*, "1"'],
    ["a weak mark in small letters", 'w/"1"'],
    ["a control character", '"\u0007"'],
    ["a space in a tag", '"a b"'],
  ])("%s is not: %j", (_, text) => {
    expect(parseEntityTags(text)).toBeUndefined();
  });

  test("whatever was written down is read back", () => {
    const tag = fc.record({
      value: fc.stringMatching(/^[\x21\x23-\x7e]{0,9}$/),
      isWeak: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1, maxLength: 9 }), (tags) => {
        const text = tags.map(({ value, isWeak }) => `${isWeak ? "W/" : ""}"${value}"`).join(", ");
        expect(parseEntityTags(text)).toEqual(tags);
      }),
    );
  });

  test("a long one that means nothing is told at once", () => {
    expect(
      parseEntityTags(`${" ".repeat(1_000)}${",".repeat(20)}${" ".repeat(1_000)}x`),
    ).toBeUndefined();
  });
});

test("one that is not understood is refused by its name, and none is fine", () => {
  expect(writePreconditions.safeParse({}).success).toBe(true);
  const { error } = writePreconditions.safeParse({ "if-match": "17", "if-none-match": "yes" });
  expect(error?.issues.map(({ path }) => path.join("."))).toEqual(["if-match", "if-none-match"]);
});
