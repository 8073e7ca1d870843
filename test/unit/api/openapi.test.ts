/** The OpenAPI document is valid and says of every endpoint what the contract says. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { problems } from "../../../functions/runtime/problem.ts";
import { endpoint as declare } from "../../../shared/api/endpoint.ts";
import { endpoints } from "../../../shared/api/index.ts";
import { createComponents } from "../../../shared/api/openapi-components.ts";
import { openApiDocument } from "../../../shared/api/openapi.ts";

type Place = "path" | "query" | "header";

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { content: Record<string, unknown> }>;
  readonly parameters: readonly {
    readonly in: Place;
    readonly name: string;
    readonly required: boolean;
    readonly example?: unknown;
  }[];
  readonly summary: string;
  readonly description: string;
  readonly security?: readonly unknown[];
  readonly requestBody?: { content: { "application/json": { example?: unknown } } };
}

const document = openApiDocument(endpoints, { problems, url: "http://localhost:3000" });
const operations = Object.entries(
  document["paths"] as Record<string, Record<string, Operation>>,
).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

test("a validator accepts it as OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
  expect(validator.version).toBe("3.1");
});

test("what has a name is written down once, and everything is referred to", () => {
  const { schemas, responses } = document["components"] as Record<string, Record<string, unknown>>;
  for (const name of [
    "Item",
    "Order",
    "OrderLine",
    "Cart",
    "CartInstance",
    "LockInfo",
    "Problem",
  ]) {
    expect(Object.keys(schemas!)).toContain(name);
  }
  const text = JSON.stringify(document);
  const used = new Set(
    [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)].map(
      ([, kind, name]) => `${kind}/${name}`,
    ),
  );
  const written = [
    ...Object.keys(schemas!).map((name) => `schemas/${name}`),
    ...Object.keys(responses!).map((name) => `responses/${name}`),
  ];
  expect([...used].toSorted()).toEqual(written.toSorted());
  // Written out everywhere it was twice as much. What is said of each operation, with its examples, takes 7 KB of it.
  expect(text.length).toBeLessThan(228 * 1024);
});

test("two parts of one name are noticed", () => {
  const parts = createComponents({});
  expect(parts.response("one", { description: "a" })).toEqual(
    parts.response("one", { description: "a" }),
  );
  expect(() => parts.response("one", { description: "b" })).toThrow("called one");
  // What may be sent with further fields and is answered without them is not one shape.
  const loose = z.object({ a: z.string() }).meta({ id: "LooseOfTest" });
  parts.schema(z.object({ loose }), "input");
  expect(() => parts.schema(z.object({ loose }), "output")).toThrow("called LooseOfTest");
});

test("every operation that takes a body shows one that fits", () => {
  const taking = operations.filter(({ requestBody }) => requestBody);
  expect(taking.length).toBeGreaterThan(20);
  for (const { operationId, requestBody } of taking) {
    const endpointOf = endpoints.find(({ name }) => operationId.replace("ByQuery", "") === name)!;
    if (endpointOf.rawBody) continue;
    const { example } = requestBody!.content["application/json"];
    expect([operationId, example]).not.toEqual([operationId, undefined]);
    const parsed = endpointOf.body.safeParse(example);
    expect([operationId, parsed.error?.issues]).toEqual([operationId, undefined]);
  }
});

test("every parameter that has to be there shows a value that fits", () => {
  const asked = operations.flatMap(({ operationId, parameters }) =>
    parameters.map((parameter) => ({ operationId, ...parameter })),
  );
  const needed = asked.filter(({ required }) => required);
  expect(needed.length).toBeGreaterThan(50);
  expect(needed.filter(({ example }) => example === undefined)).toEqual([]);
  for (const { operationId, name, in: place, example } of asked) {
    if (example === undefined) continue;
    const { params, query, headers } = endpoints.find(
      (endpoint) => operationId.replace("ByQuery", "") === endpoint.name,
    )!;
    // Where a route has a second address, the parameters of its path stand in the query.
    const shapes = place === "header" ? [headers] : [params, query];
    const field = shapes
      .map((schema) => (schema instanceof z.ZodObject ? schema.shape[name] : undefined))
      .find((found) => found !== undefined) as z.ZodType | undefined;
    const parsed = field!.safeParse(example);
    expect([operationId, name, parsed.error?.issues]).toEqual([operationId, name, undefined]);
  }
});

test("every operation says in a sentence what it does, and who may call it", () => {
  for (const { operationId, summary, description } of operations) {
    expect([operationId, summary]).toEqual([operationId, expect.stringMatching(/^[A-Z].*\.$/s)]);
    expect([operationId, description]).toEqual([
      operationId,
      expect.stringMatching(/^(?:For|Needs) .*\.$/s),
    ]);
  }
});

test("a parameter that has to be there and shows nothing is noticed", () => {
  const bare = declare("bareOfTest", "GET", "/bare/{unheardOf}", {
    function: "platform",
    access: "anyone",
    summary: "Nothing.",
    params: z.object({ unheardOf: z.string() }),
    answers: {},
  });
  expect(() => openApiDocument([bare], { problems })).toThrow("no example of unheardOf");
});

test("every endpoint is in it once, and nothing else", () => {
  const wanted = endpoints.flatMap(({ name, method, path, queryPath }) => [
    `${method.toLowerCase()} ${path} ${name}`,
    ...(queryPath ? [`${method.toLowerCase()} ${queryPath} ${name}ByQuery`] : []),
  ]);
  const found = operations.map(
    ({ method, path, operationId }) => `${method} ${path} ${operationId}`,
  );
  expect(found.toSorted()).toEqual(wanted.toSorted());
  expect(new Set(endpoints.map(({ name }) => name)).size).toBe(endpoints.length);
});

describe.each(endpoints.map((endpoint) => [endpoint.name, endpoint] as const))(
  "%s",
  (name, endpoint) => {
    const operation = operations.find(({ operationId }) => operationId === name)!;

    test("names its answers, its errors and its path parameters", () => {
      const statuses = Object.keys(operation.responses).map(Number);
      const errors = endpoint.errors.map((code) => problems[code]?.[0]);
      expect(errors).not.toContain(undefined);
      expect(statuses).toEqual(expect.arrayContaining(Object.keys(endpoint.answers).map(Number)));
      expect(statuses).toEqual(expect.arrayContaining(errors));
      const inPath = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = operation.parameters.filter((parameter) => parameter.in === "path");
      expect(declared.map((parameter) => parameter.name).toSorted()).toEqual(inPath.toSorted());
    });

    test("says who may call it", () => {
      if (endpoint.access === "anyone") expect(operation.security).toEqual([]);
      else expect(operation.responses).toHaveProperty("401");
    });
  },
);
