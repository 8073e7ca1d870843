/** Who is calling, as API Gateway's JWT authorizer found it, and what that allows. */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { Forbidden, HoldfastError } from "../../shared/base/errors.ts";
import type { Access } from "../../shared/api/endpoint.ts";
import { type EpochMs, epochMs, secondsToMs } from "../../shared/base/time.ts";
import { env } from "./env.ts";
import { groupsIn, isIdToken, tokenClaims } from "./token.ts";

/** The signed-in user behind a request. */
export interface Caller {
  readonly userId: string;
  /** For people to read, if the token has one. */
  readonly name?: string;
  readonly groups: readonly string[];
  readonly isAdmin: boolean;
}

/** Longest name that is shown; a token's issuer may allow more. */
const maxNameLength = 128;

/** Whose token it is, of whatever kind; undefined where there is none. */
export function parseSubject(event: APIGatewayProxyEventV2WithJWTAuthorizer): string | undefined {
  const sub = event.requestContext.authorizer?.jwt?.claims?.["sub"];
  return typeof sub === "string" && sub !== "" ? sub : undefined;
}

/** When the token of a request ends; at once where it does not say. */
export function parseTokenEnd(event: APIGatewayProxyEventV2WithJWTAuthorizer): EpochMs {
  return epochMs(secondsToMs(Number(event.requestContext.authorizer?.jwt?.claims?.["exp"] ?? 0)));
}

/**
 * The caller, or undefined where the route asked for no token.
 *
 * @throws HoldfastError `UNAUTHENTICATED` when the token is an ID token: it opens nothing
 */
export function parseCaller(event: APIGatewayProxyEventV2WithJWTAuthorizer): Caller | undefined {
  const verified = event.requestContext.authorizer?.jwt?.claims;
  const userId = parseSubject(event);
  if (userId === undefined) return undefined;
  const claims = tokenClaims(event);
  if (isIdToken({ ...verified, ...claims })) {
    throw new HoldfastError("UNAUTHENTICATED", "This needs an access token, not an ID token");
  }
  const groups = groupsIn(claims[env.GROUPS_CLAIM]);
  const { name } = claims;
  return {
    userId,
    ...(typeof name === "string" && name !== "" && { name: name.slice(0, maxNameLength) }),
    groups,
    isAdmin: groups.includes(env.ADMIN_GROUP),
  };
}

/** Lets the caller through, or throws 401 or 403 before anything was read. */
export function authorize(access: Access, caller: Caller | undefined): void {
  if (access === "anyone") return;
  if (!caller) throw new HoldfastError("UNAUTHENTICATED", "This needs a valid token");
  if (access === "admin" && !caller.isAdmin) throw new Forbidden("This is for administrators");
}

/**
 * The user that a request names, `me` meaning the caller.
 *
 * @throws Forbidden when it is somebody else and the caller is no administrator
 */
export function namedUser(named: string, caller: Caller): string {
  const userId = named === "me" ? caller.userId : named;
  if (userId === caller.userId || caller.isAdmin) return userId;
  throw new Forbidden("You may act for yourself only");
}
