/**
 * How contention is kept: a row for each thing and minute, to which is added without looking.
 *
 * @see docs/decisions/0029-insight.md
 */
import { createHash } from "node:crypto";
import { dayMs, type EpochMs, epochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  anyOf,
  AttributePath,
  condition,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { listShards } from "../table/sharded-index.ts";
import { type Key, type Row, update, type Write } from "../table/write.ts";
import {
  type Contention,
  type ContentionKind,
  type ContentionPlace,
  type RefusalReason,
  refusalReasons,
  type Refusals,
} from "./contention.ts";
import { type Histogram, parseHistogram } from "./histogram.ts";
import { RowFull } from "./row-full.ts";

interface ContentionRow {
  readonly about: string;
  readonly span: string;
  readonly granted?: number;
  readonly ttlSeconds: number;
}

const at = pathsOf<ContentionRow>();

/** For how long rows are kept. */
const contentionDays = 8;

const hourMs = 3_600_000;

/**
 * The partitions of an hour and kind. Each takes 1,000 write units a second, which is a thousand processes and things
 * every second, where each process writes 25 rows in ten.
 */
const spread = 4;

/** No count grows beyond it: a full row is left as it is, so that its numbers are exact and its size is bounded. */
const mostCounted = 1e12;

const floorToHour = (atMs: number): number => Math.floor(atMs / hourMs) * hourMs;

const partitionName = (kind: ContentionKind, hour: number, shard: number): string =>
  `contention/${kind}/${hour}/${shard}`;

/** The whole shop is one row a minute; of the others each has its place, wherever it is asked from. */
function pickShard({ kind, resource }: ContentionPlace): number {
  if (kind === "shop") return 0;
  return createHash("sha256").update(resource).digest()[0]! % spread;
}

/** Sorts by minute; digits of one length, and the name behind them. */
const makeSpan = (minuteMs: number, resource = ""): string =>
  `${String(minuteMs).padStart(15, "0")}/${resource}`;

function makeKey(place: ContentionPlace): Key {
  const { kind, resource, minuteMs } = place;
  return {
    about: partitionName(kind, floorToHour(minuteMs), pickShard(place)),
    span: makeSpan(minuteMs, resource),
  };
}

const refusedName = (reason: RefusalReason): string => `refused_${reason}`;
const [waitPrefix, holdPrefix] = ["w", "h"] as const;

function countNames({ granted, refused, conflicts, waits, holds }: Contention): [string, number][] {
  const buckets = (prefix: string, histogram: Histogram): [string, number][] =>
    [...histogram].map(([bucket, times]) => [`${prefix}${bucket}`, times]);
  const reasons = Object.entries(refused) as [RefusalReason, number][];
  const all: [string, number][] = [
    ["granted", granted],
    ["conflicts", conflicts],
    ...reasons.map(([reason, times]): [string, number] => [refusedName(reason), times]),
    ...buckets(waitPrefix, waits),
    ...buckets(holdPrefix, holds),
  ];
  return all.filter(([, times]) => times > 0);
}

/** Adds to a row, and makes it where there is none. Its attributes are of closed lists: the row cannot grow beyond 5 KB. */
function addWrite(counted: Contention): Write {
  const ttlSeconds = ttlSecondsAt(later(counted.minuteMs, contentionDays * dayMs));
  return update({
    table: "Insight",
    key: makeKey(counted),
    isBlind: true,
    change: {
      add: countNames(counted).map(([name, n]) => action`${new AttributePath([name])} ${n}`),
      set: [action`${at("ttlSeconds")} = ${ttlSeconds}`],
    },
    condition: anyOf(isMissing(at("granted")), condition`${at("granted")} < ${mostCounted}`),
    refused: () => new RowFull(),
  });
}

/**
 * Adds what was counted, one request a row, side by side. What meets others, finds no capacity or loses its answer is
 * not tried again: counts may be too few, and none is counted twice.
 *
 * @returns how many rows could not be written
 */
export async function addContention(
  database: Pick<Database, "apply">,
  counted: readonly Contention[],
): Promise<number> {
  const options = { conflicts: 1, throttles: 1, isOnce: true, isAside: true } as const;
  const written = await Promise.allSettled(
    counted.map((each) => database.apply(addWrite(each), options)),
  );
  return written.filter(({ status }) => status === "rejected").length;
}

function parseRefusals(row: Row): Refusals {
  const known = refusalReasons.flatMap((reason) => {
    const times = row[refusedName(reason)];
    return typeof times === "number" ? [[reason, times] as const] : [];
  });
  return Object.fromEntries(known);
}

function parseContention(kind: ContentionKind, row: Row): Contention {
  const [digits = "", ...name] = String(row["span"]).split("/");
  return {
    kind,
    resource: name.join("/"),
    minuteMs: epochMs(Number(digits)),
    granted: Number(row["granted"] ?? 0),
    refused: parseRefusals(row),
    conflicts: Number(row["conflicts"] ?? 0),
    waits: parseHistogram(row, waitPrefix),
    holds: parseHistogram(row, holdPrefix),
  };
}

/** What is asked for: minutes from the first instant on, that begin before the second. */
export interface ContentionSpan {
  readonly kind: ContentionKind;
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The partitions of a span, its newest hour first. */
function listPartitions({ kind, fromMs, toMs }: ContentionSpan) {
  const hours: number[] = [];
  for (let hour = floorToHour(toMs - 1); hour >= floorToHour(fromMs); hour -= hourMs) {
    hours.push(hour);
  }
  const shards = kind === "shop" ? [0] : Array.from({ length: spread }, (_, shard) => shard);
  return hours.flatMap((hour) =>
    shards.map((shard) => {
      const about = partitionName(kind, hour, shard);
      const [first, last] = [makeSpan(fromMs), makeSpan(toMs)];
      return condition`${at("about")} = ${about} AND ${at("span")} BETWEEN ${first} AND ${last}`;
    }),
  );
}

/**
 * A page of what was counted: the newest hour first, in it one partition after the other, each with its newest minute
 * first. One request for each partition that it touches; an hour has four.
 *
 * @throws InvalidRequest when the cursor is none of this list
 */
export async function listContention(
  database: Pick<Database, "query">,
  span: ContentionSpan,
): Promise<Page<Contention>> {
  const { kind, limit, cursor } = span;
  const list = { table: "Insight", partitions: listPartitions(span), limit, cursor } as const;
  const { rows, ...more } = await listShards(database, { ...list, ascending: false });
  return { rows: rows.map((row) => parseContention(kind, row)), ...more };
}
