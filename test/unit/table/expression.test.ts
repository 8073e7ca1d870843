import { describe, expect, it } from "vitest";
import {
  allOf,
  anyOf,
  condition,
  exists,
  isMissing,
  pathsOf,
  not,
  Placeholders,
} from "../../../shared/table/expression.ts";

const at = pathsOf<{
  readonly holds: Readonly<Record<string, { readonly quantity: number }>>;
  readonly available: number;
  readonly lock: string;
  readonly until: number;
  readonly id: string;
  readonly gone: string;
  readonly a: string;
}>();

function compiled(fragment: Parameters<Placeholders["text"]>[0]) {
  const placeholders = new Placeholders();
  return { text: placeholders.text(fragment), ...placeholders.attributes() };
}

describe("an expression", () => {
  it("sends every name and value as a placeholder, whatever characters they hold", () => {
    expect(compiled(condition`${at("holds", "a.b = :x", "quantity")} >= ${"#y"}`)).toEqual({
      text: "#n0.#n1.#n2 >= :v0",
      ExpressionAttributeNames: { "#n0": "holds", "#n1": "a.b = :x", "#n2": "quantity" },
      ExpressionAttributeValues: { ":v0": "#y" },
    });
  });

  it("names the same attribute once", () => {
    const { text, ExpressionAttributeNames } = compiled(
      condition`${at("available")} = ${at("available")} - ${1}`,
    );
    expect(text).toBe("#n0 = #n0 - :v0");
    expect(ExpressionAttributeNames).toEqual({ "#n0": "available" });
  });

  it("joins sentences without ambiguity", () => {
    const either = anyOf(isMissing(at("lock")), condition`${at("until")} <= ${5}`);
    expect(compiled(allOf(exists(at("id")), either, not(exists(at("gone"))))).text).toBe(
      "(attribute_exists(#n0)) AND ((attribute_not_exists(#n1)) OR (#n2 <= :v0)) AND (NOT (attribute_exists(#n3)))",
    );
  });

  it("leaves a single sentence as it is, since DynamoDB refuses redundant parentheses", () => {
    expect(compiled(allOf(exists(at("id")))).text).toBe("attribute_exists(#n0)");
  });

  it("sends no empty lists of names or values", () => {
    expect(compiled(condition`${1} = ${1}`)).not.toHaveProperty("ExpressionAttributeNames");
    expect(compiled(exists(at("a")))).not.toHaveProperty("ExpressionAttributeValues");
  });
});
