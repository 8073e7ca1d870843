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
  readonly leaseMs: number;
  /** When the request that got the lease was sent: the server cannot have counted from earlier. */
  readonly granted: Moment;
  /** Asks the server, which starts the lease again, and tells whether it has; given up by the signal. */
  readonly renew: (signal: AbortSignal) => Promise<boolean>;
  readonly onSure: () => void;
  readonly onUnsure: (error: unknown) => void;
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
  readonly #renewalMs: number;
  readonly #patienceMs: number;
  #confirmed: Moment;
  #asked: Moment;
  #question: Promise<void> | undefined;
  #isConfirmed = true;
  #isStopped = false;
  #refusals = 0;
  #timer: unknown;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#renewalMs = options.leaseMs * renewalShare;
    this.#patienceMs = Math.min(Math.max(this.#renewalMs, leastPatienceMs), mostPatienceMs);
    this.#confirmed = options.granted;
    this.#asked = options.granted;
    this.#schedule();
  }

  /** Whether the server has confirmed the lease and it still runs. */
  get isSure(): boolean {
    return this.#isConfirmed && !this.#isOverdue;
  }

  /** When the lease is over by this machine's clock, unless it is renewed. */
  get expiresAtMs(): number {
    return this.#confirmed.wallMs + this.#options.leaseMs;
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
    return this.#sinceMs(this.#confirmed) >= this.#options.leaseMs;
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
    const { host, renew, onSure } = this.#options;
    const sent = readMoment(host);
    this.#asked = sent;
    const patience = new AbortController();
    const limit = host.setTimer(() => patience.abort(), this.#patienceMs);
    try {
      const isRenewed = await renew(patience.signal);
      this.#refusals = 0;
      if (!isRenewed || this.#isStopped || sent.steadyMs < this.#confirmed.steadyMs) return;
      this.#confirmed = sent;
      // An answer that took longer than the lease proves nothing.
      if (this.#isOverdue) return this.#doubt();
      this.#isConfirmed = true;
      onSure();
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
    const { host, leaseMs } = this.#options;
    host.clearTimer(this.#timer);
    if (this.#isStopped) return;
    const untilDueMs = this.#dueMs - this.#sinceMs(this.#asked);
    const untilOverMs = this.#isConfirmed ? leaseMs - this.#sinceMs(this.#confirmed) : Infinity;
    const delayMs = Math.min(Math.ceil(untilDueMs), Math.ceil(untilOverMs), longestTickMs);
    this.#timer = host.setTimer(() => this.#tick(), Math.max(delayMs, shortestTickMs));
  }

  #tick(): void {
    if (this.#isOverdue) this.#doubt();
    if (this.#sinceMs(this.#asked) >= this.#dueMs) void this.ask();
    else this.#schedule();
  }
}
