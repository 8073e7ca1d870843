/**
 * Tells an endpoint again what left since an instant: looks for it, page after page, and writes down a line of the
 * replay's own for each resource; then tells these lines, whenever nothing new is due.
 */
import { groupBy } from "../base/group-by.ts";
import { randomId } from "../base/ids.ts";
import { dayMs, type EpochMs, epochMs, later } from "../base/time.ts";
import type { ShopEvent } from "../events/event.ts";
import type { Database } from "../table/database.ts";
import type { Write } from "../table/write.ts";
import { listDueLines } from "./line-store.ts";
import { hasReplayLines, replayFeedWrite, replayLane } from "./replay-line-store.ts";
import { isUnderWay, type Replay } from "./replay.ts";
import { readReplayPage } from "./replay-store.ts";
import { type Count, createTellingAll, type SendingOptions, sideBySide } from "./telling-all.ts";
import { isListening, type Webhook, WebhookMoved } from "./webhook.ts";
import { changeWebhookWrite, findWebhook, replayWrite } from "./webhook-store.ts";

/** What is new waits no longer than this for what is told again, and for the calls that are under way. */
const sliceMs = 2_000;
/** Behind every pause between tries. */
const everMs = 2 * dayMs;

/** Nothing where somebody else was first, or it is known. */
async function tryWrite(database: Database, write: Write): Promise<void> {
  try {
    await database.apply(write);
  } catch (error) {
    if (!(error instanceof WebhookMoved)) throw error;
  }
}

/** Makes what looks for the events that a replay is to tell. */
function createSearching({ database, clock }: Pick<SendingOptions, "database" | "clock">) {
  async function feed({ uid }: Webhook, replay: Replay, events: readonly ShopEvent[]) {
    const left = groupBy(events, ({ resource }) => resource).entries();
    const worker = async (): Promise<void> => {
      for (const [resource, all] of left) {
        const numbers = all.map(({ sequence }) => sequence);
        const [first, upTo] = [Math.min(...numbers), Math.max(...numbers)];
        await tryWrite(
          database,
          replayFeedWrite(uid, resource, { ...replay, first, upTo, nowMs: clock() }),
        );
      }
    };
    await Promise.all(Array.from({ length: sideBySide }, worker));
  }

  /** Looks through one more page. Who dies before it is written down looks through it again, and finds the lines there. */
  async function search(webhook: Webhook, replay: Replay): Promise<void> {
    const { types = webhook.types } = replay;
    const { rows, cursor } = await readReplayPage(database, replay);
    const meant = rows.filter(({ type }) => webhook.types.includes(type) && types.includes(type));
    await feed(webhook, replay, meant);
    const { cursor: _cursor, ...known } = replay;
    const pages = replay.pages + 1;
    const found = replay.found + meant.length;
    const next = cursor === undefined ? ({ status: "telling" } as const) : { cursor };
    await tryWrite(database, replayWrite(webhook, replay, { ...known, pages, found, ...next }));
  }

  return search;
}

/** Makes what replays. */
export function createReplaying(options: SendingOptions) {
  const { database, clock } = options;
  const { tellLines } = createTellingAll(options);
  const search = createSearching(options);

  async function end(webhook: Webhook, replay: Replay): Promise<void> {
    const told = { ...replay, status: "told", toldAtMs: clock() } as const;
    await tryWrite(database, changeWebhookWrite(webhook, randomId("stamp"), { replay: told }));
  }

  /** Tells what is due; ends the replay when nothing is left. True where there may be more to do at once. */
  async function tellSome(webhook: Webhook, replay: Replay, untilMs: EpochMs, count: Count) {
    const lane = replayLane(webhook.uid);
    const due = await listDueLines(database, lane, clock(), 4 * sideBySide);
    if (due.length > 0) return tellLines(webhook, due, untilMs, count);
    const waiting = await listDueLines(database, lane, later(clock(), everMs), 1);
    if (waiting.length > 0) return false;
    if (await hasReplayLines(database, webhook.uid, replay.replayId)) return false;
    await end(webhook, replay);
    return false;
  }

  return {
    /**
     * Goes on with an endpoint's replay for a moment; nothing where there is none. Safe to repeat and to stop anywhere.
     * What fails is tried again as ever, by the sweep.
     *
     * @returns whether there may be more to do at once
     */
    async replaySome(seen: Webhook, untilMs: EpochMs, count: Count): Promise<boolean> {
      if (!isUnderWay(seen.replay)) return false;
      const webhook = await findWebhook(database, seen.endpointId);
      if (webhook?.uid !== seen.uid || !isListening(webhook)) return false;
      const { replay } = webhook;
      if (!isUnderWay(replay)) return false;
      if (replay.status === "telling") {
        return tellSome(
          webhook,
          replay,
          epochMs(Math.min(untilMs, later(clock(), sliceMs))),
          count,
        );
      }
      await search(webhook, replay);
      return true;
    },
  };
}
