/** Sends one operation: its path and token, and again where repeating is safe. */
import type { AnswerOf, InputOf, OperationName } from "./contract.ts";
import { operations, type Repetition } from "./operations.ts";
import { ApiError, errorIn } from "./problem.ts";
import { pause, within } from "./waiting.ts";

/** Why a token is asked for. */
export interface TokenRequest {
  /** The last one was refused: only a new one helps. */
  readonly isRefused: boolean;
}

/** How to reach the API. */
export interface ClientOptions {
  /** For example `https://api.example.com`, without a slash at its end. */
  readonly baseUrl: string;
  /**
   * The bearer token, or what hands one out: asked before every request, and once more when that one
   * was refused. It may take as long as the request may, and is not waited for any longer.
   */
  readonly token?: string | ((request: TokenRequest) => string | Promise<string>);
  /** How often a request that may be repeated is repeated; 3 by default. */
  readonly retries?: number;
  /** How long one attempt may take, its token included; 30 s by default, as long as API Gateway waits. */
  readonly timeoutMs?: number;
  /** Stands in for the global one, in tests for example. */
  readonly fetch?: typeof fetch;
}

/** What may be said of a single request. */
export interface SendOptions {
  readonly signal?: AbortSignal;
  /** Lets the request outlive the page that sends it. */
  readonly keepalive?: boolean;
  /** Instead of the client's own number. */
  readonly retries?: number;
}

/** A successful answer with all that came with it. */
export interface Reply<Name extends OperationName> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerOf<Name>;
}

/** Sends an operation. */
export type Send = <Name extends OperationName>(
  name: Name,
  input: InputOf<Name>,
  options?: SendOptions,
) => Promise<Reply<Name>>;

interface Parts {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, unknown>;
  readonly headers?: Record<string, string | undefined>;
  readonly body?: unknown;
}

/** Answers that promise that nothing was changed, whatever was asked. */
const nothingHappened = new Set(["TRY_AGAIN", "TOO_MANY_REQUESTS", "NO_TOKEN"]);
const idempotencyKey = "idempotency-key";
/** First backoff and longest pause before a repetition. */
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** A name in a path. Whoever is sent `..` takes it for a step, and ends at another cart. */
function encodeSegment(name: string, value: string): string {
  if (!/^\.{0,2}$/.test(value)) return encodeURIComponent(value);
  const issue = { path: `path.${name}`, message: "must not be empty, . or .." };
  throw new ApiError({
    status: 0,
    code: "INVALID_REQUEST",
    problem: { issues: [issue] },
    message: `${issue.path}: ${issue.message}`,
  });
}

function buildUrl(baseUrl: string, path: string, { params = {}, query = {} }: Parts): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeSegment(name, params[name] ?? ""),
  );
  // Parameters that have no place in the path go with the query, which carries every name.
  const others = Object.entries(params).filter(([name]) => !path.includes(`{${name}}`));
  const search = new URLSearchParams();
  for (const [name, value] of [...others, ...Object.entries(query)]) {
    if (value !== undefined) search.set(name, String(value));
  }
  return `${baseUrl}${filled}${search.size > 0 ? `?${search}` : ""}`;
}

/** What is known of an operation. */
export function parseOperation(name: OperationName) {
  const said = operations[name].split(" ") as [path: string, method?: string, Repetition?];
  const [path, method = "GET", repeat = method === "GET" ? "safe" : "no"] = said;
  return [method, path, repeat] as const;
}

/** Headers that are set; an operation that takes an idempotency key always gets one. */
function buildHeaders({ headers = {}, body }: Parts, repeat: Repetition): Record<string, string> {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(repeat === "key" && { [idempotencyKey]: crypto.randomUUID() }),
    ...(Object.fromEntries(given) as Record<string, string>),
  };
}

