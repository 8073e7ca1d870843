/** Tells an endpoint one event of a line: leased before, written down behind, so that who dies in between is repeated. */
import { randomId } from "../base/ids.ts";
import { type Clock, type EpochMs, epochMs, later } from "../base/time.ts";
import type { ShopEvent } from "../events/event.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Row, Write } from "../table/write.ts";
import { callWith } from "./calling.ts";
import { deliveryWrite, noteTry } from "./delivery-store.ts";
import {
  type DueLine,
  leaseWrite,
  type Line,
  LineRefused,
  parseLine,
  passWrite,
  postponeWrite,
} from "./line-store.ts";
import { findNextEvent } from "./next-event-store.ts";
import {
  type DeliveryStatus,
  explain,
  isHopeless,
  isListening,
  isTaken,
  nextTryAtMs,
  type Outcome,
  type Webhook,
  type WebhookCall,
  WebhookMoved,
} from "./webhook.ts";
import { changeWebhookWrite, findWebhook, tookWrite } from "./webhook-store.ts";

/** What the service is made of. */
export interface TellingOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Calls an endpoint within a few seconds. Never throws. */
  readonly call: (call: WebhookCall) => Promise<Outcome>;
}

/** Longer than a call takes: no call begins later than this before its lease ends. */
const callingMs = 8_000;

/** What became of a turn of a line. */
export interface TurnOfLine {
  /** `busy` is another's by now, `empty` had nothing that is wanted. */
  readonly kind: "busy" | "empty" | "delivered" | "failing" | "failed" | "paused";
  /** When more of it is due at once. */
  readonly dueAtMs?: EpochMs;
}

/** An event under way. */
interface Attempt extends TellingOptions {
  readonly webhook: Webhook;
  readonly line: Line;
  readonly lease: string;
  readonly event: ShopEvent;
  readonly attempts: number;
  readonly startedAtMs: EpochMs;
}

/** The row as it is then; undefined where somebody else was first. */
async function applied(database: Database, write: Write): Promise<Row | undefined> {
  try {
    return await database.apply(write);
  } catch (error) {
    if (error instanceof WebhookMoved) return undefined;
    throw error;
  }
}

