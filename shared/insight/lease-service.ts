/**
 * Suggests leases for locks of documents: counts for how long owners are silent, and says what that comes to.
 *
 * @see docs/decisions/0032-lease-suggestions.md
 */
import type { Logger } from "../base/logger.ts";
import { type Clock, dayMs, epochMs } from "../base/time.ts";
import { defaultLeaseMs, maxLeaseMs } from "../locks/lock.ts";
import type { LockLimits } from "../locks/lock-limits.ts";
import type { Database } from "../table/database.ts";
import { pickBucket } from "./duration-grid.ts";
import type { ToldChange } from "./granted.ts";
import { emptyHistogram, type Histogram, listAges } from "./histogram.ts";
import { suggestLease } from "./lease-choice.ts";
import { parseSilence } from "./silence.ts";
import { countSilences, type LeaseInUse, mergeByLease } from "./silence-count.ts";
import { addSilences, listSilences } from "./silence-store.ts";

/** What the service is made of. */
export interface LeaseServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: { readonly lockLimits: Pick<LockLimits, "maxLockMs"> };
}

/** The kind of locks that owners keep alive by renewing them. */
const kind = "document";

/** So many days are learned from. */
const learnedDays = 14;

/** A shorter lease is not suggested: its owner would have to renew it more often than every five seconds. */
const leastSuggestedMs = 15_000;

/** A client renews a lease so many times before it is over. */
const renewalsPerLease = 3;

/** How often an owner who is there renews a lease of so many milliseconds in an hour: requests that it costs. */
const countRenewals = (leaseMs: number): number =>
  Math.round((renewalsPerLease * 3_600_000) / leaseMs);

/** What the usual lease has to say for itself where no silence was seen under it. */
const nothingSeen: LeaseInUse = {
  leaseMs: defaultLeaseMs,
  silences: 0,
  back: emptyHistogram,
  gone: emptyHistogram,
};

const listOwners = (histogram: Histogram) =>
  listAges(histogram).map(({ upToSeconds, count }) => ({ upToSeconds, owners: count }));

/** Makes the service. */
export function createLeaseService(options: LeaseServiceOptions) {
  const { database, clock, logger, settings } = options;
  const mostMs = Math.min(maxLeaseMs, settings.lockLimits.maxLockMs);
  const bounds = { leastMs: Math.min(leastSuggestedMs, mostMs), mostMs };

  function leaseView({ leaseMs, silences, back, gone }: LeaseInUse) {
    const observed = { events: back, censored: gone };
    const { suggestedMs, reason } = suggestLease({ leaseMs, observed, bounds });
    return {
      kind,
      leaseSeconds: Math.round(leaseMs / 1_000),
      suggestedSeconds: suggestedMs === undefined ? null : suggestedMs / 1_000,
      reason,
      silences,
      renewalsPerHour: countRenewals(leaseMs),
      suggestedRenewalsPerHour: suggestedMs === undefined ? null : countRenewals(suggestedMs),
      back: listOwners(back),
      gone: listOwners(gone),
    } as const;
  }

  return {
    /**
     * Counts the silences that a batch of changes tells of, those that were told before left out. One request for each
     * day and length of a lease that it touches, none where every owner renews in time. Never throws: what cannot be
     * counted is logged and lost.
     *
     * @example await leases.count([{ change, told: await audit.record(change) }]);
     */
    async count(changes: readonly ToldChange[]): Promise<void> {
      const fresh = changes.filter(({ told }) => told.length > 0);
      const silences = fresh.flatMap(({ change }) => parseSilence(change, kind) ?? []);
      const lost = await addSilences(database, kind, countSilences(silences));
      if (lost > 0) logger.warn("Silences not counted", { rows: lost });
    },

    /**
     * A suggestion for each lease that is in use, from the silences of 14 days: the one that most were seen under
     * first, and the usual one in any case. One request for each 100 rows, at most four; usually one.
     *
     * @example const { leases } = await leaseService.show();
     */
    async show() {
      const nowMs = clock();
      const span = { fromMs: epochMs(nowMs - (learnedDays - 1) * dayMs), toMs: nowMs };
      const inUse = mergeByLease(await listSilences(database, kind, span));
      const isUsual = ({ leaseMs }: LeaseInUse): boolean =>
        pickBucket(leaseMs) === pickBucket(defaultLeaseMs);
      const all = inUse.some(isUsual) ? inUse : [...inUse, nothingSeen];
      return {
        usualSeconds: defaultLeaseMs / 1_000,
        leastSeconds: bounds.leastMs / 1_000,
        mostSeconds: bounds.mostMs / 1_000,
        leases: all.map(leaseView),
      };
    },
  };
}
