/** Makes the OpenAPI 3.1 document from the contract: nothing in it is written by hand twice. */
import { z } from "zod";
import type { Endpoint } from "./endpoint.ts";
import {
  type Components,
  createComponents,
  type JsonObject,
  schemaRef,
} from "./openapi-components.ts";
import { describeEndpoint, exampleParameter } from "./openapi-words.ts";

/** Status and title of each error code, as the runtime answers them. */
export type ProblemTable = Readonly<Record<string, readonly [status: number, title: string]>>;

/** An OpenAPI document; OpenAPI's own specification says what else is in it. */
export interface OpenApiDocument extends JsonObject {
  readonly openapi: string;
}

type Place = "path" | "query" | "header";

interface Parameter {
  readonly name: string;
  readonly in: Place;
  readonly required: boolean;
  readonly description?: unknown;
  readonly example?: string;
  readonly schema: unknown;
}

/** What any endpoint can answer, because the chain around every handler can. */
const always = ["INVALID_REQUEST", "INTERNAL_ERROR", "LAYOUT_UNKNOWN", "TRY_AGAIN"];
/** What API Gateway answers by itself, in its own words. */
const gatewayStatuses = [400, 413, 429, 431, 500, 503];
/** And this when it does not believe a token. */
const tokenStatuses = [401, 403];

function listProperties(schema: JsonObject): [string, JsonObject][] {
  return Object.entries((schema["properties"] ?? {}) as Record<string, JsonObject>);
}

function describeParameters(
  parts: Components,
  place: Place,
  { endpoint, schema }: { endpoint: Endpoint; schema: z.ZodType },
): Parameter[] {
  const json = parts.schema(schema, "input");
  const listed = (json["required"] ?? []) as string[];
  return listProperties(json).map(([name, { description, ...property }]) => {
    const required = listed.includes(name);
    const example = exampleParameter(endpoint, { name, required });
    return {
      name,
      in: place,
      required,
      ...(description === undefined ? {} : { description }),
      ...(example === undefined ? {} : { example }),
      schema: property,
    };
  });
}

function describeRequestBody(parts: Components, { body, rawBody, example }: Endpoint) {
  if (rawBody) {
    const description = "As the provider signed it, byte for byte.";
    return { required: true, description, content: { "application/json": { schema: {} } } };
  }
  const schema = parts.schema(body, "input");
  const takesNothing = schema["type"] === "object" && listProperties(schema).length === 0;
  if (takesNothing) return undefined;
  const required = !z.safeParse(body, {}).success;
  const shown = example === undefined ? {} : { example };
  return { required, content: { "application/json": { schema, ...shown } } };
}

/** Whether the caller can name the state that it has already. */
function isConditional({ method, headers }: Endpoint): boolean {
  return method === "GET" && headers instanceof z.ZodObject && "if-none-match" in headers.shape;
}

function describeAnswers(parts: Components, endpoint: Endpoint): JsonObject {
  const answers = Object.entries(endpoint.answers).map(([status, schema]) => {
    const content = { "application/json": { schema: parts.schema(schema, "output") } };
    return [status, { description: Number(status) === 201 ? "Created" : "Done", content }];
  });
  const unchanged = isConditional(endpoint) ? { 304: { description: "Not modified" } } : {};
  return { ...Object.fromEntries(answers), ...unchanged };
}

function listCodes(endpoint: Endpoint): string[] {
  const { access, method, errors } = endpoint;
  const signedIn = access === "anyone" ? [] : ["UNAUTHENTICATED", "FORBIDDEN"];
  const withBody = method === "GET" ? [] : ["UNSUPPORTED_MEDIA_TYPE", "TOO_LARGE"];
  return [...new Set([...always, ...signedIn, ...withBody, ...errors])];
}

/** One response per status: several codes can share one, and the gateway answers some by itself. */
function describeProblems(parts: Components, endpoint: Endpoint, table: ProblemTable): JsonObject {
  const coded = listCodes(endpoint).map((code) => {
    const known = table[code];
    if (!known) throw new Error(`${endpoint.name} answers ${code}, which no status is known for`);
    return { code, status: known[0], title: known[1] };
  });
  const byStatus = Map.groupBy(coded, ({ status }) => status);
  const gateway = [...gatewayStatuses, ...(endpoint.access === "anyone" ? [] : tokenStatuses)];
  const statuses = [...new Set([...byStatus.keys(), ...gateway])].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const own = (byStatus.get(status) ?? []).toSorted((a, b) => (a.code < b.code ? -1 : 1));
      const isGateways = gateway.includes(status);
      const content = {
        ...(own.length > 0 && { "application/problem+json": { schema: schemaRef("Problem") } }),
        ...(isGateways && { "application/json": { schema: schemaRef("GatewayMessage") } }),
      };
      const titles = own.map(({ code, title }) => `${code}: ${title}`);
      const description = titles.join("; ") || "Refused by API Gateway";
      const codes = own.map(({ code }) => code).join(".");
      const name = `${status}.${[codes, isGateways ? "gateway" : ""].filter(Boolean).join(".")}`;
      return [status, parts.response(name, { description, content })];
    }),
  );
}

/** An endpoint as operations by path: a second one where its parameters may stand in the query. */
function describeOperations(parts: Components, endpoint: Endpoint, table: ProblemTable) {
  const { name, summary, access, params, query, headers, path, queryPath } = endpoint;
  const requestBody = describeRequestBody(parts, endpoint);
  const operation = (operationId: string, place: Place) => ({
    operationId,
    summary,
    description: describeEndpoint(endpoint),
    tags: [endpoint.function],
    ...(access === "anyone" ? { security: [] } : {}),
    parameters: [
      ...describeParameters(parts, place, { endpoint, schema: params }),
      ...describeParameters(parts, "query", { endpoint, schema: query }),
      ...describeParameters(parts, "header", { endpoint, schema: headers }),
    ],
    ...(requestBody ? { requestBody } : {}),
    responses: { ...describeAnswers(parts, endpoint), ...describeProblems(parts, endpoint, table) },
  });
  const first = [path, operation(name, "path")] as const;
  return queryPath === undefined
    ? [first]
    : [first, [queryPath, operation(`${name}ByQuery`, "query")] as const];
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
  const parts = createComponents({ Problem: problemSchema, GatewayMessage: gatewayMessage });
  const paths: Record<string, JsonObject> = {};
  for (const endpoint of endpoints) {
    for (const [path, operation] of describeOperations(parts, endpoint, problems)) {
      (paths[path] ??= {})[endpoint.method.toLowerCase()] = operation;
    }
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
      ...parts.collected(),
    },
  };
}
