/** Cohorts in their table: added to by the streams, and read by who decides. */
import { dayMs, type EpochMs, epochMs, later, ttlSecondsAt } from "../base/time.ts";
import { HoldfastError } from "../base/errors.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  anyOf,
  AttributePath,
  condition,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { cohortMs, type HoldCohort } from "./hold-cohort.ts";
import { type Histogram, parseHistogram } from "./histogram.ts";

/** A cohort's row has besides a number for each bucket that was counted: `p17` of those paid, `u17` of those unpaid. */
interface CohortRow {
  readonly about: string;
  readonly span: string;
  readonly placed: number;
  /** The batch that was added last: it is not added again. */
  readonly lastBatch: string;
  readonly ttlSeconds: number;
}

const at = pathsOf<CohortRow>();

const keptDays = 35;

/** A list of at most so many rows is one request: a cohort's row has a few kilobytes at the most. */
const pageSize = 100;

const nameHour = (hourMs: number): string => new Date(hourMs).toISOString().slice(0, 13);
const makeAbout = (method: string): string => `hold-times/${method}`;

/** This batch was added before. */
class BatchCounted extends HoldfastError {
  constructor() {
    super("BATCH_COUNTED", "This batch was counted before");
  }
}

const addition = (name: string, count: number): Fragment =>
  action`${new AttributePath([name])} ${count}`;

const listAdditions = (prefix: string, histogram: Histogram): Fragment[] =>
  [...histogram]
    .filter(([, count]) => count !== 0)
    .map(([bucket, count]) => addition(`${prefix}${bucket}`, count));

function addWrite({ method, hourMs, placed, paid, unpaid }: HoldCohort, batch: string): Write {
  const ttlSeconds = ttlSecondsAt(later(hourMs, keptDays * dayMs));
  return update({
    table: "Insight",
    key: { about: makeAbout(method), span: nameHour(hourMs) },
    isBlind: true,
    change: {
      set: [action`${at("lastBatch")} = ${batch}`, action`${at("ttlSeconds")} = ${ttlSeconds}`],
      add: [addition("placed", placed), ...listAdditions("p", paid), ...listAdditions("u", unpaid)],
    },
    condition: anyOf(isMissing(at("lastBatch")), condition`${at("lastBatch")} <> ${batch}`),
    refused: () => new BatchCounted(),
    applied: (found) => found?.["lastBatch"] === batch,
  });
}

/**
 * Adds to a cohort's counts what a batch has counted, once for each batch as long as it is the last one. One request.
 *
 * @throws TryAgain when the table takes nothing for too long; nothing was added
 */
export async function addCohort(
  database: Database,
  cohort: HoldCohort,
  batch: string,
): Promise<void> {
  try {
    await database.apply(addWrite(cohort, batch));
  } catch (error) {
    if (!(error instanceof BatchCounted)) throw error;
  }
}

function parseCohort(method: string, row: Row): HoldCohort {
  const hourMs = epochMs(Date.parse(`${String(row["span"])}:00:00Z`));
  const placed = Number(row["placed"] ?? 0);
  return {
    method,
    hourMs,
    placed,
    paid: parseHistogram(row, "p"),
    unpaid: parseHistogram(row, "u"),
  };
}

/** The cohorts of a method from the hour of `fromMs` to that of `toMs`. One request for each 100. */
export async function listCohorts(
  database: Database,
  method: string,
  { fromMs, toMs }: { readonly fromMs: EpochMs; readonly toMs: EpochMs },
): Promise<HoldCohort[]> {
  const [first, last] = [nameHour(fromMs), nameHour(toMs)];
  const where = condition`${at("about")} = ${makeAbout(method)} AND ${at("span")} BETWEEN ${first} AND ${last}`;
  // More pages than there are hours in between are none.
  const mostPages = Math.ceil((toMs - fromMs) / cohortMs / pageSize) + 1;
  const cohorts: HoldCohort[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page = await database.query({ table: "Insight", where, limit: pageSize, cursor });
    cohorts.push(...page.rows.map((row) => parseCohort(method, row)));
    if (page.cursor === undefined) break;
    cursor = page.cursor;
  }
  return cohorts;
}
