/** What live updates are: who listens, which topics there are, how much one may listen to, what is pushed. */
import { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import { makeCartId, parseCartId } from "../carts/model/cart.ts";
import { type DocumentAccess, type Editor, mayRead } from "../documents/document-access.ts";
import { documentLockName } from "../documents/document.ts";
import { nameResource, parseName } from "../locks/lock-group.ts";

/** Who listens: the rights that the token had with which the connection was asked for. */
export interface Listener extends Editor {
  /** When that token ends, and the connection's rights with it. */
  readonly untilMs: EpochMs;
}

/** How long an address to connect to is good for, once. */
export const ticketMs = 30_000;
/** API Gateway ends a connection after two hours; it has no rights any more by then. */
export const longestConnectionMs = 2 * 3_600_000;
/** Most topics of one connection. */
export const maxTopics = 50;
/** Most connections of one user; a further one ends the oldest. */
export const maxConnections = 20;

/** A topic: what something is called here, and where it is. */
export type Topic =
  | { readonly kind: "document"; readonly documentId: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "cart"; readonly userId: string; readonly sessionId: string }
  | { readonly kind: "order"; readonly orderId: string }
  | { readonly kind: "item"; readonly itemId: string }
  | { readonly kind: "contention" }
  | { readonly kind: "activity" };

/** The topics that are not about one thing. */
export const contentionTopic = "admin/contention";
/** See `contentionTopic`. */
export const activityTopic = "admin/activity";
const [documentPrefix, namePrefix] = ["lock/document/", "lock/named/"];
const [cartPrefix, orderPrefix, itemPrefix] = ["cart/", "order/", "item/"];

/** The name of a topic, as rows and messages have it. */
export function topicName(topic: Topic): string {
  switch (topic.kind) {
    case "document":
      return `${documentPrefix}${topic.documentId}`;
    case "name":
      return `${namePrefix}${topic.name}`;
    case "cart":
      return `${cartPrefix}${makeCartId(topic.userId, topic.sessionId)}`;
    case "order":
      return `${orderPrefix}${topic.orderId}`;
    case "item":
      return `${itemPrefix}${topic.itemId}`;
    case "contention":
      return contentionTopic;
    case "activity":
      return activityTopic;
  }
}

/** The topic of a lock; undefined for locks that are nobody's business. */
export function lockTopic(resource: string): string | undefined {
  const documents = documentLockName("");
  if (resource.startsWith(documents)) return `${documentPrefix}${resource.slice(documents.length)}`;
  const isName = resource.startsWith(nameResource(""));
  return isName ? `${namePrefix}${parseName(resource)}` : undefined;
}

function parseCart(id: string, listener: Listener): Topic | undefined {
  if (!/^[^/]+\/[^/]+$/.test(id)) return undefined;
  const { userId, sessionId } = parseCartId(id);
  return { kind: "cart", userId: userId === "me" ? listener.userId : userId, sessionId };
}

/** The topic with this name, `me` meaning the listener; undefined where there is none. */
export function parseTopic(name: string, listener: Listener): Topic | undefined {
  const after = (prefix: string): string | undefined =>
    name.startsWith(prefix) && name.length > prefix.length ? name.slice(prefix.length) : undefined;
  if (name === contentionTopic) return { kind: "contention" };
  if (name === activityTopic) return { kind: "activity" };
  const documentId = after(documentPrefix);
  if (documentId !== undefined) return { kind: "document", documentId };
  const lockName = after(namePrefix);
  if (lockName !== undefined) return { kind: "name", name: lockName };
  const orderId = after(orderPrefix);
  if (orderId !== undefined) return { kind: "order", orderId };
  const itemId = after(itemPrefix);
  if (itemId !== undefined) return { kind: "item", itemId };
  const cart = after(cartPrefix);
  return cart === undefined ? undefined : parseCart(cart, listener);
}

/** Who may be told of a fact, as the changed row says: rights that were taken away count at once. */
export type Audience =
  | { readonly of: "everybody" }
  | { readonly of: "user"; readonly userId: string }
  | { readonly of: "document"; readonly access: DocumentAccess | undefined };

/** Whether this listener is still among them. */
export function mayHear(audience: Audience, listener: Listener): boolean {
  if (audience.of === "user") return listener.isAdmin || listener.userId === audience.userId;
  return audience.of === "everybody" || mayRead(audience.access, listener);
}

/** What is pushed: one fact. A repeated one has the same id. */
export interface LiveMessage {
  readonly type: string;
  readonly topic: string;
  readonly id: string;
  readonly occurredAtMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A fact on its way to those who listen. */
export interface Fact extends LiveMessage {
  readonly audience: Audience;
  /** By how much an item's available units changed; what they come to is looked up when somebody listens. */
  readonly delta?: number;
}

/** The address was used before, is too old, or was never given out; nothing was written. */
export class TicketRefused extends HoldfastError {
  constructor() {
    super("UNAUTHENTICATED", "This address is used up or too old: ask for a new one");
  }
}

/** The connection has no rights (any more); nothing was written. */
export class NotConnected extends HoldfastError {
  constructor() {
    super("UNAUTHENTICATED", "This connection has ended: ask for a new address");
  }
}

/** There is no such topic; nothing was written. */
export class UnknownTopic extends HoldfastError {
  constructor(name: string) {
    super("TOPIC_NOT_FOUND", `There is no topic ${name}`);
  }
}

/** More topics than one connection may have; nothing was written. */
export class TooManyTopics extends HoldfastError {
  constructor() {
    const limit = { name: "topicsPerConnection", value: maxTopics };
    super("LIMIT_EXCEEDED", `A connection has at most ${maxTopics} topics`, { limit });
  }
}

/** A user has as many connections as may be; nothing was written. */
export class NoRoom extends HoldfastError {
  /** The first one that began, and its entry. */
  readonly oldest: string;
  readonly entry: string;

  constructor(open: ReadonlySet<string>) {
    const limit = { name: "connectionsPerUser", value: maxConnections };
    super("LIMIT_EXCEEDED", `A user has at most ${maxConnections} connections`, { limit });
    const [first = ""] = [...open].toSorted();
    this.entry = first;
    this.oldest = first.slice(first.indexOf("#") + 1);
  }
}
