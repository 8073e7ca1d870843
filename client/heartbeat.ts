/** Keeps a lease running by asking for it again, and says in time when it is not known to run any more. */
import { type Clocks, type Moment, momentOf, passedSince } from "./lease.ts";
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

/** A lease that is being renewed. */
export interface Heartbeat {
  /** Whether the server has confirmed the lease and it still runs. */
  readonly isSure: boolean;
  /** When the lease is over by this machine's clock, unless it is renewed. */
  readonly expiresAtMs: number;
  /** Asks now; whoever asks in the same moment gets the same answer. */
  ask(): Promise<void>;
  /** Asks if it is not sure, or has not asked for longer than a heartbeat. */
  wake(): void;
  stop(): void;
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

/** Starts asking; goes on until it is stopped. */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { host, leaseMs, renew, onSure, onUnsure } = options;
  const renewalMs = leaseMs * renewalShare;
  const patienceMs = Math.min(Math.max(renewalMs, leastPatienceMs), mostPatienceMs);
  let confirmed = options.granted;
  let asked = confirmed;
  let question: Promise<void> | undefined;
  let isConfirmed = true;
  let isStopped = false;
  let refusals = 0;
  let timer: unknown;

  const isOverdue = (): boolean => passedSince(confirmed, host) >= leaseMs;

  function doubt(error?: unknown): void {
    if (!isConfirmed || isStopped) return;
    isConfirmed = false;
    onUnsure(error);
  }

  async function put(): Promise<void> {
    const sent = momentOf(host);
    asked = sent;
    const patience = new AbortController();
    const limit = host.setTimer(() => patience.abort(), patienceMs);
    try {
      const isRenewed = await renew(patience.signal);
      refusals = 0;
      if (!isRenewed || isStopped || sent.steadyMs < confirmed.steadyMs) return;
      confirmed = sent;
      // An answer that took longer than the lease proves nothing.
      if (isOverdue()) return doubt();
      isConfirmed = true;
      onSure();
    } catch (error) {
      refusals = isAnswered(error) ? refusals + 1 : 0;
      // A newer question may have been answered meanwhile.
      if (sent.steadyMs >= confirmed.steadyMs) doubt(error);
    } finally {
      host.clearTimer(limit);
    }
  }

  /** How long after the last question the next one is due. */
  function dueMs(): number {
    if (question) return patienceMs;
    if (isConfirmed) return renewalMs;
    const pauseMs = Math.min(leaseMs * unsureShare, longestUnsureMs);
    return Math.min(pauseMs * 2 ** refusals, longestRefusedMs);
  }

  function schedule(): void {
    host.clearTimer(timer);
    if (isStopped) return;
    const untilDueMs = dueMs() - passedSince(asked, host);
    const untilOverMs = isConfirmed ? leaseMs - passedSince(confirmed, host) : Infinity;
    const delayMs = Math.min(Math.ceil(untilDueMs), Math.ceil(untilOverMs), longestTickMs);
    timer = host.setTimer(tick, Math.max(delayMs, shortestTickMs));
  }

  function tick(): void {
    if (isOverdue()) doubt();
    if (passedSince(asked, host) >= dueMs()) void ask();
    else schedule();
  }

  function ask(): Promise<void> {
    if (isOverdue()) doubt();
    if (question && passedSince(asked, host) < sameMomentMs) return question;
    const mine = put().finally(() => {
      if (question === mine) question = undefined;
      schedule();
    });
    question = mine;
    schedule();
    return mine;
  }

  schedule();
  return {
    get isSure() {
      return isConfirmed && !isOverdue();
    },
    get expiresAtMs() {
      return confirmed.wallMs + leaseMs;
    },
    ask,
    wake() {
      if (!isConfirmed || passedSince(confirmed, host) > renewalMs) void ask();
    },
    stop() {
      isStopped = true;
      host.clearTimer(timer);
    },
  };
}
