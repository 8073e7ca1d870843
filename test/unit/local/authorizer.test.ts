/** Whom the JWT authorizer lets pass. */
import { generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { type Authorizer, createAuthorizer } from "../../../local/http/authorizer.ts";
import { createIssuer, type Issuer } from "../../../local/http/issuer.ts";

let issuer: Issuer;
let authorize: Authorizer;

beforeAll(async () => {
  issuer = await createIssuer("http://127.0.0.1:3000/_local", "shop");
  const JwtConfiguration = { Issuer: "https://a.user.pool", Audience: ["shop"] };
  authorize = createAuthorizer({ JwtConfiguration }, issuer);
});

describe("the authorizer lets", () => {
  test("the local issuer's tokens pass, with or without Bearer, and hands over the claims as text", async () => {
    const token = await issuer.token({ subject: "alice", groups: ["admin", "ops"] });
    for (const header of [`Bearer ${token}`, token]) {
      expect(await authorize(header)).toMatchObject({
        kind: "passed",
        claims: { sub: "alice", "cognito:groups": "[admin ops]", client_id: "shop" },
        scopes: null,
      });
    }
  });

  test("a route's scopes decide too", async () => {
    const token = await issuer.token({ subject: "alice" });
    expect(await authorize(token, ["openid"])).toMatchObject({ kind: "passed" });
    expect(await authorize(token, ["other"])).toEqual({ kind: "forbidden" });
  });
});

describe("the authorizer refuses", () => {
  test.each([undefined, "", "Bearer", "Bearer x.y.z", "nonsense"])("%j", async (header) => {
    expect(await authorize(header)).toMatchObject({ kind: "unauthorized" });
  });

  test("a token that is over", async () => {
    const token = await issuer.token({ subject: "alice", ttlSeconds: -1 });
    expect(await authorize(token)).toMatchObject({ reason: "the token has expired" });
  });

  test("a token for somebody else's application", async () => {
    const token = await issuer.token({ subject: "alice", audience: "other" });
    expect(await authorize(token)).toMatchObject({
      reason: "the token does not have a valid audience",
    });
  });

  test("a token of another issuer, even one that uses our name and key id", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    const token = await new SignJWT({ client_id: "shop" })
      .setProtectedHeader({ alg: "RS256", kid: issuer.keys.keys[0]!.kid! })
      .setSubject("alice")
      .setIssuer(issuer.url)
      .setExpirationTime("1h")
      .sign(privateKey);
    expect(await authorize(token)).toMatchObject({ kind: "unauthorized" });
  });

  test("a token without signature", async () => {
    const token = await issuer.token({ subject: "alice" });
    const [, payload] = token.split(".");
    const header = Buffer.from('{"alg":"none"}').toString("base64url");
    expect(await authorize(`${header}.${payload}.`)).toMatchObject({ kind: "unauthorized" });
  });
});
