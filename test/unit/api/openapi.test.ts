/** The OpenAPI document is valid and says of every endpoint what the contract says. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { problems } from "../../../functions/runtime/problem.ts";
import { endpoints } from "../../../shared/api/index.ts";
import { openApiDocument } from "../../../shared/api/openapi.ts";

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { content: Record<string, unknown> }>;
  readonly parameters: readonly { readonly in: string; readonly name: string }[];
  readonly security?: readonly unknown[];
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

test("every endpoint is in it once, and nothing else", () => {
  const wanted = endpoints.map(
    ({ name, method, path }) => `${method.toLowerCase()} ${path} ${name}`,
  );
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
