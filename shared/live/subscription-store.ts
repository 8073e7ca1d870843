/** Who listens to a topic, and whether anybody does: a row for each, in keys of constant size however many they are. */
import { type EpochMs, isExpired, later } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { condition, pathsOf } from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import type { Key, Row } from "../table/write.ts";
import { type Listener, longestConnectionMs } from "./live.ts";
import { type Connection, connectionKey, ending, parseListener, single } from "./live-store.ts";

/** Somebody who listens to a topic. */
export interface Subscriber {
  readonly connectionId: string;
  readonly listener: Listener;
  /** The topic's name as it was asked for: `me` for oneself. */
  readonly asked: string;
}

const at = pathsOf<{ readonly about: string }>();

const subscriptionKey = (topic: string, connectionId: string): Key => {
  return { about: `topic/${topic}`, connectionId };
};
/** Says that somebody listens; not in the partition of those who do, which takes as many writes by itself. */
const headKey = (topic: string): Key => single(`head/${topic}`);

/** The rows that make a connection hear of topics, by the names that it asked for them with. */
export function subscriptionRows(
  { connectionId, listener }: Connection,
  topics: ReadonlyMap<string, string>,
  nowMs: EpochMs,
): Row[] {
  // No connection that is there lasts longer: whoever wrote the row last, it holds for all.
  const headUntilMs = later(nowMs, longestConnectionMs);
  return [...topics].flatMap(([topic, asked]) => [
    { ...subscriptionKey(topic, connectionId), listener, asked, ...ending(listener.untilMs) },
    { ...headKey(topic), ...ending(headUntilMs) },
  ]);
}

/** The keys of a connection's subscriptions. */
export function subscriptionKeys(connectionId: string, topics: readonly string[]): Key[] {
  return topics.map((topic) => subscriptionKey(topic, connectionId));
}

/** Those of the topics that somebody listens to, as of a moment ago. One request per 100. */
export async function findHeard(
  database: Database,
  topics: readonly string[],
  nowMs: EpochMs,
): Promise<ReadonlySet<string>> {
  const names = new Map(topics.map((topic) => [String(headKey(topic)["about"]), topic]));
  const rows = await database.lookAtMany("Live", topics.map(headKey));
  const live = rows.filter(({ untilMs }) => !isExpired(Number(untilMs), nowMs));
  return new Set(live.map(({ about }) => names.get(String(about))!));
}

/** A page of those who listen to a topic. One request. */
export async function listSubscribers(
  database: Database,
  topic: string,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<Subscriber>> {
  const where = condition`${at("about")} = ${`topic/${topic}`}`;
  const { rows, ...more } = await database.query({ table: "Live", where, ...page });
  const subscribers = rows.map((row) => ({
    connectionId: String(row["connectionId"]),
    listener: parseListener(row),
    asked: String(row["asked"]),
  }));
  return { rows: subscribers, ...more };
}

/** Removes every row of a connection but its entry among its user's. One request per 25. */
export function removeRows(
  database: Database,
  { connectionId, topics }: Pick<Connection, "connectionId" | "topics">,
): Promise<void> {
  const keys = [connectionKey(connectionId), ...subscriptionKeys(connectionId, topics)];
  return database.strew("Live", { remove: keys });
}
