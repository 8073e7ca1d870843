/** Checks a request against its endpoint's schemas and names every field that is wrong. */
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { z } from "zod";
import type { Endpoint } from "../../shared/api/endpoint.ts";
import { type InputIssue, InvalidRequest } from "../../shared/base/errors.ts";

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

function flatten(issue: Issue, before: readonly PropertyKey[]): InputIssue[] {
  const path = [...before, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    return meantBranch(issue.errors).flatMap((inner) => flatten(inner, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key].join("."), message: "is not known" }));
  }
  return [{ path: path.join(".") || "body", message: issue.message }];
}

function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
  prefix: readonly string[],
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidRequest(result.error.issues.flatMap((issue) => flatten(issue, prefix)));
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
 * @throws InvalidRequest naming every wrong field
 */
export function validate<E extends Endpoint>(
  endpoint: E,
  event: APIGatewayProxyEventV2,
): ValidRequest<E> {
  return {
    params: parse(endpoint.params, event.pathParameters ?? {}, ["path"]),
    query: parse(endpoint.query, event.queryStringParameters ?? {}, ["query"]),
    headers: parse(endpoint.headers, event.headers, ["header"]),
    body: endpoint.rawBody ? undefined : parse(endpoint.body, event.body, []),
  } as ValidRequest<E>;
}
