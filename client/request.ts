/** Sends one operation: its path and token, and again where repeating is safe. */
import type { AnswerOf, InputOf, OperationName } from "./contract.ts";
import { type Operation, operations } from "./operations.ts";
import { ApiError, errorIn } from "./problem.ts";

/** How to reach the API. */
export interface ClientOptions {
  /** For example `https://api.example.com`, without a slash at its end. */
  readonly baseUrl: string;
  /** The bearer token, or what hands out a fresh one; asked before every request. */
  readonly token?: string | (() => string | Promise<string>);
  /** How often a request that may be repeated is repeated; 3 by default. */
  readonly retries?: number;
  /** How long one attempt may take; 30 s by default, as long as API Gateway waits. */
  readonly timeoutMs?: number;
  /** Stands in for the global one, in tests for example. */
  readonly fetch?: typeof fetch;
}

/** What may be said of a single request. */
export interface SendOptions {
  readonly signal?: AbortSignal;
  /** Lets the request outlive the page that sends it. */
  readonly keepalive?: boolean;
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
const nothingHappened = new Set(["TRY_AGAIN", "TOO_MANY_REQUESTS"]);
const idempotencyKey = "idempotency-key";
/** First backoff and longest pause before a repetition. */
const firstPauseMs = 200;
const longestPauseMs = 5_000;

function urlOf(baseUrl: string, path: string, { params = {}, query = {} }: Parts): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ""),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return `${baseUrl}${filled}${search.size > 0 ? `?${search}` : ""}`;
}

/** Headers that are set; an operation that takes an idempotency key always gets one. */
function headersOf({ headers = {}, body }: Parts, [, , repeat]: Operation): Record<string, string> {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(repeat === "key" ? { [idempotencyKey]: crypto.randomUUID() } : {}),
    ...(Object.fromEntries(given) as Record<string, string>),
  };
}

/** A write that waits for a version is no repetition of itself: its own effect makes it stale. */
function mayRepeat([, , repeat]: Operation, headers: Record<string, string>): boolean {
  return repeat === "key" || (repeat === "safe" && !("if-match" in headers));
}

/** Why an attempt failed, and whether it says for sure that nothing was changed. */
function failureOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = "The server did not answer";
  return new ApiError({ status: 0, code: "NO_ANSWER", problem: {}, message, cause: error });
}

/** Makes what sends operations. */
export function createSend(options: ClientOptions): Send {
  const { baseUrl, token, retries = 3, timeoutMs = 30_000 } = options;
  let lastToken = typeof token === "string" ? token : undefined;

  async function authorization(isLast: boolean): Promise<Record<string, string>> {
    // A page that goes away cannot wait for a new token.
    if (typeof token === "function" && !(isLast && lastToken)) lastToken = await token();
    return lastToken === undefined ? {} : { authorization: `Bearer ${lastToken}` };
  }

  async function attempt(url: string, init: RequestInit, sending: SendOptions): Promise<Response> {
    const limits = [AbortSignal.timeout(timeoutMs), ...(sending.signal ? [sending.signal] : [])];
    const response = await (options.fetch ?? fetch)(url, {
      ...init,
      headers: { ...init.headers, ...(await authorization(sending.keepalive ?? false)) },
      signal: AbortSignal.any(limits),
      ...(sending.keepalive ? { keepalive: true } : {}),
    });
    if (!response.ok) throw await errorIn(response);
    return response;
  }

  return async (name, input, sending = {}) => {
    const operation = operations[name];
    const [method, path] = operation;
    const parts = input as Parts;
    const headers = headersOf(parts, operation);
    const body = parts.body === undefined ? {} : { body: JSON.stringify(parts.body) };
    const repeatable = mayRepeat(operation, headers);
    for (let round = 0; ; round += 1) {
      try {
        const url = urlOf(baseUrl, path, parts);
        const response = await attempt(url, { method, headers, ...body }, sending);
        const answer = (await response.json()) as AnswerOf<typeof name>;
        return { status: response.status, headers: response.headers, body: answer };
      } catch (error) {
        const failure = failureOf(error);
        const mayHelp = failure.status === 0 || failure.status >= 500;
        const again = nothingHappened.has(failure.code) || (repeatable && mayHelp);
        if (!again || round >= retries || sending.signal?.aborted) throw failure;
        const pauseMs = failure.retryAfterMs ?? Math.random() * firstPauseMs * 2 ** round;
        await new Promise((resume) => setTimeout(resume, Math.min(pauseMs, longestPauseMs)));
      }
    }
  };
}
