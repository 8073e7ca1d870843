/** What the verified token says of its holder, where the authorizer's text of the claims cannot tell. */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { decodeJwt, type JWTPayload } from "jose";

type Claims = Readonly<Record<string, unknown>>;
type Event = APIGatewayProxyEventV2WithJWTAuthorizer;

function payloadIn(authorization: string | undefined): JWTPayload | undefined {
  try {
    return decodeJwt((authorization ?? "").replace(/^Bearer\s+/iu, "").trim());
  } catch {
    return undefined;
  }
}

/** These name one token of one person; the authorizer hands them over unchanged, being text already. */
const namingClaims = ["sub", "iss", "jti"] as const;

/**
 * The claims as the token itself has them. API Gateway has verified the header's token before it calls the
 * function, but hands its claims over as text, in which the list `["shop admin"]` reads like `["shop",
 * "admin"]`. A header that carries another token than the one that was verified counts as none.
 */
export function tokenClaims({ headers, requestContext }: Event): Claims {
  const verified: Claims = requestContext.authorizer?.jwt?.claims ?? {};
  const payload = payloadIn(headers["authorization"]);
  return payload && namingClaims.every((name) => payload[name] === verified[name]) ? payload : {};
}

/**
 * The groups that a claim names, exactly. A list names its members; a single text is one name if nothing in
 * it could part two. Whatever leaves a doubt names none.
 */
export function groupsIn(claim: unknown): readonly string[] {
  if (typeof claim === "string") return /^[^\s,;|[\]"']+$/u.test(claim) ? [claim] : [];
  const isList = Array.isArray(claim) && claim.every((name) => typeof name === "string");
  return isList ? claim : [];
}

/**
 * Whether the claims are those of an ID token, which tells an application who signed in and is no right
 * to call anything. Cognito marks both kinds by `token_use`, Keycloak by `typ`; the hashes belong to an ID
 * token by OpenID Connect Core 1.0, section 3.3.2.11.
 */
export function isIdToken(claims: Claims): boolean {
  const { token_use: use, typ } = claims;
  if (use !== undefined) return use !== "access";
  return typ === "ID" || "at_hash" in claims || "c_hash" in claims;
}
