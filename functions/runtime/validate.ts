/** Checks a request against its endpoint's schemas and names every field that is wrong. */
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { z } from "zod";
import type { Endpoint } from "../../shared/api/endpoint.ts";
import { type InputIssue, InvalidRequest, TooLarge } from "../../shared/base/errors.ts";

type Issue = z.core.$ZodIssue;

/** A field that a schema does not have, or has only to say that it must not be there. */
function isUnknownField(issue: Issue): boolean {
  return (
    issue.code === "unrecognized_keys" ||
    (issue.code === "invalid_type" && issue.expected === "never")
  );
}

/** Of a union, the branch that the caller seems to have meant: few unknown fields, then few issues. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const unknown = (issues: readonly Issue[]): number => issues.filter(isUnknownField).length;
  const order = (one: readonly Issue[], other: readonly Issue[]): number =>
    unknown(one) - unknown(other) || one.length - other.length;
  return branches.toSorted(order)[0] ?? [];
}

/** So many wrong fields are named; who has more mends these first. */
const mostIssues = 20;

/** What is wrong; `limit` where it is a list with more entries than that. */
interface Found extends InputIssue {
  readonly limit?: number;
}

function flatten(issue: Issue, before: readonly PropertyKey[]): Found[] {
  const path = [...before, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    return meantBranch(issue.errors).flatMap((inner) => flatten(inner, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key].join("."), message: "is not known" }));
  }
  const found = { path: path.join(".") || "body", message: issue.message };
  const isTooLong = issue.code === "too_big" && issue.origin === "array";
  return [isTooLong ? { ...found, limit: Number(issue.maximum) } : found];
}

/**
 * A value in the shape of a schema; wrong fields are named with where they are.
 *
 * @throws InvalidRequest, TooLarge as `validate` does
 */
export function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
  prefix: readonly string[],
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap((issue) => flatten(issue, prefix));
  const tooLong = issues.find(({ limit }) => limit !== undefined);
  if (tooLong) throw new TooLarge(`${tooLong.path}: ${tooLong.message}`, tooLong.limit!);
  throw new InvalidRequest(issues.slice(0, mostIssues));
}

/** Parameters of the path and of the query, wherever the endpoint was addressed. */
function parseAddress(endpoint: Endpoint, event: APIGatewayProxyEventV2) {
  const { pathParameters: inPath = {}, queryStringParameters: inQuery = {} } = event;
  const isByQuery = event.routeKey.endsWith(` ${endpoint.queryPath}`);
  if (!isByQuery) return { inPath, inQuery, place: "path" };
  const names = new Set([...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  const [own, others] = [true, false].map((wanted) =>
    Object.fromEntries(Object.entries(inQuery).filter(([name]) => names.has(name) === wanted)),
  );
  return { inPath: own, inQuery: others, place: "query" };
}

/** A request that fits its endpoint. */
export interface ValidRequest<E extends Endpoint> {
  readonly params: z.output<E["params"]>;
  readonly query: z.output<E["query"]>;
  readonly headers: z.output<E["headers"]>;
  readonly body: z.output<E["body"]>;
}

/**
 * The request in the shapes of its endpoint's schemas. Fields of the body are named as they are,
 * others with where they are: `query.limit`.
 *
 * @throws InvalidRequest naming the wrong fields, 20 at most
 * @throws TooLarge when a list has more entries than it may
 */
export function validate<E extends Endpoint>(
  endpoint: E,
  event: APIGatewayProxyEventV2,
): ValidRequest<E> {
  const { inPath, inQuery, place } = parseAddress(endpoint, event);
  return {
    params: parse(endpoint.params, inPath, [place]),
    query: parse(endpoint.query, inQuery, ["query"]),
    headers: parse(endpoint.headers, event.headers, ["header"]),
    body: endpoint.rawBody ? undefined : parse(endpoint.body, event.body, []),
  } as ValidRequest<E>;
}