/** Why an attempt failed, and whether it says for sure that nothing was changed. */
function makeFailure(error: unknown, code = "NO_ANSWER", message = "No answer") {
  if (error instanceof ApiError) return error;
  return new ApiError({ status: 0, code, problem: {}, message, cause: error });
}

/** What hands out tokens to requests, and remembers the last one. */
function createTokens(token: ClientOptions["token"]) {
  let last = typeof token === "string" ? token : undefined;
  /** All requests that were refused at the same time ask for one new token together. */
  let renewal: Promise<unknown> | undefined;

  async function ask(isRefused: boolean): Promise<string | undefined> {
    if (typeof token === "function") last = await token({ isRefused });
    return last;
  }

  return {
    /** A page that goes away cannot wait for a token: it takes the last one. */
    async get(isLeaving: boolean): Promise<string | undefined> {
      return isLeaving && last ? last : ask(false);
    },
    /** Another one than the one that was refused, if there is one. */
    async renew(refused: string | undefined, signal: AbortSignal): Promise<string | undefined> {
      if (last === refused) {
        renewal ??= within(signal, ask(true)).finally(() => (renewal = undefined));
        await renewal;
      }
      return last === refused ? undefined : last;
    },
  };
}

/** Makes what sends operations. */
export function createSend(options: ClientOptions): Send {
  const { baseUrl, timeoutMs = 30_000 } = options;
  const tokens = createTokens(options.token);

  /** One attempt, and after a refused token one more; all of it within the time limit and the signal. */
  async function attempt(
    url: string,
    init: RequestInit,
    sending: SendOptions,
  ): Promise<Reply<never>> {
    const { keepalive = false } = sending;
    const limits = [AbortSignal.timeout(timeoutMs), ...(sending.signal ? [sending.signal] : [])];
    const signal = AbortSignal.any(limits);

    /** Nothing was sent yet: whatever goes wrong, it can be tried again. */
    const awaitToken = <T>(asking: Promise<T>): Promise<T> =>
      within(signal, asking).catch((error: unknown) => {
        throw makeFailure(error, "NO_TOKEN", "No token to send");
      });

    async function put(token: string | undefined, isLast: boolean): Promise<Reply<never>> {
      const authorization = token !== undefined && { authorization: `Bearer ${token}` };
      const headers = { ...init.headers, ...authorization };
      const more = { headers, signal, ...(keepalive && { keepalive }) };
      const response = await within(signal, (options.fetch ?? fetch)(url, { ...init, ...more }));
      const isRefused = response.status === 401 && !isLast;
      const renewed = isRefused && (await awaitToken(tokens.renew(token, signal)));
      if (renewed) {
        void response.body?.cancel();
        return put(renewed, true);
      }
      if (!response.ok) throw await within(signal, errorIn(response));
      const body = (await within(signal, response.json())) as never;
      return { status: response.status, headers: response.headers, body };
    }
    return put(await awaitToken(tokens.get(keepalive)), keepalive);
  }

  return async (name, input, sending = {}) => {
    const [method, path, repeat] = parseOperation(name);
    const parts = input as Parts;
    const headers = buildHeaders(parts, repeat);
    const body = parts.body !== undefined && { body: JSON.stringify(parts.body) };
    const url = buildUrl(baseUrl, path, parts);
    const { retries = options.retries ?? 3, signal } = sending;
    for (let round = 0; ; round += 1) {
      try {
        return await attempt(url, { method, headers, ...body }, sending);
      } catch (error) {
        const failure = makeFailure(error);
        const mayHelp = failure.status === 0 || failure.status >= 500;
        const again = nothingHappened.has(failure.code) || (repeat !== "no" && mayHelp);
        if (!again || round >= retries || signal?.aborted) throw failure;
        const pauseMs = failure.retryAfterMs ?? Math.random() * firstPauseMs * 2 ** round;
        await pause(Math.min(pauseMs, longestPauseMs), signal).catch(() => {
          throw failure;
        });
      }
    }
  };
}
