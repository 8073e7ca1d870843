/** Counts what things are fought over, and says so to administrators. */
import { InvalidRequest } from "../base/errors.ts";
import { type Clock, dayMs, epochMs } from "../base/time.ts";
import type { Logger } from "../base/logger.ts";
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import type { Contention, ContentionKind } from "./contention.ts";
import { addContention, listContention } from "./contention-store.ts";
import { addGranted, type ToldChange } from "./granted.ts";
import { createTally } from "./tally.ts";

/** What the service is made of. */
export interface ContentionServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A batch of changes adds to so many rows; what it says of more things is counted under `others`. */
const mostRows = 60;

/** A question spans so much time at the most, and so much where it does not say. */
const mostSpanMs = dayMs;
const usualSpanMs = 3_600_000;

/** What is asked for, as the caller says it. */
export interface ContentionQuestion {
  readonly kind: ContentionKind;
  /** Default: an hour before `to`. */
  readonly from?: number | undefined;
  /** Default: now. */
  readonly to?: number | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Makes the service. */
export function createContentionService({ database, clock, logger }: ContentionServiceOptions) {
  return {
    /**
     * Counts who was granted what, and for how long those had it who have it no more, of what a batch of changes was
     * the first to tell. One request for each thing and minute that it touches, at most 80. Never throws: what cannot
     * be counted is lost.
     *
     * @example await contention.count([{ change, told: await audit.record(change) }]);
     */
    async count(changes: readonly ToldChange[]): Promise<void> {
      const tally = createTally(mostRows);
      for (const change of changes) addGranted(tally, change);
      const lost = await addContention(database, tally.take(tally.size()));
      if (lost > 0) logger.warn("Contention not counted", { rows: lost });
    },

    /**
     * A page of what was counted of one kind, the newest hour first. One request for each partition of it; an hour has
     * four.
     *
     * @throws InvalidRequest when the span is empty, longer than a day, or the cursor is another list's
     * @example const { rows } = await contention.listMinutes({ kind: "item", limit: 50 });
     */
    async listMinutes(question: ContentionQuestion): Promise<Page<Contention>> {
      const { kind, limit, cursor, to = clock(), from = Math.max(0, to - usualSpanMs) } = question;
      if (from >= to)
        throw new InvalidRequest([{ path: "query.from", message: "must be before to" }]);
      if (to - from > mostSpanMs) {
        throw new InvalidRequest([
          { path: "query.from", message: "must be at most a day before to" },
        ]);
      }
      const span = { fromMs: epochMs(from), toMs: epochMs(to) };
      return listContention(database, { kind, limit, cursor, ...span });
    },
  };
}
