/** Issues tokens on this machine, in the place of the stack's Cognito user pool. Its keys live as long as the process. */
import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";

/** What a token shall say. */
export interface TokenRequest {
  readonly subject: string;
  readonly groups?: string[];
  /** The name for people to read; Cognito's access tokens have one only if the owner adds it. */
  readonly name?: string;
  /** An ID token has the application in `aud` and opens nothing. */
  readonly use?: "access" | "id";
  /** Zero or less makes a token that is over already, for tests. */
  readonly ttlSeconds?: number;
  readonly audience?: string;
}

/** The issuer of this machine. */
export interface Issuer {
  /** The `iss` of its tokens. */
  readonly url: string;
  readonly keys: JSONWebKeySet;
  /** Makes a token in the form that Cognito gives it: an access token has `client_id` in the place of `aud`. */
  token(request: TokenRequest): Promise<string>;
}

/** Makes an issuer with fresh keys, whose tokens list groups under the claim that the stack reads. */
export async function createIssuer(
  url: string,
  clientId: string,
  groupsClaim = "cognito:groups",
): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const kid = randomUUID();
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" }] };
  return {
    url,
    keys,
    token(request) {
      const { subject, groups = [], ttlSeconds = 3600, audience = clientId } = request;
      const { name, use = "access" } = request;
      const nowSeconds = Math.floor(Date.now() / 1000);
      const issuedAt = Math.min(nowSeconds, nowSeconds + ttlSeconds);
      return new SignJWT({
        token_use: use,
        ...(use === "id"
          ? { "cognito:username": subject, aud: audience }
          : { username: subject, scope: "openid", client_id: audience }),
        auth_time: issuedAt,
        ...(name !== undefined && { name }),
        ...(groups.length > 0 && { [groupsClaim]: groups }),
      })
        .setProtectedHeader({ alg: "RS256", kid })
        .setSubject(subject)
        .setIssuer(url)
        .setIssuedAt(issuedAt)
        .setExpirationTime(nowSeconds + ttlSeconds)
        .setJti(randomUUID())
        .sign(privateKey);
    },
  };
}
