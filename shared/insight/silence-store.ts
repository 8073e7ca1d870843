/**
 * Silences in their table: a row for each day and length of a lease, to which is added without looking.
 *
 * @see docs/decisions/0032-lease-suggestions.md
 */
import { dayMs, type EpochMs, epochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { LockKind } from "../locks/lock.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  anyOf,
  AttributePath,
  condition,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { parseHistogram } from "./histogram.ts";
import { RowFull } from "./row-full.ts";
import type { SilenceCount } from "./silence-count.ts";

/** The row has besides a number for each bucket that was counted: `b17` of those who came back, `g17` of those gone. */
interface SilenceRow {
  readonly about: string;
  /** The day and the bucket of the lease, like `2026-01-10/090`. */
  readonly span: string;
  readonly silences: number;
  readonly leasesMs: number;
  readonly ttlSeconds: number;
}

const at = pathsOf<SilenceRow>();

const keptDays = 35;

/** No count grows beyond it: a full row is left as it is, so that its numbers are exact and its size is bounded. */
const mostCounted = 1e9;

/** So many rows are one request. */
const pageSize = 100;

/** More pages are not read: the newest days of twenty lengths of a lease have room in so many. */
const mostPages = 4;

const makeAbout = (kind: LockKind): string => `silences/${kind}`;
const nameDay = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
const makeSpan = (dayStartMs: number, bucket: number): string =>
  `${nameDay(dayStartMs)}/${String(bucket).padStart(3, "0")}`;

function addWrite(kind: LockKind, counted: SilenceCount): Write {
  const { dayStartMs, leaseBucket, silences, leasesMs, back, gone } = counted;
  const ttlSeconds = ttlSecondsAt(later(dayStartMs, keptDays * dayMs));
  const numbers: [string, number][] = [
    ["silences", silences],
    ["leasesMs", leasesMs],
    ...[...back].map(([bucket, times]): [string, number] => [`b${bucket}`, times]),
    ...[...gone].map(([bucket, times]): [string, number] => [`g${bucket}`, times]),
  ];
  return update({
    table: "Insight",
    key: { about: makeAbout(kind), span: makeSpan(dayStartMs, leaseBucket) },
    isBlind: true,
    change: {
      add: numbers.map(([name, n]) => action`${new AttributePath([name])} ${n}`),
      set: [action`${at("ttlSeconds")} = ${ttlSeconds}`],
    },
    condition: anyOf(isMissing(at("silences")), condition`${at("silences")} < ${mostCounted}`),
    refused: () => new RowFull(),
  });
}

/**
 * Adds what was counted, one request a row, side by side. What meets others, finds no capacity or loses its answer is
 * not tried again: counts may be too few, and none is counted twice.
 *
 * @returns how many rows could not be written
 */
export async function addSilences(
  database: Pick<Database, "apply">,
  kind: LockKind,
  counted: readonly SilenceCount[],
): Promise<number> {
  const options = { conflicts: 1, throttles: 1, isOnce: true, isAside: true } as const;
  const written = await Promise.allSettled(
    counted.map((each) => database.apply(addWrite(kind, each), options)),
  );
  return written.filter(({ status }) => status === "rejected").length;
}

function parseCount(row: Row): SilenceCount {
  const [day = "", bucket] = String(row["span"]).split("/");
  return {
    dayStartMs: epochMs(Date.parse(day)),
    leaseBucket: Number(bucket),
    silences: Number(row["silences"] ?? 0),
    leasesMs: Number(row["leasesMs"] ?? 0),
    back: parseHistogram(row, "b"),
    gone: parseHistogram(row, "g"),
  };
}

/**
 * What was counted from the day of `fromMs` to that of `toMs`, the newest first. One request for each 100 rows, at most
 * four: a day has a row for each length of a lease that silences were seen under.
 */
export async function listSilences(
  database: Pick<Database, "query">,
  kind: LockKind,
  { fromMs, toMs }: { readonly fromMs: EpochMs; readonly toMs: EpochMs },
): Promise<SilenceCount[]> {
  const [first, last] = [nameDay(fromMs), `${nameDay(toMs)}/~`];
  const where = condition`${at("about")} = ${makeAbout(kind)} AND ${at("span")} BETWEEN ${first} AND ${last}`;
  const list = { table: "Insight", where, limit: pageSize, ascending: false } as const;
  const counts: SilenceCount[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page = await database.query({ ...list, cursor });
    counts.push(...page.rows.map(parseCount));
    if (page.cursor === undefined) break;
    cursor = page.cursor;
  }
  return counts;
}
