/** Keeps a lease running by asking for it again, and says in time when it is not known to run any more. */
import { type Clocks, type Moment, readMoment, passedSince } from "./lease.ts";
import { isAnswered } from "./problem.ts";

/** What a heartbeat needs of its machine; tests bring their own. */
export interface HeartbeatHost extends Clocks {
  readonly setTimer: (run: () => void, delayMs: number) => unknown;
  readonly clearTimer: (timer: unknown) => void;
}

/** What is kept alive, and who is told. */
export interface HeartbeatOptions {
  readonly host: HeartbeatHost;
  /** What a renewal asks for, at the most. */
  readonly leaseMs: number;
  /** How long after it was granted the server let the lease end at first: not always what was asked for. */
  readonly endsAfterMs: number;
  /** When the request that got the lease was sent: the server cannot have counted from earlier. */
  readonly granted: Moment;
  /**
   * Asks the server, which starts the lease again, and tells how long after it was granted it ends now, or nothing
   * where it is not renewed; given up by the signal.
   */
  readonly renew: (signal: AbortSignal) => Promise<number | undefined>;
  readonly onSure: () => void;
  readonly onUnsure: (error: unknown) => void;
  /** Told when renewing does not make the lease longer any more: then it ends for good. */
  readonly onEnding: (endsAtMs: number) => void;
}

/** A lease is renewed after this share of it, so that two questions may fail before it is over. */
const renewalShare = 1 / 3;
/** While unsure, the server is asked again after this share of the lease, but at least so often. */
const unsureShare = 1 / 20;
const longestUnsureMs = 5_000;
/** Longest pause between questions that the server refuses to answer, after a pause doubled each time. */
const longestRefusedMs = 60_000;
/** A question older than this is not joined: it may hang since before the machine slept. */
const sameMomentMs = 1_000;
/** How long a question may take: a third of the lease, within these bounds. */
const [leastPatienceMs, mostPatienceMs] = [1_000, 10_000];
/** How often the clocks are looked at, at least; and no more often than that. */
const [longestTickMs, shortestTickMs] = [5_000, 10];

/** A lease that is being renewed, from now on until it is stopped. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #patienceMs: number;
  #leaseMs: number;
  #confirmed: Moment;
  #asked: Moment;
  #question: Promise<void> | undefined;
  #isConfirmed = true;
  #isStopped = false;
  #refusals = 0;
  #timer: unknown;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#confirmed = options.granted;
    this.#asked = options.granted;
    this.#leaseMs = this.#leftAt(options.granted, options.endsAfterMs);
    this.#patienceMs = Math.min(Math.max(this.#renewalMs, leastPatienceMs), mostPatienceMs);
    this.#schedule();
  }

  /** Whether the server has confirmed the lease and it still runs. */
  get isSure(): boolean {
    return this.#isConfirmed && !this.#isOverdue;
  }

  /** When the lease is over by this machine's clock, unless it is renewed. */
  get expiresAtMs(): number {
    return this.#confirmed.wallMs + this.#leaseMs;
  }

  /** Asks now; whoever asks in the same moment gets the same answer. */
  ask(): Promise<void> {
    if (this.#isOverdue) this.#doubt();
    if (this.#question && this.#sinceMs(this.#asked) < sameMomentMs) return this.#question;
    const mine = this.#put().finally(() => {
      if (this.#question === mine) this.#question = undefined;
      this.#schedule();
    });
    this.#question = mine;
    this.#schedule();
    return mine;
  }

  /** Asks if it is not sure, or has not been confirmed for longer than a heartbeat. */
  wake(): void {
    if (!this.#isConfirmed || this.#sinceMs(this.#confirmed) > this.#renewalMs) void this.ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.host.clearTimer(this.#timer);
  }

  get #isOverdue(): boolean {
    return this.#sinceMs(this.#confirmed) >= this.#leaseMs;
  }

  get #renewalMs(): number {
    return this.#leaseMs * renewalShare;
  }

  /** How much of the lease was left at that moment, by this machine's clocks: never more than by the server's. */
  #leftAt({ wallMs, steadyMs }: Moment, endsAfterMs: number): number {
    const { granted, leaseMs } = this.#options;
    const heldMs = Math.max(wallMs - granted.wallMs, steadyMs - granted.steadyMs);
    return Math.min(leaseMs, endsAfterMs - heldMs);
  }

  #sinceMs(then: Moment): number {
    return passedSince(then, this.#options.host);
  }

  #doubt(error?: unknown): void {
    if (!this.#isConfirmed || this.#isStopped) return;
    this.#isConfirmed = false;
    this.#options.onUnsure(error);
  }

  async #put(): Promise<void> {
    const { host, leaseMs, renew, onSure, onEnding } = this.#options;
    const sent = readMoment(host);
    this.#asked = sent;
    const patience = new AbortController();
    const limit = host.setTimer(() => patience.abort(), this.#patienceMs);
    try {
      const endsAfterMs = await renew(patience.signal);
      this.#refusals = 0;
      if (endsAfterMs === undefined || this.#isStopped) return;
      if (sent.steadyMs < this.#confirmed.steadyMs) return;
      this.#confirmed = sent;
      this.#leaseMs = this.#leftAt(sent, endsAfterMs);
      // An answer that took longer than the lease proves nothing.
      if (this.#isOverdue) return this.#doubt();
      this.#isConfirmed = true;
      onSure();
      // The server gives no more than a lock may last in a row; slow answers shorten a lease by far less.
      if (this.#leaseMs < leaseMs * (1 - renewalShare)) onEnding(this.expiresAtMs);
    } catch (error) {
      this.#refusals = isAnswered(error) ? this.#refusals + 1 : 0;
      // A newer question may have been answered meanwhile.
      if (sent.steadyMs >= this.#confirmed.steadyMs) this.#doubt(error);
    } finally {
      host.clearTimer(limit);
    }
  }

  /** How long after the last question the next one is due. */
  get #dueMs(): number {
    if (this.#question) return this.#patienceMs;
    if (this.#isConfirmed) return this.#renewalMs;
    const pauseMs = Math.min(this.#options.leaseMs * unsureShare, longestUnsureMs);
    return Math.min(pauseMs * 2 ** this.#refusals, longestRefusedMs);
  }

  #schedule(): void {
    const { host } = this.#options;
    host.clearTimer(this.#timer);
    if (this.#isStopped) return;
    const untilDueMs = this.#dueMs - this.#sinceMs(this.#asked);
    const untilOverMs = this.#isConfirmed
      ? this.#leaseMs - this.#sinceMs(this.#confirmed)
      : Infinity;
    const delayMs = Math.ceil(Math.min(untilDueMs, untilOverMs, longestTickMs));
    this.#timer = host.setTimer(() => this.#tick(), Math.max(delayMs, shortestTickMs));
  }

  #tick(): void {
    if (this.#isOverdue) this.#doubt();
    if (this.#sinceMs(this.#asked) >= this.#dueMs) void this.ask();
    else this.#schedule();
  }
}
