/** The look at JSON text before it is parsed: what is in strings is no part, and whatever the routes allow gets through. */
import { expect, it } from "vitest";
import { checkJsonText } from "../../../functions/runtime/json-text.ts";
import { documentBodyParts, linesBodyParts } from "../../../shared/api/endpoint.ts";
import { seededRandom } from "../../sim/random.ts";

/** The parts as JSON itself has them: what stands before each value but the first, and before each named value. */
function countParts(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value);
  const colons = Array.isArray(value) ? 0 : inner.length;
  const own = 1 + colons + Math.max(0, inner.length - 1);
  return inner.reduce<number>((sum, each) => sum + countParts(each), own);
}

const random = seededRandom(7);
const strings = ["", '"', "\\", '\\"', "[[,{:", "\\\\\\", '",":{', "}]", "\u2028"];
function anyJson(levels: number): unknown {
  const kind = random.int(0, levels > 0 ? 4 : 2);
  if (kind === 0) return random.pick(strings);
  if (kind === 1) return random.pick([0, -1.5e9, true, null]);
  if (kind === 2) return random.pick(strings) + random.pick(strings);
  const inner = Array.from({ length: random.int(0, 4) }, () => anyJson(levels - 1));
  if (kind === 3) return inner;
  return Object.fromEntries(inner.map((each, at) => [`${random.pick(strings)}${at}`, each]));
}

it("counts what JSON has, whatever strings say, in 2,000 texts", () => {
  for (let round = 0; round < 2_000; round += 1) {
    const value = anyJson(4);
    const [text, parts] = [JSON.stringify(value, null, random.int(0, 1)), countParts(value)];
    expect(() => checkJsonText(text, parts)).not.toThrow();
    if (parts > 0) expect(() => checkJsonText(text, parts - 1)).toThrow("at most");
  }
});

it.each([
  ["64 KB of attributes", linesBodyParts, 64 * 1_024],
  ["a document of 256 KB", documentBodyParts, 256 * 1_024],
])("lets %s through, however many parts they have", (_, most, bytes) => {
  const dense = ["[],", "1,", '{"":[]},'].map((unit) => unit.repeat(bytes / unit.length));
  for (const text of dense) {
    expect(() => checkJsonText(`{"content":[${text}1]}`, most)).not.toThrow();
  }
});

it("tells text that is no JSON nothing: that is for the parser", () => {
  for (const text of ['"', '{"a', "]]]]", '"\\', "", "{]"]) {
    expect(() => checkJsonText(text, 10)).not.toThrow();
  }
});
