/** Whose turn it is to tell an endpoint: one process at a time, so that one that hangs takes no more than one. */
import { type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { action, anyOf, condition, isMissing, pathsOf } from "../table/expression.ts";
import { update } from "../table/write.ts";
import { WebhookMoved } from "./webhook.ts";

interface TurnRow {
  readonly about: string;
  readonly lease: string;
  readonly untilMs: EpochMs;
  readonly ttlSeconds: number;
}

const at = pathsOf<TurnRow>();
const hourMs = 3_600_000;
const keyFor = (uid: string) => ({ about: "turns", part: uid });

async function tryWrite(database: Database, write: ReturnType<typeof update>): Promise<boolean> {
  try {
    await database.apply(write);
    return true;
  } catch (error) {
    if (error instanceof WebhookMoved) return false;
    throw error;
  }
}

/** Takes the turn until an instant; false while somebody else has it. One request. */
export function takeTurn(
  database: Database,
  uid: string,
  { lease, untilMs, nowMs }: { lease: string; untilMs: EpochMs; nowMs: EpochMs },
): Promise<boolean> {
  return tryWrite(
    database,
    update({
      table: "Webhooks",
      key: keyFor(uid),
      isBlind: true,
      change: {
        set: [
          action`${at("lease")} = ${lease}`,
          action`${at("untilMs")} = ${untilMs}`,
          action`${at("ttlSeconds")} = ${ttlSecondsAt(later(untilMs, hourMs))}`,
        ],
      },
      condition: anyOf(isMissing(at("untilMs")), condition`${at("untilMs")} <= ${nowMs}`),
      refused: () => new WebhookMoved(),
      applied: (found) => found?.["lease"] === lease,
    }),
  );
}

/** Gives the turn back, unless it is somebody else's by now. One request. */
export async function giveTurn(database: Database, uid: string, lease: string): Promise<void> {
  await tryWrite(
    database,
    update({
      table: "Webhooks",
      key: keyFor(uid),
      isBlind: true,
      change: { remove: [at("lease"), at("untilMs")] },
      condition: condition`${at("lease")} = ${lease}`,
      refused: () => new WebhookMoved(),
      applied: (found) => found?.["lease"] !== lease,
    }),
  );
}
