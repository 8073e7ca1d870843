/** Who is calling, as API Gateway's JWT authorizer found it, and what that allows. */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { Forbidden, HoldfastError } from "../../shared/base/errors.ts";
import type { Access } from "../../shared/api/endpoint.ts";

/** The signed-in user behind a request. */
export interface Caller {
  readonly userId: string;
  readonly isAdmin: boolean;
}

/** HTTP APIs hand a list claim over as the text `[admin ops]`. */
function groupsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.map(String);
  const text = typeof claim === "string" ? claim : "";
  return text.replace(/^\[|\]$/g, "").split(/[\s,]+/);
}

/** The caller, or undefined where the route asked for no token. */
export function callerOf(event: APIGatewayProxyEventV2WithJWTAuthorizer): Caller | undefined {
  const claims = event.requestContext.authorizer?.jwt?.claims;
  const userId = claims?.["sub"];
  if (typeof userId !== "string" || userId === "") return undefined;
  return { userId, isAdmin: groupsOf(claims?.["cognito:groups"]).includes("admin") };
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
