/** Makes requests out of the OpenAPI document: valid ones, and ones that are wrong in one place. */
import { sample as samplesOf, stringMatching } from "fast-check";
import type { Random } from "../sim/random.ts";
import type { JsonSchema, Operation } from "./answer-check.ts";

/** A request that is ready to be sent. */
export interface MadeRequest {
  readonly operation: Operation;
  readonly path: string;
  readonly headers: Record<string, string>;
  /** The bytes of the body, where there are any. */
  readonly body: string | undefined;
  /** What was made wrong, or undefined when nothing was. */
  readonly wrong: string | undefined;
}

/** Names that lead somewhere, so that requests get past "not found"; by field. */
export type KnownNames = Readonly<Record<string, readonly string[]>>;

/** Fields whose bounds are for people with time. */
const shortened: Readonly<Record<string, number>> = {
  concurrency: 4,
  contenders: 4,
  holdMs: 20,
  waitMs: 30,
  delayMs: 10,
  duplicates: 2,
};

const matching = new Map<string, readonly string[]>();

function matchingText(pattern: string, random: Random): string {
  let samples = matching.get(pattern);
  if (!samples) {
    const arbitrary = stringMatching(new RegExp(pattern, "u"));
    samples = samplesOf(arbitrary, { numRuns: 40, seed: 1 });
    matching.set(pattern, samples);
  }
  return random.pick(samples);
}

const letters = "abcdefghij-_XYZ0189 äß漢🙂%/?#'\"\\<>";

function text(schema: JsonSchema, random: Random): string {
  const { minLength = 0, maxLength = 24, pattern } = schema as Record<string, never>;
  if (pattern && /\[/.test(pattern)) return matchingText(pattern, random);
  const length = random.int(Number(minLength), Math.min(Number(maxLength), Number(minLength) + 12));
  const characters = [...letters];
  return Array.from({ length }, () => random.pick(characters))
    .join("")
    .slice(0, Number(maxLength));
}

function wholeNumber(schema: JsonSchema, random: Random, name: string): number {
  const low = Number(schema["minimum"] ?? schema["exclusiveMinimum"] ?? -100);
  const most = Number(schema["maximum"] ?? 1_000);
  const high = Math.min(most, shortened[name] ?? most);
  return random.chance(0.8) ? random.int(low, Math.min(high, low + 10)) : random.int(low, high);
}

/** A value that fits a schema. */
export function sample(schema: JsonSchema, random: Random, names: KnownNames, name = ""): unknown {
  const { type, enum: choices, anyOf, oneOf, properties } = schema as Record<string, never>;
  if ("const" in schema) return schema["const"];
  if (choices) return random.pick((names[name] ?? choices) as unknown[]);
  const variants = (anyOf ?? oneOf) as JsonSchema[] | undefined;
  if (variants) return sample(random.pick(variants), random, names, name);
  const known = names[name];
  if (type === "string") {
    return known && random.chance(0.8) ? random.pick(known) : text(schema, random);
  }
  if (type === "integer" || type === "number") return wholeNumber(schema, random, name);
  if (type === "boolean") return random.chance(0.5);
  if (type === "null") return null;
  if (type === "array") {
    const { items = {}, minItems = 0, maxItems = 3 } = schema as Record<string, never>;
    const length = random.int(Number(minItems), Math.max(Number(minItems), Math.min(3, maxItems)));
    return Array.from({ length }, () => sample(items, random, names, name));
  }
  if (type === "object" || properties) {
    const required = (schema["required"] ?? []) as string[];
    const chosen = Object.entries((properties ?? {}) as Record<string, JsonSchema>).filter(
      ([property]) => required.includes(property) || random.chance(0.4),
    );
    return Object.fromEntries(
      chosen.map(([property, inner]) => [property, sample(inner, random, names, property)]),
    );
  }
  return random.pick<unknown>([null, 1, "text", [1, "a"], { deep: { er: true } }]);
}

/** Values that hardly any field takes. */
const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  "",
  "x".repeat(3_000),
  "line\nbreak\u0000",
  "\ud800",
  [],
  {},
  [[[]]],
  "0",
  "__proto__",
];

interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])]);
}

const oddBodies = [
  "",
  "{",
  "null",
  "[]",
  '"text"',
  "1",
  '{"__proto__":{"admin":true}}',
  "\ufeff{}",
];

/** Breaks a body in one place and says how. */
function breakBody(body: unknown, random: Random): { text: string; wrong: string } {
  const places = placesIn(body);
  const how = random.weighted({ value: 6, unknown: 2, missing: 2, text: 2, proto: 1 });
  const place = places.length > 0 ? random.pick(places) : undefined;
  if (how === "text" || !place) {
    const odd = random.pick(oddBodies);
    return { text: odd, wrong: `the body is ${odd}` };
  }
  if (how === "value") place.holder[place.name] = random.pick(oddValues);
  if (how === "missing") Reflect.deleteProperty(place.holder, place.name);
  if (how === "unknown") place.holder["nobodyKnowsThis"] = 1;
  const json = JSON.stringify(body);
  if (how === "proto") {
    return { text: json.replace("{", '{"__proto__":{"isAdmin":true},'), wrong: "a __proto__" };
  }
  return { text: json, wrong: `${how} at ${place.name}` };
}

function pathOf(operation: Operation, values: ReadonlyMap<string, unknown>): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    // A name of nothing but dots would be another path altogether.
    const given = String(values.get(name));
    return /^\.*$/.test(given) ? "x" : encodeURIComponent(given.toWellFormed());
  });
}

/** One request for an operation; half of them are wrong in one place. */
export function makeRequest(operation: Operation, random: Random, names: KnownNames): MadeRequest {
  const { parameters, body: schema } = operation;
  const isWrong = random.chance(0.5);
  const spots = [
    ...(schema ? ["body", "body", "body"] : []),
    ...parameters.map(({ name }) => name),
  ];
  const spot = isWrong && spots.length > 0 ? random.pick(spots) : undefined;
  const values = new Map<string, unknown>();
  for (const { name, required, schema: inner } of parameters) {
    if (required || random.chance(0.4)) values.set(name, sample(inner, random, names, name));
    if (name === spot) values.set(name, random.pick(oddValues));
  }
  const inPlace = (place: string) =>
    parameters.filter((parameter) => parameter.in === place && values.has(parameter.name));
  const query = new URLSearchParams();
  for (const { name } of inPlace("query")) {
    query.set(name, String(values.get(name)).toWellFormed());
  }
  if (isWrong && spot === undefined) query.set("nobodyKnowsThis", "1");
  const headers = Object.fromEntries(
    inPlace("header").map(({ name }) => {
      // Headers carry visible ASCII only; a client could send nothing else.
      return [name, String(values.get(name)).replaceAll(/[^\x21-\x7e]/g, "x")];
    }),
  );
  const whole = schema && sample(schema, random, names);
  const broken = spot === "body" ? breakBody(whole, random) : undefined;
  const search = query.size > 0 ? `?${query}` : "";
  return {
    operation,
    path: `${pathOf(operation, values)}${search}`,
    headers,
    body: broken?.text ?? (schema ? JSON.stringify(whole) : undefined),
    wrong: broken?.wrong ?? (isWrong ? `${spot ?? "query"} is odd` : undefined),
  };
}
