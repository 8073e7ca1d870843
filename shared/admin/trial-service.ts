/** Tries items out under contention, for the test routes that a production stack does not have. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { type Actor, changeNote } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import { randomId } from "../base/ids.ts";
import type { Clock } from "../base/time.ts";
import { deadlineAfter } from "../inventory/deadline.ts";
import { holdWrite, releaseHoldWrite } from "../inventory/hold-store.ts";
import type { InventoryService } from "../inventory/inventory-service.ts";
import type { LedgerService } from "../inventory/ledger-service.ts";
import { ItemsUnavailable } from "../inventory/stock.ts";
import type { Database } from "../table/database.ts";
import { TransactionRefused } from "../table/transaction.ts";

/** What trials work with. */
export interface TrialServiceOptions {
  readonly database: Database;
  readonly ledger: Pick<LedgerService, "move">;
  readonly inventory: Pick<InventoryService, "get">;
  readonly clock: Clock;
  readonly sleep?: (durationMs: number) => Promise<unknown>;
}

/** How long answers took, in milliseconds. */
export interface ResponseTimes {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

interface Outcome {
  readonly refusedFor?: string;
  readonly tookMs: number;
}

function summarizeTimes(outcomes: readonly Outcome[]): ResponseTimes {
  const sorted = outcomes.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const share = (part: number): number =>
    Math.round((sorted[Math.ceil(sorted.length * part) - 1] ?? 0) * 10) / 10;
  return { p50: share(0.5), p95: share(0.95), p99: share(0.99), max: share(1) };
}

/** Why somebody was refused; whatever is no refusal is a fault and goes on. */
function refusalIn(thrown: unknown): string {
  const error = thrown instanceof TransactionRefused ? thrown.refusals[0]?.error : thrown;
  if (error instanceof ItemsUnavailable) return error.failedItems[0]?.reason ?? "locked";
  if (error instanceof HoldfastError) return error.code;
  throw error;
}

async function timed(attempt: () => Promise<unknown>): Promise<Outcome> {
  const startedMs = performance.now();
  try {
    await attempt();
    return { tookMs: performance.now() - startedMs };
  } catch (error) {
    return { refusedFor: refusalIn(error), tookMs: performance.now() - startedMs };
  }
}

/** Makes the service. */
export function createTrialService(options: TrialServiceOptions) {
  const { database, ledger, inventory, clock, sleep = sleepMs } = options;

  async function holdFor(itemId: string, holdMs: number, actor: Actor): Promise<Outcome> {
    const nowMs = clock();
    const orderId = randomId("test");
    const expiresAtMs = deadlineAfter(nowMs, holdMs + 1_000);
    const holding = { itemId, orderId, quantity: 1, expiresAtMs };
    const hold = holdWrite({
      ...holding,
      nowMs,
      note: changeNote("hold.placed", actor, nowMs),
    });
    const outcome = await timed(() => database.transact([hold]));
    if (outcome.refusedFor === undefined) {
      await sleep(holdMs);
      const note = changeNote("hold.released", actor, clock());
      await database.transact([releaseHoldWrite({ ...holding, note })]);
    }
    return outcome;
  }

  return {
    /**
     * Sells `quantity` units `concurrency` times in parallel.
     *
     * @throws ItemNotFound
     * @example await trials.decrement({ itemId: "mug", quantity: 1, concurrency: 100, actor });
     */
    async decrement(trial: {
      itemId: string;
      quantity: number;
      concurrency: number;
      actor: Actor;
    }) {
      const { itemId, quantity, concurrency, actor } = trial;
      await inventory.get(itemId);
      const outcomes = await Promise.all(
        Array.from({ length: concurrency }, () =>
          timed(() =>
            ledger.move({ itemId, kind: "sold", quantity, reference: randomId("test"), actor }),
          ),
        ),
      );
      const refusals = outcomes.filter(({ refusedFor }) => refusedFor !== undefined).length;
      const { available } = await inventory.get(itemId);
      return {
        itemId,
        attempts: concurrency,
        successes: concurrency - refusals,
        refusals,
        finalLevel: available,
        responseTimesMs: summarizeTimes(outcomes),
      };
    },

    /**
     * Lets contenders ask for one unit of an item at the same time; who gets it holds it for `holdMs`.
     *
     * @throws ItemNotFound
     * @example await trials.contend({ itemId: "seat", holdMs: 500, contenders: 50, actor });
     */
    async contend(trial: { itemId: string; holdMs: number; contenders: number; actor: Actor }) {
      const { itemId, holdMs, contenders, actor } = trial;
      await inventory.get(itemId);
      const outcomes = await Promise.all(
        Array.from({ length: contenders }, () => holdFor(itemId, holdMs, actor)),
      );
      const reasons: Record<string, number> = {};
      for (const { refusedFor } of outcomes) {
        if (refusedFor !== undefined) reasons[refusedFor] = (reasons[refusedFor] ?? 0) + 1;
      }
      const refused = outcomes.filter(({ refusedFor }) => refusedFor !== undefined).length;
      const { available } = await inventory.get(itemId);
      const granted = contenders - refused;
      const finalLevel = available;
      const responseTimesMs = summarizeTimes(outcomes);
      return { itemId, contenders, granted, refused, reasons, finalLevel, responseTimesMs };
    },
  };
}
