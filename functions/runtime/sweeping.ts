/** One sweep of everything that sweeps: due orders and refunds, leases that are over; and what it found. */
import type { Actor } from "../../shared/base/actor.ts";
import type { Swept } from "../../shared/payments/sweep.ts";
import { clock, services } from "./container.ts";
import { countUnmeant, sweepFound } from "./metrics.ts";
import { operations } from "./operations.ts";
import { moneyServices } from "./payment-container.ts";

/** Leases that one sweep tidies up in each partition of their index; the next one goes on. */
const leasesAtOnce = 25;

/** Sweeps once and writes down what an operator wants to see: lag, open refunds, the oldest lock. */
export async function sweepEverything(actor: Actor): Promise<Swept> {
  const swept = await moneyServices.sweep(actor);
  const lapsed = await services.locks.sweep({ limit: leasesAtOnce, actor });
  const { oldestAcquiredAtMs } = await operations.overview.stats();
  sweepFound({
    lagMs: swept.lagMs,
    refundsDue: swept.refundsTried,
    refundAttempts: swept.refundAttempts,
    oldestLockAgeMs: oldestAcquiredAtMs === null ? 0 : clock() - oldestAcquiredAtMs,
  });
  countUnmeant(swept.failures);
  return { ...swept, releasedLocks: swept.releasedLocks + lapsed };
}
