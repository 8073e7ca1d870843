/** What an endpoint of the contract is: a route as data, from which everything else is made. */
import * as z from "zod";

/** The functions that answer requests; each is one file in `functions/`. */
export type ApiFunction =
  | "orders"
  | "carts"
  | "payments"
  | "payment-webhooks"
  | "inventory"
  | "promotions"
  | "documents"
  | "locks"
  | "admin"
  | "people"
  | "webhooks"
  | "live"
  | "platform"
  | "trials";

/**
 * Who may call: `anyone` (no token needed), any signed-in `caller`, or an `admin`. A `userId` in the
 * path or body must equal the caller in any case, unless the caller is an administrator.
 */
export type Access = "anyone" | "caller" | "admin";

/** The schemas of successful answers by status. */
export type AnswerSchemas = Readonly<Record<number, z.ZodType>>;

/** One route of the HTTP contract. Schemas are strict: an unknown field is an error. */
export interface Endpoint<
  Path extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Headers extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answers extends AnswerSchemas = AnswerSchemas,
> {
  /** Unique; also OpenAPI's operationId and the client's method. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As API Gateway writes it, with `{parameters}`. */
  readonly path: string;
  /**
   * The same with its parameters in the query, which carries every name: not everything between a client and
   * us hands on a path with `%2F` in it as it came.
   */
  readonly queryPath?: string;
  readonly function: ApiFunction;
  readonly access: Access;
  /** Left out of a production stack. */
  readonly outsideProduction?: boolean;
  /** Not in the client, whose bytes every page loads: it is for setting something up, once. */
  readonly outsideClient?: boolean;
  /** Sent twice it has the effect of once, though its method does not promise so: a client may repeat it. */
  readonly repeatable?: boolean;
  /** One sentence for the reference. */
  readonly summary: string;
  readonly params: Path;
  readonly query: Query;
  /** Only the headers that this endpoint reads, in lower case. */
  readonly headers: Headers;
  /** `rawBody` endpoints get the body as it came; all others get JSON that fits this schema. */
  readonly body: Body;
  /** A body for the reference, as a client might send it. */
  readonly example?: unknown;
  readonly rawBody?: boolean;
  /** A larger body is refused before anybody looks into it; `defaultBodyBytes` where nothing is said. */
  readonly maxBodyBytes?: number;
  /** More commas, colons and opening brackets are refused before they are parsed; `defaultBodyParts` where nothing is said. */
  readonly maxBodyParts?: number;
  /** Successful answers by status. */
  readonly answers: Answers;
  /** Codes of the errors that it can answer with, beyond those that every endpoint can. */
  readonly errors: readonly string[];
}

/** Most bodies are a handful of names and numbers. */
export const defaultBodyBytes = 64 * 1024;
/** For those that carry whole carts, documents or somebody else's event. */
export const largeBodyBytes = 1024 * 1024;
/** Twice as many as 4 KB of any JSON, with all that goes around them. */
export const defaultBodyParts = 10_000;
/** As many as 64 KB of attributes can have, two for three bytes, with their lines. */
export const linesBodyParts = 50_000;
/** As many as the largest document can have. */
export const documentBodyParts = 200_000;

const nothing = z.object({});

type Route = "name" | "method" | "path";
type Optional = "params" | "query" | "headers" | "body" | "errors";
type Given<
  P extends z.ZodType,
  Q extends z.ZodType,
  H extends z.ZodType,
  B extends z.ZodType,
  A extends AnswerSchemas,
> = Omit<Endpoint<P, Q, H, B, A>, Route | Optional | "example"> &
  Partial<Pick<Endpoint<P, Q, H, B, A>, Optional>> & { readonly example?: z.input<B> };

/** Declares an endpoint by its name and route; what is left out accepts nothing (query parameters, body) or lists nothing. */
export function endpoint<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  H extends z.ZodType = typeof nothing,
  B extends z.ZodType = typeof nothing,
  A extends AnswerSchemas = AnswerSchemas,
>(
  name: string,
  method: Endpoint["method"],
  path: string,
  given: Given<P, Q, H, B, A>,
): Endpoint<P, Q, H, B, A> {
  const empty = { params: nothing, query: nothing.strict(), headers: nothing, body: nothing };
  return { name, method, path, errors: [], ...empty, ...given } as unknown as Endpoint<
    P,
    Q,
    H,
    B,
    A
  >;
}

/** The methods that an endpoint is asked by: whatever can be got can also be asked for without its body. */
export function listMethods({ method }: { readonly method: string }): readonly string[] {
  return method === "GET" ? ["GET", "HEAD"] : [method];
}

/** Where an endpoint is found. */
export function listPaths({ path, queryPath }: { path: string; queryPath?: string }): string[] {
  return queryPath === undefined ? [path] : [path, queryPath];
}

/** The route keys by which API Gateway names an endpoint, for example `GET /items/{itemId}`. */
export function routeKeys(route: Pick<Endpoint, "method" | "path" | "queryPath">): string[] {
  return listMethods(route).flatMap((method) =>
    listPaths(route).map((path) => `${method} ${path}`),
  );
}
