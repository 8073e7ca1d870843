/** An OpenID issuer of another origin, for tests: strict about codes and PKCE, and it asks who one is, as issuers do. */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** Who may sign in, by name, with their groups. */
export type People = Readonly<Record<string, readonly string[]>>;

/** What the issuer is made from. */
interface IssuerOptions {
  readonly people: People;
  readonly clientId: string;
  /** Makes what opens the API. */
  accessToken(subject: string, groups: readonly string[]): Promise<string>;
  /** How long it says that an access token is good. */
  readonly lifeSeconds?: number;
}

/** A running issuer. */
export interface SignInIssuer {
  readonly url: string;
  /** What it has given out: whoever finds one of these where it does not belong has found a token. */
  readonly given: string[];
  /** Kinds of grants that were asked for, and what came of them. */
  readonly grants: string[];
  stop(): void;
}

/** A code that was given out, until it is redeemed. */
interface Code {
  readonly who: string;
  readonly query: URLSearchParams;
}

const hash = (verifier: string): string =>
  createHash("sha256").update(verifier).digest("base64url");

async function readForm(incoming: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function sendTo(outgoing: ServerResponse, to: string, answer: Record<string, string>): void {
  const url = new URL(to);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  outgoing.writeHead(302, { location: url.href }).end();
}

function sendJson(outgoing: ServerResponse, status: number, body: object): void {
  const headers = { "content-type": "application/json", "access-control-allow-origin": "*" };
  outgoing.writeHead(status, headers).end(JSON.stringify(body));
}

/** Starts it at `localhost`, which is another site than `127.0.0.1`. */
export async function startSignInIssuer(options: IssuerOptions): Promise<SignInIssuer> {
  const { people, clientId, lifeSeconds = 3_600 } = options;
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "RS256", use: "sig" }] };
  const codes = new Map<string, Code>();
  const refreshes = new Map<string, string>();
  const [given, grants]: [string[], string[]] = [[], []];

  async function give(who: string, nonce: string | null): Promise<object> {
    const idToken = await new SignJWT({ email: `${who}@example.com`, ...(nonce && { nonce }) })
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setSubject(who)
      .setIssuer(url)
      .setAudience(clientId)
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(privateKey);
    const refresh = randomUUID();
    refreshes.set(refresh, who);
    const access = await options.accessToken(who, people[who]!);
    given.push(access, idToken, refresh);
    return {
      access_token: access,
      id_token: idToken,
      refresh_token: refresh,
      token_type: "Bearer",
      expires_in: lifeSeconds,
    };
  }

  /** What a grant buys; undefined where it is worth nothing. Each code and each refresh token is taken once. */
  async function redeem(form: URLSearchParams): Promise<object | undefined> {
    if (form.get("client_id") !== clientId) return undefined;
    if (form.get("grant_type") === "refresh_token") {
      const token = form.get("refresh_token") ?? "";
      const who = refreshes.get(token);
      refreshes.delete(token);
      return who === undefined ? undefined : give(who, null);
    }
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    if (!code) return undefined;
    const { who, query } = code;
    const isSame = query.get("redirect_uri") === form.get("redirect_uri");
    const isProven = query.get("code_challenge") === hash(form.get("code_verifier") ?? "");
    return isSame && isProven ? give(who, query.get("nonce")) : undefined;
  }

  function authorize(query: URLSearchParams, who: string | undefined, outgoing: ServerResponse) {
    const back = query.get("redirect_uri")!;
    const state = query.get("state")!;
    const isOurs = query.get("client_id") === clientId && query.get("response_type") === "code";
    if (!isOurs || query.get("code_challenge_method") !== "S256") {
      return sendTo(outgoing, back, { error: "invalid_request", state });
    }
    if (who === "nobody") {
      const error_description = "nobody wanted to";
      return sendTo(outgoing, back, { error: "access_denied", error_description, state });
    }
    if (who !== undefined && who in people) {
      const code = randomUUID();
      codes.set(code, { who, query });
      outgoing.setHeader("set-cookie", `who=${who}; HttpOnly; Path=/`);
      return sendTo(outgoing, back, { code, state });
    }
    const links = [...Object.keys(people), "nobody"].map((name) => {
      return `<a href="/as/${name}?${query.toString().replaceAll("&", "&amp;")}">${name}</a>`;
    });
    outgoing.writeHead(200, { "content-type": "text/html" });
    outgoing.end(`<title>Issuer</title><link rel="icon" href="data:,">${links.join(" ")}`);
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(incoming.url ?? "/", url);
    const [, remembered] = /who=(\w+)/.exec(incoming.headers.cookie ?? "") ?? [];
    if (pathname === "/authorize") return authorize(query, remembered, outgoing);
    if (pathname.startsWith("/as/")) return authorize(query, pathname.slice(4), outgoing);
    if (pathname === "/jwks.json") return sendJson(outgoing, 200, keys);
    if (pathname === "/end") {
      outgoing.setHeader("set-cookie", "who=; Max-Age=0; Path=/");
      return sendTo(outgoing, query.get("post_logout_redirect_uri")!, {});
    }
    if (pathname === "/revoke") {
      refreshes.delete((await readForm(incoming)).get("token") ?? "");
      return sendJson(outgoing, 200, {});
    }
    if (pathname !== "/token") return sendJson(outgoing, 200, metadata);
    const form = await readForm(incoming);
    const bought = await redeem(form);
    grants.push(`${form.get("grant_type")} ${bought ? "given" : "refused"}`);
    return sendJson(outgoing, bought ? 200 : 400, bought ?? { error: "invalid_grant" });
  }

  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await new Promise<void>((settle) => server.listen(0, "localhost", settle));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const metadata = {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks.json`,
    end_session_endpoint: `${url}/end`,
    revocation_endpoint: `${url}/revoke`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
  };
  return { url, given, grants, stop: () => void server.close().closeAllConnections() };
}
