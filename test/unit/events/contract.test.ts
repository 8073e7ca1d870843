/** The contract of events only grows, and the documents made from it are those that lie there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventExamples } from "../../../scripts/events/examples.ts";
import { asyncApiText } from "../../../scripts/events/generate.ts";
import { eventIndex, eventPage, pageName } from "../../../scripts/events/pages.ts";
import { eventDataSchemas } from "../../../shared/api/asyncapi.ts";
import { eventTypes } from "../../../shared/base/event-type.ts";
import { anyEvent, eventSummaries } from "../../../shared/api/events.ts";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

type Schemas = Readonly<Record<string, Schema>>;

/** What a reader of the last release's events would miss, or could not read any more. */
function listLosses(was: Schema, is: Schema | undefined, place: string): string[] {
  if (is === undefined) return [`${place} is gone`];
  const own: string[] = [];
  if (String(was.type) !== String(is.type)) own.push(`${place} was ${was.type}, is ${is.type}`);
  if (
    JSON.stringify(was.anyOf?.map(({ type }) => type)) !==
    JSON.stringify(is.anyOf?.map(({ type }) => type))
  ) {
    own.push(`${place} may be something else`);
  }
  const words = new Set(is.enum ?? []);
  if (was.enum && !is.enum) own.push(`${place} has no list of words any more`);
  own.push(
    ...(was.enum ?? [])
      .filter((word) => !words.has(word))
      .map((word) => `${place}: ${String(word)} is gone`),
  );
  own.push(
    ...(was.required ?? [])
      .filter((name) => !is.required?.includes(name))
      .map((name) => `${place}.${name} may be missing`),
  );
  const parts = Object.entries(was.properties ?? {}).flatMap(([name, part]) =>
    listLosses(part, is.properties?.[name], `${place}.${name}`),
  );
  const options = (was.anyOf ?? []).flatMap((part, index) =>
    listLosses(part, is.anyOf?.[index], `${place}|${index}`),
  );
  const items = was.items ? listLosses(was.items, is.items, `${place}[]`) : [];
  return [...own, ...parts, ...options, ...items];
}

const lossesOf = (was: Schemas, is: Schemas): string[] =>
  Object.entries(was).flatMap(([type, schema]) => listLosses(schema, is[type], type));

const released = JSON.parse(
  readFileSync(join(import.meta.dirname, "released.json"), "utf8"),
) as Schemas;

test("whatever the last release told is still told, under the same names and of the same types", () => {
  expect(lossesOf(released, eventDataSchemas() as Schemas)).toEqual([]);
});

test("a type, a field, a word or a promise that goes is noticed, and one that comes is not", () => {
  const was: Schemas = {
    "a.b": {
      type: "object",
      required: ["x"],
      properties: { x: { type: "string", enum: ["one", "two"] }, y: { type: "integer" } },
    },
  };
  const changed = (x: Schema | undefined, more: Schema = {}): Schemas => ({
    "a.b": {
      type: "object",
      required: ["x"],
      properties: { ...(x && { x }), y: { type: "integer" } },
      ...more,
    },
  });
  const x: Schema = { type: "string", enum: ["one", "two", "three"] };
  expect(lossesOf(was, { ...changed(x), "a.c": { type: "object" } })).toEqual([]);
  expect(lossesOf(was, {})).toEqual(["a.b is gone"]);
  expect(lossesOf(was, changed(undefined))).toEqual(["a.b.x is gone"]);
  expect(lossesOf(was, changed({ type: "string", enum: ["one"] }))).toEqual(["a.b.x: two is gone"]);
  expect(lossesOf(was, changed({ ...x, type: "integer" }))).toHaveLength(1);
  expect(lossesOf(was, changed(x, { required: [] }))).toEqual(["a.b.x may be missing"]);
});

test("the AsyncAPI document is the one that the contract makes, with every type in it", async () => {
  await expect(asyncApiText()).toMatchFileSnapshot("../../../docs/asyncapi.json");
  for (const type of eventTypes) expect(asyncApiText()).toContain(`"name": "${type}"`);
  expect(Object.keys(eventSummaries)).toEqual([...eventTypes]);
});
test("each type with an example has a page that the contract makes, with an event as it is told", async () => {
  expect(eventExamples.size).toBeGreaterThanOrEqual(22);
  await expect(eventIndex()).resolves.toMatchFileSnapshot("../../../docs/events/README.md");
  for (const [type, example] of eventExamples) {
    expect(anyEvent.parse(example)).toEqual(example);
    await expect(eventPage(type)).resolves.toMatchFileSnapshot(
      `../../../docs/events/${pageName(type)}`,
    );
  }
});
