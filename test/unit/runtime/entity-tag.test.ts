/** What preconditions ask of a version, and which of them are honoured where. */
import { describe, expect, test } from "vitest";
import {
  checkPreconditions,
  conditional,
  expectedVersion,
} from "../../../functions/runtime/entity-tag.ts";
import { addCartItem, getCart } from "../../../shared/api/carts.ts";
import { createItem, getItem } from "../../../shared/api/items.ts";
import { readPreconditions, writePreconditions } from "../../../shared/api/preconditions.ts";
import { isExpected } from "../../../shared/table/versions.ts";

/** Which of these versions a write with these headers may change; 0 was never written. */
function allowed(headers: Record<string, string>): number[] {
  const expected = expectedVersion(writePreconditions.parse(headers));
  return [0, 1, 2, 3].filter((version) => isExpected(expected, version));
}

describe("a write", () => {
  test.each([
    [{}, [0, 1, 2, 3]],
    [{ "if-match": "*" }, [1, 2, 3]],
    [{ "if-match": '"2"' }, [2]],
    [{ "if-match": '"0"' }, [0]],
    [{ "if-match": '"1", "3"' }, [1, 3]],
    [{ "if-match": 'W/"2"' }, []],
    [{ "if-match": 'W/"2", "3"' }, [3]],
    [{ "if-match": '"not ours"'.replace(" ", "-") }, []],
    [{ "if-none-match": "*" }, [0]],
    [{ "if-none-match": '"1", W/"2"' }, [0, 3]],
    [{ "if-none-match": '"not-ours"' }, [0, 1, 2, 3]],
    [{ "if-match": "*", "if-none-match": '"2"' }, [1, 3]],
    [{ "if-match": '"1"', "if-none-match": '"1"' }, []],
    [{ "if-match": "*", "if-none-match": "*" }, []],
    [{ "if-match": `"${"9".repeat(16)}"` }, []],
  ])("with %j may change the versions %j", (headers, versions) => {
    expect(allowed(headers)).toEqual(versions);
  });
});

describe("a precondition that a route does not honour", () => {
  test.each([
    [createItem, { "if-match": '"1"' }],
    [createItem, { "if-none-match": "*" }],
    [addCartItem, { "if-unmodified-since": "Sat, 29 Oct 1994 19:43:31 GMT" }],
    [getItem, { "if-match": '"1"' }],
  ])("is refused by its name (%#)", (endpoint, headers) => {
    const [name] = Object.keys(headers);
    const check = () => checkPreconditions(endpoint, headers);
    expect(check).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
    expect(check).toThrow(`header.${name}`);
  });

  test.each([
    [addCartItem, { "if-match": '"1"', "if-none-match": "*" }],
    [getCart, { "if-match": '"1"', "if-none-match": '"1"' }],
    // These only spare a reader the answer; who gets it all the same is not harmed.
    [getItem, { "if-none-match": '"1"', "if-modified-since": "Sat, 29 Oct 1994 19:43:31 GMT" }],
  ])("and others are let through (%#)", (endpoint, headers) => {
    expect(() => checkPreconditions(endpoint, headers)).not.toThrow();
  });
});

describe("a reading answer", () => {
  const read = (headers: Record<string, string>) =>
    conditional(
      { status: 200, body: {}, headers: { etag: '"7"' } },
      readPreconditions.parse(headers),
    );

  test("has no body for who has it already, by weak tags too", () => {
    for (const given of ['"7"', 'W/"7"', '"1", "7"', "*"]) {
      const answered = read({ "if-none-match": given });
      expect(answered).toMatchObject({ status: 304, headers: { etag: '"7"' } });
      expect(answered.body).toBeUndefined();
    }
    expect(read({ "if-none-match": '"6"' }).status).toBe(200);
    expect(read({}).status).toBe(200);
  });

  test("is refused where another state was asked for, and weak tags are no state", () => {
    for (const given of ['"6"', 'W/"7"']) {
      expect(() => read({ "if-match": given })).toThrow(
        expect.objectContaining({ code: "VERSION_MISMATCH", fields: { currentVersion: 7 } }),
      );
    }
    expect(read({ "if-match": '"6", "7"' }).status).toBe(200);
    expect(read({ "if-match": "*" }).status).toBe(200);
  });
});
