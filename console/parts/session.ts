/** Who uses a page, and what speaks for them: a client with their token, and a connection that tells what changes. */
import { type Client, createClient } from "../../client/index.ts";
import { connectLive, type Live } from "../../client/live.ts";

/** Somebody who uses a page. */
export interface Session {
  readonly userId: string;
  readonly client: Client;
  readonly live: Live;
  /** Sends what the client has no method for, because shops need none: routes for setting up. */
  readonly ask: (method: string, path: string, body?: object) => Promise<unknown>;
}

/** Who gives tokens: the text of one that is good for now, or another where that was refused. */
export type Tokens = (asked: { readonly isRefused: boolean }) => Promise<string>;

interface Token {
  readonly access_token: string;
  readonly expires_in: number;
}

/** A token is asked for anew so long before it ends. */
const spareMs = 30_000;

/** Hands out tokens of this machine's own issuer. They stay in memory: no script of another page finds one. */
function createTokens(userId: string, groups: readonly string[]): Tokens {
  let known = { text: "", untilMs: 0 };
  return async ({ isRefused }) => {
    if (!isRefused && Date.now() < known.untilMs - spareMs) return known.text;
    const query = new URLSearchParams({ sub: userId, name: userId });
    for (const group of groups) query.append("groups", group);
    const answer = await fetch(`/_local/token?${query}`);
    if (!answer.ok) throw new Error("Nobody can be signed in here: tokens come from elsewhere");
    const { access_token: text, expires_in: seconds } = (await answer.json()) as Token;
    known = { text, untilMs: Date.now() + seconds * 1_000 };
    return text;
  };
}

/** Asks with a token, and once more with a new one where that was refused. */
function createAsking(tokens: Tokens): Session["ask"] {
  return async function ask(method, path, body) {
    const send = async (isRefused: boolean): Promise<Response> => {
      const authorization = `Bearer ${await tokens({ isRefused })}`;
      const headers = { authorization, ...(body && { "content-type": "application/json" }) };
      return fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    };
    const first = await send(false);
    const answer = first.status === 401 ? await send(true) : first;
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.detail ?? told.message ?? `Answered ${answer.status}`);
    return told;
  };
}

/** What somebody does with their tokens, wherever these come from. */
export function openSessionBy(userId: string, tokens: Tokens): Session {
  const client = createClient({ baseUrl: location.origin, token: tokens });
  return { userId, client, live: connectLive(client), ask: createAsking(tokens) };
}

/** Signs somebody in on this machine, whoever one likes to be. */
export function openSession(userId: string, groups: readonly string[] = []): Session {
  return openSessionBy(userId, createTokens(userId, groups));
}
