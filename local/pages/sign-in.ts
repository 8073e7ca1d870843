/** Pages of the local token issuer: a token for anybody one likes to be, and what an authorizer needs to check it. */
import { BadPageRequest, fileAnswer, type Page, PageNotFound } from "./page.ts";

function findIssuer(runner: Parameters<Page>[1]) {
  if (!runner.issuer) throw new PageNotFound("tokens come from the issuer that the stack names");
  return runner.issuer;
}

/**
 * `GET /_local/token?sub=alice&groups=admin,ops&ttl=3600`; `as=text` gives the bare token, for shells. `name=` is
 * the name for people to read, and `use=id` makes an ID token, which opens nothing.
 */
export const token: Page = async ({ query }, runner) => {
  const issuer = findIssuer(runner);
  const ttl = Number(query.get("ttl") ?? "3600");
  if (!Number.isSafeInteger(ttl)) throw new BadPageRequest("ttl is a whole number of seconds");
  const subject = query.get("sub");
  if (!subject) throw new BadPageRequest("say who: /_local/token?sub=alice&groups=admin");
  const use = query.get("use") ?? "access";
  if (use !== "access" && use !== "id") throw new BadPageRequest("use is access or id");
  const [audience, name] = [query.get("audience"), query.get("name")];
  const groups = query.getAll("groups").flatMap((list) => list.split(",").filter(Boolean));
  const accessToken = await issuer.token({
    subject,
    groups,
    ttlSeconds: ttl,
    use,
    ...(name && { name }),
    ...(audience && { audience }),
  });
  if (query.get("as") === "text") return fileAnswer("text/plain", accessToken);
  return { access_token: accessToken, token_type: "Bearer", expires_in: ttl };
};

/** `GET /_local/.well-known/openid-configuration` and `…/jwks.json`, as every issuer has them. */
export const wellKnown: Page = ({ path }, runner) => {
  const issuer = findIssuer(runner);
  if (path[0] === "jwks.json") return issuer.keys;
  if (path[0] !== "openid-configuration") throw new PageNotFound("no such document");
  return {
    issuer: issuer.url,
    jwks_uri: `${issuer.url}/.well-known/jwks.json`,
    token_endpoint: `${issuer.url}/token`,
    response_types_supported: ["token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  };
};

/** `GET /_local/jwks.json` */
export const jwks: Page = (_, runner) => findIssuer(runner).keys;
