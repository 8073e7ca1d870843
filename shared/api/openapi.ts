/** Makes the OpenAPI 3.1 document from the contract: nothing in it is written by hand twice. */
import { z } from "zod";
import type { Endpoint } from "./endpoint.ts";

/** Status and title of each error code, as the runtime answers them. */
export type ProblemTable = Readonly<Record<string, readonly [status: number, title: string]>>;

type JsonSchema = Record<string, unknown>;

/** An OpenAPI document; OpenAPI's own specification says what else is in it. */
export interface OpenApiDocument extends JsonSchema {
  readonly openapi: string;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: unknown;
}

/** What any endpoint can answer, because the chain around every handler can. */
const always = ["INVALID_REQUEST", "INTERNAL_ERROR", "TRY_AGAIN"];
/** What API Gateway answers by itself, in its own words. */
const gatewayStatuses = [400, 413, 429, 431, 500, 503];
/** And this when it does not believe a token. */
const tokenStatuses = [401, 403];

function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function propertiesOf(schema: JsonSchema): [string, unknown][] {
  return Object.entries((schema["properties"] ?? {}) as JsonSchema);
}

function parametersIn(place: Parameter["in"], schema: z.ZodType): Parameter[] {
  const json = schemaOf(schema, "input");
  const required = (json["required"] ?? []) as string[];
  return propertiesOf(json).map(([name, property]) => {
    return { name, in: place, required: required.includes(name), schema: property };
  });
}

function requestBodyOf({ body, rawBody }: Endpoint): JsonSchema | undefined {
  if (rawBody) {
    const description = "As the provider signed it, byte for byte.";
    return { required: true, description, content: { "application/json": { schema: {} } } };
  }
  const schema = schemaOf(body, "input");
  const takesNothing = propertiesOf(schema).length === 0 && !schema["anyOf"] && !schema["items"];
  if (takesNothing && schema["type"] === "object") return undefined;
  const required = !z.safeParse(body, {}).success;
  return { required, content: { "application/json": { schema } } };
}

function answersOf({ answers }: Endpoint): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => [
      status,
      {
        description: Number(status) === 201 ? "Created" : "Done",
        content: { "application/json": { schema: schemaOf(schema, "output") } },
      },
    ]),
  );
}

function codesOf(endpoint: Endpoint): string[] {
  const { access, method, errors } = endpoint;
  const signedIn = access === "anyone" ? [] : ["UNAUTHENTICATED", "FORBIDDEN"];
  const withBody = method === "GET" ? [] : ["UNSUPPORTED_MEDIA_TYPE"];
  return [...new Set([...always, ...signedIn, ...withBody, ...errors])];
}

/** One response per status: several codes can share one, and the gateway answers some by itself. */
function problemsOf(endpoint: Endpoint, table: ProblemTable): Record<string, JsonSchema> {
  const coded = codesOf(endpoint).map((code) => {
    const known = table[code];
    if (!known) throw new Error(`${endpoint.name} answers ${code}, which no status is known for`);
    return { code, status: known[0], title: known[1] };
  });
  const byStatus = Map.groupBy(coded, ({ status }) => status);
  const gateway = [...gatewayStatuses, ...(endpoint.access === "anyone" ? [] : tokenStatuses)];
  const statuses = [...new Set([...byStatus.keys(), ...gateway])].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const own = byStatus.get(status) ?? [];
      const problem = { "application/problem+json": { schema: { $ref: ref("Problem") } } };
      const told = { "application/json": { schema: { $ref: ref("GatewayMessage") } } };
      const content = {
        ...(own.length > 0 ? problem : {}),
        ...(gateway.includes(status) ? told : {}),
      };
      const titles = own.map(({ code, title }) => `${code}: ${title}`);
      return [status, { description: titles.join("; ") || "Refused by API Gateway", content }];
    }),
  );
}

function ref(name: string): string {
  return `#/components/schemas/${name}`;
}

function operationOf(endpoint: Endpoint, table: ProblemTable): JsonSchema {
  const { name, summary, access, params, query, headers } = endpoint;
  const requestBody = requestBodyOf(endpoint);
  return {
    operationId: name,
    summary,
    tags: [endpoint.function],
    ...(access === "anyone" ? { security: [] } : {}),
    ...(access === "admin" ? { description: "For administrators." } : {}),
    parameters: [
      ...parametersIn("path", params),
      ...parametersIn("query", query),
      ...parametersIn("header", headers),
    ],
    ...(requestBody ? { requestBody } : {}),
    responses: { ...answersOf(endpoint), ...problemsOf(endpoint, table) },
  };
}

const problemSchema = {
  type: "object",
  description: "RFC 9457; further fields carry what made the error.",
  required: ["type", "title", "status", "detail", "code", "error", "requestId"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string", description: "Stable, for programs." },
    error: { type: "string", description: "The same text as `detail`." },
    requestId: { type: "string" },
  },
};

const gatewayMessage = {
  type: "object",
  properties: { message: { type: ["string", "null"] } },
};

/**
 * The document for these endpoints. Paths, parameters, bodies and answers come from the schemas that
 * requests are checked with, errors from the table that answers them.
 *
 * @throws Error when an endpoint names an error code that the table does not know
 * @example const document = openApiDocument(endpoints, { problems, url: "http://localhost:3000" });
 */
export function openApiDocument(
  endpoints: readonly Endpoint[],
  { problems, url }: { problems: ProblemTable; url?: string | undefined },
): OpenApiDocument {
  const paths: Record<string, JsonSchema> = {};
  for (const endpoint of endpoints) {
    const path = (paths[endpoint.path] ??= {});
    path[endpoint.method.toLowerCase()] = operationOf(endpoint, problems);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Holdfast",
      version: "1.0.0",
      description: "Nothing is sold twice, ordered twice, or overwritten by who lost the right to.",
      license: { name: "MIT", identifier: "MIT" },
    },
    ...(url ? { servers: [{ url }] } : {}),
    security: [{ bearer: [] }],
    tags: [...new Set(endpoints.map((endpoint) => endpoint.function))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Problem: problemSchema, GatewayMessage: gatewayMessage },
    },
  };
}
