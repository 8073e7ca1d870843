/** What a verified token says: exact groups or none, and whether it is an access token at all. */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { groupsIn, isIdToken, tokenClaims } from "../../../functions/runtime/token.ts";

function eventWith(authorization: string | undefined, claims: Record<string, unknown>) {
  return {
    headers: { authorization },
    requestContext: { authorizer: { jwt: { claims } } },
  } as unknown as APIGatewayProxyEventV2WithJWTAuthorizer;
}

describe("groups", () => {
  it.each([
    [["admin"], ["admin"]],
    [["shop admin"], ["shop admin"]],
    [
      ["a, b", "[admin]"],
      ["a, b", "[admin]"],
    ],
    ["admin", ["admin"]],
  ])("%j are the exact names %j", (claim, names) => {
    expect(groupsIn(claim)).toEqual(names);
  });

  it.each([
    ["[admin ops]"],
    ["[admin]"],
    ["shop admin"],
    ["ops,admin"],
    ["ops;admin"],
    ["ops|admin"],
    ['"admin"'],
    [""],
    [undefined],
    [null],
    [true],
    [{ admin: true }],
    [["admin", 7]],
    [[["admin"]]],
  ])("%j cannot be split without doubt and names none", (claim) => {
    expect(groupsIn(claim)).toEqual([]);
  });
});

describe("the claims", () => {
  const payload = { sub: "alice", iss: "https://issuer", jti: "1", groups: ["shop admin"] };
  const verified = { sub: "alice", iss: "https://issuer", jti: "1", groups: "[shop admin]" };
  const token = new UnsecuredJWT(payload).encode();

  it("are the token's own, with or without Bearer", () => {
    for (const header of [`Bearer ${token}`, `bearer  ${token} `, token]) {
      expect(tokenClaims(eventWith(header, verified))).toMatchObject(payload);
    }
  });

  it.each([
    ["no header", undefined],
    ["a header that is no token", "Bearer x.y.z"],
    ["two headers that were joined", `Bearer ${token},Bearer ${token}`],
    ["a token of somebody else", new UnsecuredJWT({ ...payload, sub: "bob" }).encode()],
    ["another token of the same user", new UnsecuredJWT({ ...payload, jti: "2" }).encode()],
  ])("are none with %s", (_, header) => {
    expect(tokenClaims(eventWith(header, verified))).toEqual({});
  });
});

describe("an ID token is", () => {
  it.each([
    [{ token_use: "id" }],
    [{ token_use: "refresh" }],
    [{ typ: "ID" }],
    [{ at_hash: "x" }],
    [{ c_hash: "x" }],
  ])("recognised by %j", (claims) => {
    expect(isIdToken(claims)).toBe(true);
  });

  it.each([[{ token_use: "access" }], [{ typ: "Bearer" }], [{}]])("not what %j tells", (claims) => {
    expect(isIdToken(claims)).toBe(false);
  });
});
