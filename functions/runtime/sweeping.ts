/** One sweep of everything that sweeps: due orders and refunds, leases that are over; and what it found. */
import type { Actor } from "../../shared/base/actor.ts";
import type { Swept } from "../../shared/payments/sweep.ts";
import { lockService, overviewService, sweep } from "../../shared/shop.ts";
import { countUnmeant, sweepFound } from "./metrics.ts";
import { payingShop as shop } from "./payments.ts";

/** Leases that one sweep tidies up in each partition of their index; the next one goes on. */
const leasesAtOnce = 25;

/** Sweeps once and writes down what an operator wants to see: lag, open refunds, the oldest lock. */
export async function sweepEverything(actor: Actor): Promise<Swept> {
  const swept = await sweep(shop)(actor);
  const lapsed = await lockService(shop).sweep({ limit: leasesAtOnce, actor });
  const { oldestAcquiredAtMs } = await overviewService(shop).stats();
  sweepFound({
    lagMs: swept.lagMs,
    refundsDue: swept.refundsTried,
    refundAttempts: swept.refundAttempts,
    oldestLockAgeMs: oldestAcquiredAtMs === null ? 0 : shop.clock() - oldestAcquiredAtMs,
  });
  countUnmeant(swept.failures);
  return { ...swept, releasedLocks: swept.releasedLocks + lapsed };
}
