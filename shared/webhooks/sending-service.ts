/** Tells an endpoint everything that is due for it; one process at a time for each endpoint. */
import { randomId } from "../base/ids.ts";
import { type EpochMs, later } from "../base/time.ts";
import { type DueLine, listDueLines } from "./line-store.ts";
import { createTellingService, type TellingOptions, type TurnOfLine } from "./telling-service.ts";
import { giveTurn, takeTurn } from "./turn-store.ts";
import { isListening, type Webhook } from "./webhook.ts";
import { findWebhook } from "./webhook-store.ts";

/** What the service is made of. */
export interface SendingOptions extends TellingOptions {
  readonly sleep: (durationMs: number) => Promise<unknown>;
}

/** How often what became of a line's turn. */
export type Sent = Readonly<Record<TurnOfLine["kind"], number>>;

/** So many lines of an endpoint are told side by side. */
const sideBySide = 25;
/** Who waits for a line that is due so soon spares it the minute until the next look. */
const waitedForMs = 10_000;
/** What was begun within the turn may end behind it. */
const endingMs = 10_000;

type Count = (kind: TurnOfLine["kind"]) => void;

/** Makes what tells an endpoint everything that is due for it. */
function createTellingAll(options: SendingOptions) {
  const { database, clock, sleep } = options;
  const { tellNext } = createTellingService(options);

  /** Several events of a line, one after the other, as long as they are taken. */
  async function tellLine(
    webhook: Webhook,
    first: DueLine,
    untilMs: EpochMs,
    count: Count,
  ): Promise<void> {
    let due: DueLine | undefined = first;
    while (due && clock() < untilMs) {
      const { kind, dueAtMs }: TurnOfLine = await tellNext(webhook, due);
      count(kind);
      due = dueAtMs === undefined ? undefined : { ...due, dueAtMs };
    }
  }

  /** Lines side by side; false where all of them were somebody else's. */
  async function tellLines(
    webhook: Webhook,
    lines: readonly DueLine[],
    untilMs: EpochMs,
    count: Count,
  ): Promise<boolean> {
    let hasMoved = false;
    const left = lines.values();
    const worker = async (): Promise<void> => {
      for (const line of left) {
        await tellLine(webhook, line, untilMs, (kind) => {
          hasMoved ||= kind !== "busy";
          count(kind);
        });
      }
    };
    await Promise.all(Array.from({ length: sideBySide }, worker));
    return hasMoved;
  }

  /** Until nothing is due any more, not within moments either. */
  async function tellAll(found: Webhook, untilMs: EpochMs, count: Count): Promise<void> {
    let webhook: Webhook | undefined = found;
    while (webhook && isListening(webhook) && clock() < untilMs) {
      const soonMs = later(clock(), waitedForMs);
      const soon = await listDueLines(database, webhook.uid, soonMs, 4 * sideBySide);
      const due = soon.filter(({ dueAtMs }) => dueAtMs <= clock());
      const [next] = soon;
      if (!next || (due.length === 0 && next.dueAtMs >= untilMs)) return;
      if (due.length === 0) await sleep(Math.max(1, next.dueAtMs - clock()));
      // The index is a little behind, or somebody tells one by hand.
      else if (!(await tellLines(webhook, due, untilMs, count))) return;
      webhook = await findWebhook(database, webhook.endpointId);
    }
  }

  return tellAll;
}

/** Makes the service. */
export function createSendingService(options: SendingOptions) {
  const { database, clock } = options;
  const tellAll = createTellingAll(options);
  return {
    /**
     * Tells an endpoint what is due for it, lines side by side, until nothing is due or the time is over. Nothing,
     * while another process is at it, or the endpoint is off, paused or gone. Safe to repeat and to stop anywhere.
     *
     * @example await sending.send("crm", untilMs);
     */
    async send(endpointId: string, untilMs: EpochMs): Promise<Sent> {
      const sent = { busy: 0, empty: 0, delivered: 0, failing: 0, failed: 0, paused: 0 };
      const lease = randomId("turn");
      for (let isDue = true; isDue && clock() < untilMs;) {
        const webhook = await findWebhook(database, endpointId);
        if (!webhook || !isListening(webhook)) break;
        const { uid } = webhook;
        const turn = { lease, untilMs: later(untilMs, endingMs), nowMs: clock() };
        if (!(await takeTurn(database, uid, turn))) break;
        let moved = 0;
        await tellAll(webhook, untilMs, (kind) => {
          if (kind !== "busy") moved += 1;
          sent[kind] += 1;
        });
        await giveTurn(database, uid, lease);
        // Whoever was refused the turn meanwhile relies on us for what it was called for.
        isDue = moved > 0 && (await listDueLines(database, uid, clock(), 1)).length > 0;
      }
      return sent;
    },
  };
}
