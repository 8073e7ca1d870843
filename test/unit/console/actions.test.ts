/** Every action of the admin API has its place in the console, or a reason on its page of docs why it has none. */
import { expect, test } from "vitest";
import { endpoints } from "../../../shared/api/index.ts";
import { readPage } from "../../support/docs/blocks.ts";
import { readSources } from "../../support/sources.ts";

const actions = endpoints.filter(({ access }) => access === "admin").map(({ name }) => name);
const code = readSources("console/operator")
  .map((source) => source.code)
  .join("\n");

/** The rows of the table of those that have no place: the action, and why. */
function readReasons(): Map<string, string> {
  const [, section = ""] = readPage("docs/console.md").split("## Actions without a place");
  const rows = section.split("\n## ")[0]!.matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\|$/gm);
  const reasons = [...rows].flatMap(([, names = "", why = ""]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, why] as const),
  );
  return new Map(reasons);
}

/** Called as the client's method, or as one of those that the client has none of. */
const hasPlace = (name: string): boolean => new RegExp(`\\b${name}\\(`).test(code);

test("every action of administrators is one click away, or has a reason", () => {
  expect(actions.length).toBeGreaterThan(40);
  const reasons = readReasons();
  const forgotten = actions.filter((name) => !hasPlace(name) && !reasons.has(name));
  expect(forgotten).toEqual([]);
  for (const [name, why] of reasons) {
    expect(why.length, name).toBeGreaterThan(20);
    expect(actions, `${name} is no action of administrators`).toContain(name);
    expect(hasPlace(name), `${name} has a place, and needs no reason`).toBe(false);
  }
});
