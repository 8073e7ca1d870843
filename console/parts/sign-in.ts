/**
 * Signs people in to pages in a stack: an authorization code with PKCE, state and nonce (RFC 6749, 7636, OpenID Connect).
 * Tokens stay in memory, where no script of another page finds one; a page that is loaded again signs in again.
 *
 * @see docs/decisions/0028-pages-in-the-stack.md
 */
import * as oauth from "oauth4webapi";
import type { Tokens } from "./session.ts";
import { hasEnded, type SignedIn } from "./signed-in.ts";

/** Who signs people in, as the stack tells it. */
export interface SignInConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** For whom tokens have to be, where that is not the client. */
  readonly audience?: string;
  readonly adminGroup: string;
}

/** What has to be known again when the issuer has sent somebody back; gone as soon as it was read. */
interface Begun {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** What the address asked for. */
  readonly search: string;
}

/** The issuer, and what it knows this page by. */
interface Door {
  readonly config: SignInConfig;
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly options: { readonly [oauth.allowInsecureRequests]: boolean };
}

const begunKey = "holdfast.sign-in";
/** A token is asked for anew so long before it ends. */
const spareMs = 30_000;
/** How long a token is taken to be good where the issuer does not say. */
const unsaidSeconds = 300;

/** Where the issuer sends people back to. */
const returnAddress = (): string => location.origin + location.pathname;

async function findDoor(config: SignInConfig): Promise<Door> {
  const issuer = new URL(config.issuer);
  // An issuer on one's own machine has no certificate; one elsewhere is asked by HTTPS only.
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(issuer.hostname);
  const options = { [oauth.allowInsecureRequests]: isHere };
  const answer = await oauth.discoveryRequest(issuer, options);
  const server = await oauth.processDiscoveryResponse(issuer, answer);
  return { config, server, client: { client_id: config.clientId }, options };
}

/** Sends the page to the issuer; nothing follows in this one. */
async function leave({ server, config }: Door): Promise<never> {
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const nonce = oauth.generateRandomNonce();
  const begun: Begun = { verifier, state, nonce, search: location.search };
  sessionStorage.setItem(begunKey, JSON.stringify(begun));
  const url = new URL(server.authorization_endpoint ?? "");
  const wishes = {
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: returnAddress(),
    scope: "openid email profile",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...(config.audience !== undefined && { audience: config.audience }),
  };
  for (const [name, value] of Object.entries(wishes)) url.searchParams.set(name, value);
  location.assign(url);
  return new Promise(() => undefined);
}

/** What was begun here, once: whatever comes of it, the same answer is never used again. */
function takeBegun(): Begun | undefined {
  const text = sessionStorage.getItem(begunKey);
  sessionStorage.removeItem(begunKey);
  return text === null ? undefined : (JSON.parse(text) as Begun);
}

/** Makes tokens of the issuer's answer in the address, which nobody reads there any more. */
async function redeem(
  { server, client, options }: Door,
  answer: URL,
  begun: Begun,
): Promise<oauth.TokenEndpointResponse> {
  const parameters = oauth.validateAuthResponse(server, client, answer, begun.state);
  const given = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    returnAddress(),
    begun.verifier,
    options,
  );
  const expected = { expectedNonce: begun.nonce, requireIdToken: true };
  return oauth.processAuthorizationCodeResponse(server, client, given, expected);
}

/** Keeps what the issuer gave, and asks for more by the refresh token where there is one. */
function keepTokens(door: Door, first: oauth.TokenEndpointResponse) {
  const { server, client, options } = door;
  const read = (given: oauth.TokenEndpointResponse, earlier?: string) => ({
    text: given.access_token,
    untilMs: Date.now() + (given.expires_in ?? unsaidSeconds) * 1_000,
    refresh: given.refresh_token ?? earlier,
  });
  let known = read(first);
  let renewing: Promise<string> | undefined;
  async function renew(): Promise<string> {
    const { refresh } = known;
    if (refresh === undefined || hasEnded.value) throw endSignIn();
    const given = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      refresh,
      options,
    );
    try {
      known = read(await oauth.processRefreshTokenResponse(server, client, given), refresh);
    } catch (error) {
      throw error instanceof oauth.ResponseBodyError ? endSignIn() : error;
    }
    return known.text;
  }
  const tokens: Tokens = ({ isRefused }) => {
    if (!isRefused && Date.now() < known.untilMs - spareMs) return Promise.resolve(known.text);
    renewing ??= renew().finally(() => (renewing = undefined));
    return renewing;
  };
  return { tokens, takeRefresh: () => known.refresh };
}

function endSignIn(): Error {
  hasEnded.value = true;
  return new Error("Your sign-in has ended: sign in again");
}

/** Ends the sign-in at the issuer: its refresh token opens nothing any more, nor does its session. */
async function leaveForGood({ server, client, options }: Door, refresh: string | undefined) {
  if (refresh !== undefined && server.revocation_endpoint !== undefined) {
    await oauth
      .revocationRequest(server, client, oauth.None(), refresh, options)
      .catch(() => undefined);
  }
  const back = `${location.origin}/`;
  if (server.end_session_endpoint === undefined) return location.assign(back);
  const url = new URL(server.end_session_endpoint);
  url.searchParams.set("client_id", client.client_id);
  url.searchParams.set("post_logout_redirect_uri", back);
  // Cognito's name for the same.
  url.searchParams.set("logout_uri", back);
  location.assign(url);
}

function chooseName(given: oauth.TokenEndpointResponse): string {
  const claims = oauth.getValidatedIdTokenClaims(given)!;
  const names = ["email", "preferred_username", "name"].map((claim) => claims[claim]);
  return names.find((name) => typeof name === "string") ?? claims.sub;
}

/**
 * Signs in who opened the page: goes to the issuer, or takes the answer that it has just sent back. An answer to nothing
 * that was begun in this tab, with another state, or used before, is refused.
 *
 * @throws Error that `explainSignIn` has words for
 */
export async function signIn(config: SignInConfig): Promise<SignedIn> {
  const answer = new URL(location.href);
  const { searchParams: told } = answer;
  const isAnswer = told.has("code") || (told.has("error") && told.has("state"));
  const begun = takeBegun();
  if (isAnswer) history.replaceState(null, "", location.pathname + (begun?.search ?? ""));
  const door = await findDoor(config);
  if (!isAnswer) return leave(door);
  if (!begun) throw new Error("This sign-in was not begun here, so nothing of it was used.");
  const given = await redeem(door, answer, begun);
  const { tokens, takeRefresh } = keepTokens(door, given);
  return {
    name: chooseName(given),
    tokens,
    signOut: () => leaveForGood(door, takeRefresh()),
  };
}

/** What went wrong with a sign-in, in words for who wanted to. */
export function explainSignIn(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError) {
    const isDenied = error.error === "access_denied";
    const said = error.error_description ?? error.error;
    return isDenied ? `The sign-in was declined: ${said}.` : `The sign-in failed: ${said}.`;
  }
  if (error instanceof oauth.ResponseBodyError) {
    return error.error === "invalid_grant"
      ? "The sign-in took too long, or was used before."
      : `The sign-in failed: ${error.error_description ?? error.error}.`;
  }
  if (error instanceof oauth.OperationProcessingError) {
    return `The sign-in service answered something else than what was begun here, so nothing of it was used (${error.message}).`;
  }
  if (error instanceof TypeError) return "The sign-in service cannot be reached.";
  return error instanceof Error ? error.message : String(error);
}
