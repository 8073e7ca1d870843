/**
 * Rows of live updates, all of them hints that end by themselves: addresses to connect to, connections, and which
 * of them a user has. Who listens to what is told by `subscription-store.ts`.
 *
 * @see docs/decisions/0020-live-updates.md
 */
import { derivedId } from "../base/derived-ids.ts";
import { type EpochMs, epochMs, isExpired, ttlSecondsAt } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  exists,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type Key, put, type Row, update, type Write } from "../table/write.ts";
import {
  type Listener,
  maxConnections,
  maxTopics,
  NoRoom,
  NotConnected,
  TicketRefused,
  TooManyTopics,
} from "./live.ts";

/** When a row is over. */
export interface Ending {
  readonly untilMs: EpochMs;
  readonly ttlSeconds: number;
}

interface TicketRow extends Ending {
  readonly about: string;
  readonly listener: Listener;
  /** The connection that it was used for. */
  readonly usedFor?: string;
}

interface ConnectionRow extends Ending {
  readonly about: string;
  readonly listener: Listener;
  readonly sinceMs: EpochMs;
  readonly topics?: ReadonlySet<string>;
}

interface UserRow extends Ending {
  readonly about: string;
  /** The beginning of each connection and its id, oldest first when sorted. */
  readonly open?: ReadonlySet<string>;
}

/** A connection as it was found. */
export interface Connection {
  readonly connectionId: string;
  readonly listener: Listener;
  readonly sinceMs: EpochMs;
  readonly topics: readonly string[];
}

/** A connection as it begins. */
export type NewConnection = Omit<Connection, "topics">;

const ofTicket = pathsOf<TicketRow>();
const ofConnection = pathsOf<ConnectionRow>();
const ofUser = pathsOf<UserRow>();

/** The key of what is there once. */
export const single = (about: string): Key => ({ about, connectionId: "-" });
/** Of an address only a digest is kept: who reads the table cannot connect. */
const ticketKey = (ticket: string): Key => single(`ticket/${derivedId("live", ticket)}`);
/** Where a connection is. */
export const connectionKey = (connectionId: string): Key => single(`connection/${connectionId}`);
const userKey = (userId: string): Key => single(`user/${userId}`);
/** When a row is over, and when it goes. */
export const ending = (untilMs: EpochMs): Ending => ({
  untilMs,
  ttlSeconds: ttlSecondsAt(untilMs),
});

/** Keeps an address until it is used or over. */
export function ticketWrite(ticket: string, listener: Listener, untilMs: EpochMs): Write {
  const key = ticketKey(ticket);
  return put({
    table: "Live",
    key,
    item: { ...key, listener, ...ending(untilMs) },
    condition: isMissing(ofTicket("about")),
    isBlind: true,
    refused: () => new TicketRefused(),
    applied: () => true,
  });
}

/** Uses an address up, for this connection; its row tells who asked for it. */
export function redeemWrite(ticket: string, connectionId: string, nowMs: EpochMs): Write {
  const isUnused = anyOf(
    isMissing(ofTicket("usedFor")),
    condition`${ofTicket("usedFor")} = ${connectionId}`,
  );
  return update({
    table: "Live",
    key: ticketKey(ticket),
    change: { set: [action`${ofTicket("usedFor")} = ${connectionId}`] },
    condition: allOf(condition`${ofTicket("untilMs")} > ${nowMs}`, isUnused),
    refused: () => new TicketRefused(),
  });
}

/** The listener whose address or connection a row is. */
export function parseListener(row: Row): Listener {
  return row["listener"] as Listener;
}

/** Keeps a new connection, without topics. */
export function connectionRow({ connectionId, listener, sinceMs }: NewConnection): Row {
  return { ...connectionKey(connectionId), listener, sinceMs, ...ending(listener.untilMs) };
}

/** The connection, unless its rights are over. One request. */
export async function findConnection(
  database: Database,
  connectionId: string,
  nowMs: EpochMs,
): Promise<Connection | undefined> {
  const row = await database.get("Live", connectionKey(connectionId));
  if (!row || isExpired(Number(row["untilMs"]), nowMs)) return undefined;
  const topics = [...((row["topics"] as ReadonlySet<string> | undefined) ?? [])];
  const sinceMs = epochMs(Number(row["sinceMs"]));
  return { connectionId, listener: parseListener(row), sinceMs, topics };
}

/** Adds topics to a connection that is there, as long as they are not too many. */
export function topicsWrite(connectionId: string, topics: readonly string[]): Write {
  const fits = anyOf(
    isMissing(ofConnection("topics")),
    condition`size(${ofConnection("topics")}) <= ${maxTopics - topics.length}`,
  );
  return update({
    table: "Live",
    key: connectionKey(connectionId),
    change: { add: [action`${ofConnection("topics")} ${new Set(topics)}`] },
    condition: allOf(exists(ofConnection("about")), fits),
    isBlind: true,
    refused: (row) => (row ? new TooManyTopics() : new NotConnected()),
    applied: (row) =>
      topics.every((topic) => (row as ConnectionRow | undefined)?.topics?.has(topic)),
  });
}

/** Takes topics from a connection. */
export function fewerTopicsWrite(connectionId: string, topics: readonly string[]): Write {
  return update({
    table: "Live",
    key: connectionKey(connectionId),
    change: { delete: [action`${ofConnection("topics")} ${new Set(topics)}`] },
    condition: exists(ofConnection("about")),
    isBlind: true,
    refused: () => new NotConnected(),
  });
}

/** A connection among those of its user: its beginning goes first, so that sorted the oldest one does. */
const openEntry = ({ connectionId, sinceMs }: NewConnection): string =>
  `${String(sinceMs).padStart(15, "0")}#${connectionId}`;

/** Counts a connection to its user's. Refused with the oldest one where there are as many as may be. */
export function openWrite(connection: NewConnection): Write {
  const { userId, untilMs } = connection.listener;
  const hasRoom = anyOf(
    isMissing(ofUser("open")),
    condition`size(${ofUser("open")}) < ${maxConnections}`,
  );
  const { ttlSeconds } = ending(untilMs);
  return update({
    table: "Live",
    key: userKey(userId),
    change: {
      add: [action`${ofUser("open")} ${new Set([openEntry(connection)])}`],
      set: [action`${ofUser("ttlSeconds")} = ${ttlSeconds}`],
    },
    condition: hasRoom,
    isBlind: true,
    refused: (row) => new NoRoom((row as UserRow | undefined)?.open ?? new Set()),
    applied: (row) => Boolean((row as UserRow | undefined)?.open?.has(openEntry(connection))),
  });
}

/** An entry among a user's connections goes, if it is there. */
export function droppedWrite(userId: string, entry: string): Write {
  return update({
    table: "Live",
    key: userKey(userId),
    change: { delete: [action`${ofUser("open")} ${new Set([entry])}`] },
    condition: exists(ofUser("about")),
    isBlind: true,
    refused: () => new NotConnected(),
  });
}

/** A connection no longer counts. */
export function closedWrite(connection: NewConnection): Write {
  return droppedWrite(connection.listener.userId, openEntry(connection));
}
