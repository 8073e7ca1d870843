/** The client of the HTTP API, for browsers and Node: every operation, typed from the contract. */
import type { AnswerOf, InputOf, OperationName } from "./contract.ts";
import type { EditingSession, EditOptions } from "./editing.ts";
import { type SessionHost, startEditing } from "./editing-session.ts";
import { operations } from "./operations.ts";
import type { PageTarget } from "./page-events.ts";
import { type ClientOptions, createSend, type Send, type SendOptions } from "./request.ts";
import type { verifyEvent } from "./verify-event.ts";

export type { AnyEvent } from "../shared/api/events.ts";
export type { AnswerOf, InputOf, LockInfo, OperationName } from "./contract.ts";
export type { EditingEvents, EditingSession, EditingState, EditOptions, Place } from "./editing.ts";
export { ApiError, isProblem } from "./problem.ts";
export type { ClientOptions, Reply, SendOptions } from "./request.ts";

/** One method for each operation; it resolves to the body of the answer. */
type Operations = {
  readonly [Name in OperationName]: (
    input: InputOf<Name>,
    options?: SendOptions,
  ) => Promise<AnswerOf<Name>>;
};

/** Everything that the API can do. */
export interface Client extends Operations {
  /** Like the method of that name, with status and headers (`ETag`, `Idempotent-Replayed`) as well. */
  readonly send: Send;
  readonly documents: {
    /**
     * Takes a document's lock and keeps it alive until the session is closed or the lock is lost.
     *
     * @throws ApiError `LOCK_HELD` when somebody else is editing
     * @example
     * const session = await client.documents.edit("report/7");
     * session.on("lost", ({ owner }) => showReadOnly(owner));
     * await session.save({ title: "Plan" });
     * await session.close();
     */
    edit(docId: string, options?: EditOptions): Promise<EditingSession>;
  };
  readonly events: {
    /**
     * The event in a webhook's call, once its signature is found to be the secret's and not older than five minutes.
     * Loads what it needs on first use; asks nobody.
     *
     * @throws EventNotVerified
     * @example const event = await client.events.verify(await request.text(), request.headers, secret);
     */
    readonly verify: typeof verifyEvent;
  };
}

const defaultHost: SessionHost = {
  now: () => Date.now(),
  steadyMs: () => performance.now(),
  setTimer: (run, delayMs) => setTimeout(run, delayMs),
  clearTimer: (timer) => clearTimeout(timer as undefined),
  page: "addEventListener" in globalThis ? (globalThis as unknown as PageTarget) : undefined,
};

/**
 * Makes a client. Problems become `ApiError`s with a `code`; requests are repeated after lost answers
 * only where that cannot take effect twice, orders and saves with idempotency keys of its own making.
 *
 * @example
 * const client = createClient({ baseUrl: "https://api.example.com", token: () => currentToken() });
 * const order = await client.placeOrder({ params: { userId: "me" }, body: { paymentMethod: "stripe" } });
 */
export function createClient(options: ClientOptions, host: Partial<SessionHost> = {}): Client {
  const send = createSend(options);
  const methods = Object.keys(operations).map((name) => [
    name,
    async (input: InputOf<OperationName>, sending?: SendOptions) =>
      (await send(name as OperationName, input, sending)).body,
  ]);
  return {
    ...(Object.fromEntries(methods) as Operations),
    send,
    documents: {
      edit: (docId, editing) => startEditing(send, { ...defaultHost, ...host }, docId, editing),
    },
    events: {
      verify: (...call) => import("./verify-event.ts").then((m) => m.verifyEvent(...call)),
    },
  };
}
