/**
 * How events are kept: one row each, numbered within their resource, written once whatever is told again. What follows
 * the table's own stream hands them on; `through` in a resource's row 0 says how far that has come.
 *
 * @see docs/decisions/0022-events-out.md
 */
import type { EventType } from "../base/event-type.ts";
import { HoldfastError } from "../base/errors.ts";
import { derivedId } from "../base/derived-ids.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { action, anyOf, condition, isMissing, pathsOf } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import type { ItemChange } from "../table/stream.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { put, type Row, update, type Write } from "../table/write.ts";
import type { Fact, ShopEvent } from "./event.ts";

/** For how long events can be asked for. */
const eventDays = 90;
/** For how long a number is remembered of what comes and goes: locks and carts. */
const longestMemoryDays = 400;

/** An event as it is kept. */
interface EventRow extends ShopEvent {
  /** The row that told it. */
  readonly source: string;
  /** The latest change of that row which was told by then. */
  readonly latest: string;
  readonly ttlSeconds: number;
}

/** Row 0 of a resource: how far its events have left. */
interface LeftRow {
  readonly resource: string;
  readonly sequence: 0;
  readonly through: number;
  readonly ttlSeconds?: number;
}

const at = pathsOf<EventRow>();
const left = pathsOf<LeftRow>();

/** The number is taken: somebody else told something of the resource meanwhile. */
class NumberTaken extends HoldfastError {
  readonly found: Row | undefined;

  constructor(found: Row | undefined) {
    super("TRY_AGAIN", "The number is taken");
    this.found = found;
  }
}

/** The end of a resource's events, as far as it was seen. */
export interface Tail {
  readonly sequence: number;
  readonly type: EventType | undefined;
}

/** The row that told a fact, and nothing else that could change. */
const nameSource = ({ key }: ItemChange): string => derivedId("row", key);

/** Digits of any length, so that they compare as texts. */
const padded = (version: string): string => version.padStart(40, "0");

const isEvent = (row: Row): boolean => Number(row["sequence"]) > 0;

/** An event as others see it, without what is kept only to number it. */
export function parseEvent(row: Row): ShopEvent {
  const { id, type, resource, resourceVersion, sequence, occurredAtMs, actor, data } =
    row as unknown as EventRow;
  return { id, type, resource, resourceVersion, sequence, occurredAtMs, actor, data };
}

function parseTail(row: Row | undefined): Tail {
  if (!row) return { sequence: 0, type: undefined };
  const { sequence, type, through = 0 } = row as unknown as EventRow & Partial<LeftRow>;
  return { sequence: sequence > 0 ? sequence : through, type };
}

/** What is known of a row's tellings: whether this change is among them, or the latest that is. */
interface Known {
  readonly isTold: boolean;
  readonly latest: string | undefined;
}

function look(row: Row, change: ItemChange): Known | undefined {
  const { source, resourceVersion, latest } = row as unknown as EventRow;
  if (source !== nameSource(change)) return undefined;
  if (resourceVersion === change.sequence) return { isTold: true, latest };
  // Whatever was told later was told in order: nothing of this change can stand further back.
  return padded(latest) < padded(change.sequence) ? { isTold: false, latest } : undefined;
}

/** The end of a resource's events as of now, and whether the change was told before. One request, more for a late one. */
export async function findTail(
  database: Database,
  resource: string,
  change: ItemChange,
  limit: number,
): Promise<Tail & Known> {
  let tail: Tail | undefined;
  let latest: string | undefined;
  let cursor: string | undefined;
  do {
    const page: Page = await database.query({
      table: "Outbox",
      where: condition`${at("resource")} = ${resource}`,
      ascending: false,
      isConsistent: true,
      limit: tail ? 100 : limit,
      cursor,
    });
    tail ??= parseTail(page.rows[0]);
    for (const row of page.rows.filter(isEvent)) {
      const known = look(row, change);
      if (known) return { ...tail, ...known, latest: latest ?? known.latest };
      if (row["source"] === nameSource(change)) latest ??= String(row["latest"]);
    }
    ({ cursor } = page);
  } while (cursor !== undefined);
  return { ...tail, isTold: false, latest };
}

