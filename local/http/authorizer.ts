/** API Gateway's JWT authorizer: who may pass with which token, and what the function gets to know of it. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { claimText } from "./event.ts";
import type { Issuer } from "./issuer.ts";

/** AWS::ApiGatewayV2::Authorizer, of type JWT. */
export interface AuthorizerProperties {
  readonly IdentitySource?: string[];
  readonly JwtConfiguration: { Issuer: string; Audience: string[] };
}

/** What came of a token. */
export type Verdict =
  | { kind: "passed"; claims: Record<string, string>; scopes: string[] | null }
  | { kind: "unauthorized"; reason: string | undefined }
  | { kind: "forbidden" };

/** Checks the token of a request against the authorizer and the scopes that the route asks for. */
export type Authorizer = (authorization: string | undefined, scopes?: string[]) => Promise<Verdict>;

interface Verified {
  readonly payload: JWTPayload;
  readonly claims: Record<string, string>;
}

/** A shopper sends the same token many times; the signature is checked once. */
const MOST_REMEMBERED = 5000;

function unauthorized(reason?: string): Verdict {
  return { kind: "unauthorized", reason };
}

function explainRejection(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JOSEError) return `the token is not valid: ${error.message}`;
  return String(error);
}

/** API Gateway looks at `client_id` only when there is no `aud`. */
function hasAudience(payload: JWTPayload, audiences: string[]): boolean {
  const named = payload.aud ?? payload["client_id"];
  return [named].flat().some((one) => typeof one === "string" && audiences.includes(one));
}

function parseScopes(payload: JWTPayload): string[] {
  const scopes = payload["scope"] ?? payload["scp"];
  if (Array.isArray(scopes)) return scopes.map(String);
  return typeof scopes === "string" ? scopes.split(" ") : [];
}

function timeProblem({ exp, nbf, iat }: JWTPayload): string | undefined {
  const nowSeconds = Date.now() / 1000;
  if (exp === undefined || exp <= nowSeconds) return "the token has expired";
  if (nbf !== undefined && nbf > nowSeconds) return "the token is not valid yet";
  if (iat !== undefined && iat > nowSeconds) return "the token was issued in the future";
  return undefined;
}

function remoteKeys(issuer: string): JWTVerifyGetKey {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  async function discover(): Promise<JWTVerifyGetKey> {
    const url = `${issuer.replace(/\/$/u, "")}/.well-known/openid-configuration`;
    const { jwks_uri } = (await (await fetch(url)).json()) as { jwks_uri: string };
    return createRemoteJWKSet(new URL(jwks_uri));
  }
  return async (header, token) => {
    keys ??= discover();
    const known = keys;
    // An issuer that was away at the first request may be there at the next.
    known.catch(() => (keys = undefined));
    return (await known)(header, token);
  };
}

/**
 * Makes the authorizer of a template's declaration.
 * @param standIn the local issuer, when the declared one is a user pool that exists only on AWS.
 */
export function createAuthorizer(
  { JwtConfiguration }: AuthorizerProperties,
  standIn: Issuer | undefined,
): Authorizer {
  const issuer = standIn?.url ?? JwtConfiguration.Issuer;
  const keys = standIn ? createLocalJWKSet(standIn.keys) : remoteKeys(issuer);
  const remembered = new Map<string, Verified>();

  async function verify(token: string): Promise<Verified> {
    const known = remembered.get(token);
    if (known) return known;
    const { payload } = await jwtVerify(token, keys, { issuer, algorithms: ["RS256"] });
    const claims = Object.entries(payload).map(([name, value]) => [name, claimText(value)]);
    const verified = { payload, claims: Object.fromEntries(claims) as Record<string, string> };
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(token, verified);
    return verified;
  }

  return async (authorization, scopes) => {
    if (!authorization) return unauthorized();
    try {
      const { payload, claims } = await verify(authorization.replace(/^Bearer\s+/iu, "").trim());
      const problem = timeProblem(payload);
      if (problem) return unauthorized(problem);
      if (!hasAudience(payload, JwtConfiguration.Audience)) {
        return unauthorized("the token does not have a valid audience");
      }
      const granted = parseScopes(payload);
      if (!scopes) return { kind: "passed", claims, scopes: null };
      if (!scopes.some((scope) => granted.includes(scope))) return { kind: "forbidden" };
      return { kind: "passed", claims, scopes: granted };
    } catch (error) {
      return unauthorized(explainRejection(error));
    }
  };
}
