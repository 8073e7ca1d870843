/** Tells an endpoint everything that is due for it; one process at a time for each endpoint. */
import { randomId } from "../base/ids.ts";
import { type EpochMs, later } from "../base/time.ts";
import { listDueLines } from "./line-store.ts";
import { createReplaying } from "./replaying.ts";
import { createTellingAll, type SendingOptions } from "./telling-all.ts";
import type { TurnOfLine } from "./telling-service.ts";
import { giveTurn, takeTurn } from "./turn-store.ts";
import { isListening } from "./webhook.ts";
import { findWebhook } from "./webhook-store.ts";

/** How often what became of a line's turn. */
export type Sent = Readonly<Record<TurnOfLine["kind"], number>>;

/** What was begun within the turn may end behind it. */
const endingMs = 10_000;

/** Makes the service. */
export function createSendingService(options: SendingOptions) {
  const { database, clock } = options;
  const { tellAll } = createTellingAll(options);
  const { replaySome } = createReplaying(options);
  return {
    /**
     * Tells an endpoint what is due for it, lines side by side, until nothing is due or the time is over; and a little of
     * a replay whenever nothing new is due. Nothing, while another process is at it, or the endpoint is off, paused or
     * gone. Safe to repeat and to stop anywhere.
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
        let isReplaying = true;
        while (isReplaying && clock() < untilMs) {
          await tellAll(webhook, untilMs, (kind) => {
            if (kind !== "busy") moved += 1;
            sent[kind] += 1;
          });
          isReplaying = await replaySome(webhook, untilMs, (kind) => (sent[kind] += 1));
        }
        await giveTurn(database, uid, lease);
        // Whoever was refused the turn meanwhile relies on us for what it was called for.
        isDue = moved > 0 && (await listDueLines(database, uid, clock(), 1)).length > 0;
      }
      return sent;
    },
  };
}