function eventWrite(row: EventRow): Write {
  const { resource, sequence } = row;
  return put({
    table: "Outbox",
    key: { resource, sequence },
    item: { ...row },
    condition: isMissing(at("resource")),
    refused: (found) => new NumberTaken(found),
    applied: (found) => found?.["id"] === row.id,
  });
}

/** Whatever stood where the first of the writes was to go. */
function takenBy(error: unknown): Row | undefined {
  if (error instanceof NumberTaken) return error.found;
  return error instanceof TransactionRefused ? error.refusals[0]?.found : undefined;
}

/**
 * Writes facts of a change behind the tail, all or none. One request.
 *
 * @returns the events that they are, or the row that stands where they were to go; then nothing was changed
 */
export async function appendFacts(
  database: Database,
  facts: readonly Fact[],
  { change, tail, nowMs }: { change: ItemChange; tail: Tail & Known; nowMs: EpochMs },
): Promise<{ readonly events: readonly ShopEvent[] } | { readonly found: Row }> {
  const ttlSeconds = ttlSecondsAt(later(nowMs, eventDays * dayMs));
  const { latest: seen = change.sequence } = tail;
  const latest = padded(seen) > padded(change.sequence) ? seen : change.sequence;
  const rows = facts.map((fact, index): EventRow => {
    const sequence = tail.sequence + index + 1;
    return { ...fact, sequence, source: nameSource(change), latest, ttlSeconds };
  });
  const writes = rows.map(eventWrite);
  try {
    if (writes.length === 1) await database.apply(writes[0]!);
    else await database.transact(writes);
    return { events: rows.map((row) => parseEvent({ ...row })) };
  } catch (error) {
    const found = takenBy(error);
    if (!found) throw error;
    return { found };
  }
}

/** How far the events of a resource have left. One request. */
export async function findLeft(database: Database, resource: string): Promise<number> {
  const row = await database.get("Outbox", { resource, sequence: 0 });
  return Number(row?.["through"] ?? 0);
}

/** Says that the events of a resource have left as far as this; never takes it back. One request. */
export async function setLeft(
  database: Database,
  resource: string,
  through: number,
  nowMs: EpochMs,
): Promise<void> {
  // What stays in its table for good is numbered on for good; locks and carts end by themselves.
  const ends = /^(?:lock|cart)\//.test(resource);
  const ttlSeconds = ttlSecondsAt(later(nowMs, longestMemoryDays * dayMs));
  const write = update({
    table: "Outbox",
    key: { resource, sequence: 0 },
    isBlind: true,
    change: {
      set: [
        action`${left("through")} = ${through}`,
        ...(ends ? [action`${left("ttlSeconds")} = ${ttlSeconds}`] : []),
      ],
    },
    condition: anyOf(isMissing(left("through")), condition`${left("through")} < ${through}`),
    refused: (found) => new NumberTaken(found),
    applied: (found) => Number(found?.["through"]) >= through,
  });
  try {
    await database.apply(write);
  } catch (error) {
    if (!(error instanceof NumberTaken)) throw error;
  }
}

/** A page of the events of a resource behind a number, oldest first. One request. */
export async function listEvents(
  database: Database,
  resource: string,
  page: { limit: number; cursor?: string | undefined },
  behind = 0,
): Promise<Page<ShopEvent>> {
  const where = condition`${at("resource")} = ${resource} AND ${at("sequence")} > ${behind}`;
  const request = { table: "Outbox", where, isConsistent: true, ...page } as const;
  const { rows, ...more } = await database.query(request);
  return { rows: rows.map(parseEvent), ...more };
}

/** A page of the events of a resource before a number, latest first. One request. */
export async function listEventsBefore(
  database: Database,
  resource: string,
  before: number,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<ShopEvent>> {
  const numbers = condition`${at("sequence")} BETWEEN ${1} AND ${before - 1}`;
  const where = condition`${at("resource")} = ${resource} AND ${numbers}`;
  const request = {
    table: "Outbox",
    where,
    ascending: false,
    isConsistent: true,
    ...page,
  } as const;
  const { rows, ...more } = await database.query(request);
  return { rows: rows.map(parseEvent), ...more };
}
