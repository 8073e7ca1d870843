/**
 * Learns hold times: counts what becomes of orders, decides once a day, shows it, and tells orders that are placed.
 *
 * @see docs/decisions/0030-learned-hold-times.md
 */
import type { Actor } from "../base/actor.ts";
import type { Logger } from "../base/logger.ts";
import { type ProviderName, providerNames } from "../base/payment-providers.ts";
import { type Clock, dayMs, type EpochMs, epochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { ItemChange } from "../table/stream.ts";
import { cohortMs, countHold, type HoldCohort, mergeCohorts, observeHolds } from "./hold-cohort.ts";
import { addCohort, listCohorts } from "./hold-cohort-store.ts";
import { type Histogram, listAges } from "./histogram.ts";
import {
  AlreadyDecided,
  decideHold,
  isDue,
  type LearnedHold,
  type LearnedHoldSettings,
} from "./learned-hold.ts";
import { keepLearnedHold, listLearnedHolds } from "./learned-hold-store.ts";

/** What the service is made of. */
export interface LearnedHoldOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: {
    /** Nothing is counted, decided or read where this is missing. */
    readonly learnedHolds?: LearnedHoldSettings;
    /** For how long an order holds its units by settings, in milliseconds. */
    readonly holdMs: number;
    readonly paymentMs: (method: ProviderName) => number;
  };
}

/** Orders by age: how many of up to so many seconds. */
type Ages = readonly { readonly upToSeconds: number; readonly orders: number }[];

/** What is known of a payment method's hold time. */
interface HoldInsight {
  readonly method: string;
  /** What settings say: the longer of the time to order and the time to pay. */
  readonly settingSeconds: number;
  readonly learned: {
    readonly seconds: number;
    readonly scarceSeconds: number;
    readonly reason: string;
    readonly observations: number;
    readonly decidedAtMs: number;
  } | null;
  readonly isApplied: boolean;
  readonly paid: Ages;
  readonly unpaid: Ages;
}

const listOrders = (histogram: Histogram): Ages =>
  listAges(histogram).map(({ upToSeconds, count }) => ({ upToSeconds, orders: count }));

function learnedView(learned: LearnedHold | undefined): HoldInsight["learned"] {
  if (!learned) return null;
  const { usualMs, scarceMs, reason, observations, decidedAtMs } = learned;
  const times = { seconds: usualMs / 1_000, scarceSeconds: scarceMs / 1_000 };
  return { ...times, reason, observations, decidedAtMs };
}

/** So many days are learned from. */
const learnedDays = 14;

/** Makes what is done for one payment method. */
function createDeciding({ database, clock, settings: { holdMs, paymentMs } }: LearnedHoldOptions) {
  const findSetting = (method: ProviderName): number => Math.max(holdMs, paymentMs(method));

  /** At most four requests: the hours of 14 days, 100 at a time. */
  function readCohorts(method: string, nowMs: EpochMs): Promise<HoldCohort[]> {
    const span = { fromMs: epochMs(nowMs - learnedDays * dayMs), toMs: epochMs(nowMs - cohortMs) };
    return listCohorts(database, method, span);
  }

  async function decideOne(
    method: ProviderName,
    former: LearnedHold | undefined,
    { bounds, decidedBy }: { bounds: LearnedHoldSettings["bounds"]; decidedBy: string },
  ): Promise<LearnedHold | undefined> {
    const nowMs = clock();
    const observed = observeHolds(await readCohorts(method, nowMs), nowMs);
    const settingMs = findSetting(method);
    const parts = { method, former, settingMs, bounds, observed, nowMs, decidedBy };
    const next = decideHold(parts);
    if (!next) return undefined;
    try {
      await keepLearnedHold(database, next, former);
      return next;
    } catch (error) {
      if (!(error instanceof AlreadyDecided)) throw error;
      return undefined;
    }
  }

  return { findSetting, readCohorts, decideOne };
}

/** Makes the service. */
export function createLearnedHoldService(options: LearnedHoldOptions) {
  const { database, clock, logger } = options;
  const { learnedHolds } = options.settings;
  const { findSetting, readCohorts, decideOne } = createDeciding(options);

  return {
    /**
     * Counts what a batch of changes tells of orders, those that were told before left out. One request for each method
     * and hour that it touches. What cannot be counted is logged and lost: these are counts, not books.
     *
     * @example await learnedHolds.count([{ change, told: entries }]);
     */
    async count(
      outcomes: readonly { readonly change: ItemChange; readonly told: readonly unknown[] }[],
    ): Promise<void> {
      if (!learnedHolds) return;
      const changes = outcomes.filter(({ told }) => told.length > 0).map(({ change }) => change);
      const counted = mergeCohorts(changes.flatMap((change) => countHold(change) ?? []));
      const batch = `${changes[0]?.eventId ?? ""}+${changes.length}`;
      const added = await Promise.allSettled(
        counted.map((cohort) => addCohort(database, cohort, batch)),
      );
      for (const outcome of added) {
        if (outcome.status === "rejected") logger.warn("Not counted", { error: outcome.reason });
      }
    },

    /**
     * Decides about each method whose decision is a day old. One request, and for each of those methods at most four to
     * read and one to write. Two at once decide once; a run that dies has decided what it wrote, and the next goes on.
     *
     * @returns what was decided
     * @example await learnedHolds.decide({ id: "system:learner", requestId });
     */
    async decide(actor: Actor): Promise<LearnedHold[]> {
      if (!learnedHolds) return [];
      const known = await listLearnedHolds(database);
      const decided: LearnedHold[] = [];
      const run = { bounds: learnedHolds.bounds, decidedBy: actor.requestId ?? actor.id };
      for (const method of providerNames) {
        const former = known.find((each) => each.method === method);
        if (!isDue(former, clock())) continue;
        const next = await decideOne(method, former, run);
        if (!next) continue;
        decided.push(next);
        const { usualMs, formerMs, observations } = next;
        logger.info("Hold time decided", { method, usualMs, formerMs, observations });
      }
      return decided;
    },

    /** What is known of every method. One request, and at most four for each method. */
    async show(): Promise<HoldInsight[]> {
      const nowMs = clock();
      const known = learnedHolds ? await listLearnedHolds(database) : [];
      return Promise.all(
        providerNames.map(async (method): Promise<HoldInsight> => {
          const cohorts = learnedHolds ? await readCohorts(method, nowMs) : [];
          const { events, censored } = observeHolds(cohorts, nowMs);
          const learned = known.find((each) => each.method === method);
          return {
            method,
            settingSeconds: findSetting(method) / 1_000,
            learned: learnedView(learned),
            isApplied: learned !== undefined && learnedHolds?.mode === "apply",
            paid: listOrders(events),
            unpaid: listOrders(censored),
          };
        }),
      );
    },
  };
}