/** Writes down how far the line is and what became of the try, together. */
async function keep(database: Database, write: Write, log: Write): Promise<void> {
  try {
    await database.transact([write, log]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    const own = error.of(write);
    if (own) throw own.error;
    // A later try is in the log already.
    await database.apply(write);
  }
}

/** Where a line is passed: whose it is, through which event, and what goes into the log with it. */
interface Passing {
  readonly line: Line;
  readonly lease: string;
  readonly through: number;
  readonly log?: Write;
}

/** Goes past events; where more has come meanwhile the line stays due. */
async function pass(
  { database, clock }: Pick<TellingOptions, "database" | "clock">,
  passing: Passing,
): Promise<TurnOfLine> {
  const { line, lease, through, log } = passing;
  const nowMs = clock();
  const write = passWrite(line, lease, { through, nowMs });
  try {
    if (log) await keep(database, write, log);
    else await database.apply(write);
    const isMore = through < line.upTo;
    return { kind: log ? "delivered" : "empty", ...(isMore && { dueAtMs: nowMs }) };
  } catch (error) {
    if (!(error instanceof LineRefused)) throw error;
    if (error.upTo === undefined) return { kind: "busy" };
    return pass({ database, clock }, { ...passing, line: { ...line, upTo: error.upTo } });
  }
}

/** What goes into the log of a try. */
function makeLog(
  { webhook, line, event, attempts, startedAtMs, clock }: Attempt,
  outcome: Outcome,
  status: DeliveryStatus,
  dueAtMs?: EpochMs,
): Write {
  const next = dueAtMs === undefined ? {} : { nextTryAtMs: dueAtMs };
  const replayLine = line.sinceMs === undefined ? undefined : line.part;
  const note = { attempts, startedAtMs, status, nowMs: clock(), replayLine, ...next };
  return deliveryWrite(webhook.uid, noteTry(event, outcome, note));
}

/** Comes back to the event at an instant; false when the line is another's by now. */
async function postpone(attempt: Attempt, dueAtMs: EpochMs, log: Write): Promise<boolean> {
  const { database, line, lease, event, attempts } = attempt;
  const through = event.sequence - 1;
  try {
    await keep(database, postponeWrite(line, lease, { through, attempts, dueAtMs }), log);
    return true;
  } catch (error) {
    if (error instanceof LineRefused) return false;
    throw error;
  }
}

/** An endpoint that took others meanwhile is alive: it is this event that it will not take. Otherwise it is left alone. */
async function giveUp(attempt: Attempt, outcome: Outcome): Promise<TurnOfLine> {
  const { database, clock, webhook, line, lease, event, startedAtMs } = attempt;
  const present = await findWebhook(database, webhook.endpointId);
  if (present?.uid === webhook.uid && (present.tookAtMs ?? 0) > startedAtMs) {
    const log = makeLog(attempt, outcome, "failed");
    const passed = await pass(attempt, { line, lease, through: event.sequence, log });
    return passed.kind === "busy" ? passed : { ...passed, kind: "failed" };
  }
  if (present?.uid === webhook.uid && isListening(present)) {
    const pause = { pausedAtMs: clock(), pausedBecause: explain(outcome) };
    await applied(database, changeWebhookWrite(present, randomId("stamp"), pause));
  }
  await postpone(attempt, clock(), makeLog(attempt, outcome, "failing"));
  return { kind: "paused" };
}

/** Endpoints, as they were read, of which it is written down that they take something: once for all lines at their side. */
const toldOfTaking = new WeakSet<Webhook>();

async function settle(attempt: Attempt, outcome: Outcome): Promise<TurnOfLine> {
  const { database, clock, webhook, line, lease, event, attempts } = attempt;
  if (isTaken(outcome)) {
    const log = makeLog(attempt, outcome, "delivered");
    const passed = await pass(attempt, { line, lease, through: event.sequence, log });
    const took = toldOfTaking.has(webhook) ? undefined : tookWrite(webhook, clock());
    toldOfTaking.add(webhook);
    if (took) await applied(database, took);
    return passed;
  }
  if (isHopeless(outcome, attempts)) return giveUp(attempt, outcome);
  const dueAtMs = nextTryAtMs(attempts, clock());
  const isKept = await postpone(attempt, dueAtMs, makeLog(attempt, outcome, "failing", dueAtMs));
  return { kind: isKept ? "failing" : "busy" };
}

/** Makes the service. */
export function createTellingService(options: TellingOptions) {
  const { database, clock } = options;
  return {
    /**
     * Tells the next event of a line that its endpoint wants: a lease, a read of the events, the call, and one
     * transaction of two writes. Whoever dies in between leaves the lease, and after it the same event is told again,
     * under the same id. What a process writes that has lost its lease meanwhile is refused.
     *
     * @example const { kind } = await telling.tellNext(webhook, due);
     */
    async tellNext(webhook: Webhook, due: DueLine): Promise<TurnOfLine> {
      const lease = randomId("lease");
      const row = await applied(database, leaseWrite(due, lease, clock()));
      if (!row) return { kind: "busy" };
      const line = parseLine(row);
      const event = await findNextEvent(database, line, webhook);
      if (!event) return pass(options, { line, lease, through: line.upTo });
      // Who stood still since would tell what somebody else has told, or passed over, by the time it arrives.
      if (later(clock(), callingMs) > line.leasedUntilMs) return { kind: "busy" };
      const outcome = await callWith(options, webhook, event);
      const attempts = (line.attempts ?? 0) + 1;
      const startedAtMs = line.startedAtMs ?? epochMs(event.occurredAtMs);
      return settle({ ...options, webhook, line, lease, event, attempts, startedAtMs }, outcome);
    },
  };
}
