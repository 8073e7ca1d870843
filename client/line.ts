/** Waiting in line for a document: keeps the place, and takes the turn when it comes. */
import type { AnswerOf, InputOf } from "./contract.ts";
import type { EditOptions, Place } from "./editing.ts";
import { type Clocks, type Moment, readMoment } from "./lease.ts";
import { ApiError, isProblem } from "./problem.ts";
import type { Send } from "./request.ts";
import { pause } from "./waiting.ts";

/** A document that is being edited, or a place in its line. */
type Standing = AnswerOf<"editDocument">;
type Queued = Extract<Standing, { queued: true }>;
/** A document that is being edited. */
type Begun = Exclude<Standing, { queued: true }>;

/** How often a place is asked for; it is lost without asking for much longer only. */
const askMs = 2_000;
/** The longest pause, and as much again for the way there: for so long others wait for who is gone, in seconds. */
const placeTtl = 6;

/** One attempt to get hold of a document, which may have to wait. */
export class Line {
  readonly #send: Send;
  readonly #input: InputOf<"editDocument">;
  readonly #clocks: Clocks;
  #ticket: string | undefined;
  /** When the document was asked for last: its lease cannot have begun earlier. */
  #asked: Moment;

  constructor(send: Send, clocks: Clocks, input: InputOf<"editDocument">) {
    this.#send = send;
    this.#input = input;
    this.#clocks = clocks;
    this.#asked = readMoment(clocks);
  }

  /**
   * Waits for the document, in order of arrival, for `waitMs` at most; without waiting it is one request.
   *
   * @throws ApiError `LOCK_HELD` without waiting, `LOCK_TIMEOUT` after it
   */
  async wait({ waitMs = 0, signal, onPlace, live }: EditOptions): Promise<{
    readonly body: Begun;
    readonly asked: Moment;
  }> {
    const startedMs = performance.now();
    const turn = live?.hearTurn(this.#input.params.docId, () => this.#ticket);
    try {
      let standing = await this.#join(waitMs > 0);
      while ("queued" in standing) {
        const { ticket, lockInfo } = standing;
        this.#ticket = ticket;
        onPlace?.(standing);
        signal?.throwIfAborted();
        const waitedMs = Math.round(performance.now() - startedMs);
        if (waitedMs >= waitMs) throw await this.#inVain({ waitedMs, lockInfo });
        const askAgainMs = Math.min(askMs * (0.5 + Math.random()), waitMs - waitedMs);
        const paused = pause(askAgainMs, signal);
        await (turn ? Promise.race([paused, turn.next()]) : paused);
        standing = await this.#ask(standing);
      }
      return { body: standing, asked: this.#asked };
    } finally {
      turn?.stop();
    }
  }

  /** Gives up the place, or whatever was granted. */
  letGo(): Promise<unknown> {
    const { docId } = this.#input.params;
    const sending = { keepalive: true };
    const { sessionId } = this.#input.body as { sessionId: string };
    const ticket = this.#ticket;
    if (ticket) return this.#send("leaveLine", { query: { docId, ticket } }, sending);
    return this.#send("releaseLock", { body: { docId, sessionId } }, sending);
  }

  async #join(queue: boolean): Promise<Standing> {
    const input = { ...this.#input, body: { ...this.#input.body, queue, placeTtl } };
    this.#asked = readMoment(this.#clocks);
    return (await this.#send("editDocument", input)).body;
  }

  /** Keeps the place; one's turn, and a place that was lost, are both a matter of asking for the document. */
  async #ask(standing: Queued): Promise<Standing> {
    const { docId } = this.#input.params;
    const query = { docId, ticket: standing.ticket, placeTtl };
    try {
      const { body } = await this.#send("askInLine", { query });
      return "queued" in body ? body : await this.#join(true);
    } catch (error) {
      if (!isProblem(error, "TICKET_NOT_FOUND")) throw error;
      return this.#join(true);
    }
  }

  async #inVain(problem: { waitedMs: number; lockInfo: Place["lockInfo"] }): Promise<ApiError> {
    await this.letGo().catch(() => undefined);
    const message = `Waited for ${problem.waitedMs} ms in vain`;
    return new ApiError({ status: 423, code: "LOCK_TIMEOUT", problem, message });
  }
}
