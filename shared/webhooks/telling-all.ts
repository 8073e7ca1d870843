/** Tells an endpoint everything that is due in a lane, lines side by side. */
import { type EpochMs, later } from "../base/time.ts";
import { type DueLine, listDueLines } from "./line-store.ts";
import { createTellingService, type TellingOptions, type TurnOfLine } from "./telling-service.ts";
import { isListening, type Webhook } from "./webhook.ts";
import { findWebhook } from "./webhook-store.ts";

/** What it is made of. */
export interface SendingOptions extends TellingOptions {
  readonly sleep: (durationMs: number) => Promise<unknown>;
}

/** So many lines of an endpoint are told side by side. */
export const sideBySide = 25;
/** Who waits for a line that is due so soon spares it the minute until the next look. */
const waitedForMs = 10_000;
/** Hears what became of each turn of a line. */
export type Count = (kind: TurnOfLine["kind"]) => void;

/** Makes what tells an endpoint everything that is due for it. */
export function createTellingAll(options: SendingOptions) {
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

  return { tellAll, tellLines };
}
