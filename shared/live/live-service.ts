/** What a listener asks for: an address, a connection, topics. */
import { HoldfastError } from "../base/errors.ts";
import { randomId } from "../base/ids.ts";
import { type Clock, epochMs, type EpochMs, later } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { createConnecting } from "./connecting.ts";
import {
  type Listener,
  longestConnectionMs,
  NotConnected,
  parseTopic,
  ticketMs,
  topicName,
  UnknownTopic,
} from "./live.ts";
import {
  type Connection,
  connectionRow,
  fewerTopicsWrite,
  findConnection,
  parseListener,
  redeemWrite,
  ticketWrite,
  topicsWrite,
} from "./live-store.ts";
import { subscriptionKeys, subscriptionRows } from "./subscription-store.ts";
import { assertMayListen } from "./rights-store.ts";

/** What live updates are made of. */
export interface LiveServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** A topic that cannot be listened to, and why. */
export interface RefusedTopic {
  readonly topic: string;
  readonly code: string;
  readonly error: string;
}

/** What came of a wish to listen: the topics that are heard from now on, by the names that were asked for. */
export interface Subscribed {
  readonly topics: readonly string[];
  readonly refused: readonly RefusedTopic[];
  /** When the connection's rights end. */
  readonly untilMs: EpochMs;
}

interface Heard {
  readonly asked: string;
  readonly name: string;
}

/** The topic by its own name, or why it is none for this listener. */
async function judge(
  database: Database,
  asked: string,
  listener: Listener,
): Promise<Heard | RefusedTopic> {
  try {
    const topic = parseTopic(asked, listener);
    if (!topic) throw new UnknownTopic(asked);
    await assertMayListen(database, topic, listener);
    return { asked, name: topicName(topic) };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { topic: asked, code: error.code, error: error.message };
  }
}

/** Makes the service. */
export function createLiveService({ database, clock }: LiveServiceOptions) {
  const { forget, makeRoom } = createConnecting(database);

  async function getConnection(connectionId: string): Promise<Connection> {
    const connection = await findConnection(database, connectionId, clock());
    if (!connection) throw new NotConnected();
    return connection;
  }

  return {
    /**
     * An address's secret, good for one connection within half a minute. One request.
     *
     * @example const { ticket } = await live.open({ userId: "alice", isAdmin: false, byDefault: true, untilMs });
     */
    async open(listener: Listener): Promise<{ ticket: string; expiresAtMs: EpochMs }> {
      const nowMs = clock();
      const ticket = randomId("tkt");
      const expiresAtMs = later(nowMs, ticketMs);
      const untilMs = epochMs(Math.min(listener.untilMs, later(nowMs, longestConnectionMs)));
      await database.apply(ticketWrite(ticket, { ...listener, untilMs }, expiresAtMs));
      return { ticket, expiresAtMs };
    },

    /**
     * Begins a connection. Three requests; where the user has as many as may be, the oldest makes
     * room, for four more.
     *
     * @returns the connection that made room, if any: to be closed
     * @throws TicketRefused when the address was used, is too old or was never given out
     * @example await live.connect("L0SM9cOFvHcCIhw=", ticket);
     */
    async connect(connectionId: string, ticket: string): Promise<string | undefined> {
      const row = await database.apply(redeemWrite(ticket, connectionId, clock()));
      const listener = parseListener(row);
      const connection = { connectionId, listener, sinceMs: clock() };
      const ended = await makeRoom(connection);
      await database.strew("Live", { put: [connectionRow(connection)] });
      return ended;
    },

    /**
     * Listens to topics, each by itself: one that is refused leaves the others alone. The rights are those of
     * now. Three requests, one per 12 topics more, and one for each document, order and item. Safe to repeat.
     *
     * @throws NotConnected when the connection's rights are over
     * @throws TooManyTopics when they would be too many; none was added
     * @example const { refused } = await live.subscribe(connectionId, ["item/mug", "cart/me/default"]);
     */
    async subscribe(connectionId: string, names: readonly string[]): Promise<Subscribed> {
      const connection = await getConnection(connectionId);
      const { listener } = connection;
      const judged = await Promise.all(names.map((name) => judge(database, name, listener)));
      const refused = judged.filter((one) => "code" in one);
      const heard = new Map(
        judged.flatMap((one) => ("code" in one ? [] : [[one.name, one.asked] as const])),
      );
      const added = [...heard.keys()].filter((topic) => !connection.topics.includes(topic));
      if (added.length > 0) await database.apply(topicsWrite(connectionId, added));
      // The connection knows of its topics first: whatever ends it takes all of them along.
      await database.strew("Live", { put: subscriptionRows(connection, heard, clock()) });
      return { topics: [...heard.values()], refused, untilMs: listener.untilMs };
    },

    /**
     * Listens to topics no longer; one that was never listened to changes nothing. Three requests.
     *
     * @throws NotConnected when the connection's rights are over
     * @example await live.unsubscribe(connectionId, ["item/mug"]);
     */
    async unsubscribe(connectionId: string, names: readonly string[]): Promise<void> {
      const { listener } = await getConnection(connectionId);
      const topics = names.flatMap((name) => parseTopic(name, listener) ?? []).map(topicName);
      if (topics.length === 0) return;
      const keys = subscriptionKeys(connectionId, [...new Set(topics)]);
      await database.strew("Live", { remove: keys });
      await database.apply(fewerTopicsWrite(connectionId, topics));
    },

    /**
     * Everything of a connection goes, or of one that is not known what is `left`. Three requests; safe to repeat,
     * and not needed: what stays ends by itself.
     *
     * @example await live.disconnect(connectionId);
     */
    disconnect: forget,
  };
}

/** See `createLiveService`. */
export type LiveService = ReturnType<typeof createLiveService>;
