/** The tables as plain data: keys, indexes, streams, TTL. The only place where they are declared. */
import { lockShape, ownerShape, requestShape } from "./lock-shapes.ts";
import { number, type TableShape, text } from "./table-shape.ts";

export type { IndexShape, KeyAttribute, TableShape } from "./table-shape.ts";

/**
 * Every table. Indexes carry keys only, so that a change of other attributes writes them once: an
 * order that moves on or an item that is held touches no index.
 */
export const tableShapes = {
  Locks: lockShape,
  Stock: {
    partition: text("itemId"),
    sort: number("shard"),
    indexes: {
      catalog: { partition: text("catalog"), sort: text("itemId"), projection: "KEYS_ONLY" },
    },
    stream: true,
    // Only settlement rows of hot items end, when their units are in the row that they belong to.
    ttl: true,
  },
  Movements: {
    partition: text("itemId"),
    sort: text("movementId"),
    indexes: {
      byTime: { partition: text("itemId"), sort: number("atMs"), projection: "ALL" },
    },
    stream: false,
    ttl: false,
  },
  Promotions: {
    partition: text("code"),
    indexes: {
      catalog: { partition: text("catalog"), sort: text("code"), projection: "KEYS_ONLY" },
    },
    stream: true,
    ttl: false,
  },
  Carts: { partition: text("cartId"), stream: true, ttl: true },
  Orders: {
    partition: text("orderId"),
    indexes: {
      byUser: {
        partition: text("userId"),
        sort: number("createdAtMs"),
        projection: "KEYS_ONLY",
      },
      due: { partition: text("dueShard"), sort: number("dueAtMs"), projection: "KEYS_ONLY" },
      // Only orders of which all money is to go back are in it, whether it is tried again or was refused for good.
      owed: { partition: text("owedShard"), sort: number("owedAtMs"), projection: "KEYS_ONLY" },
    },
    stream: true,
    ttl: false,
  },
  // How much each shopper has open: counters that follow from the orders, so nothing of it is told.
  Shoppers: { partition: text("shopperId"), stream: false, ttl: true },
  Owners: ownerShape,
  Requests: requestShape,
  Documents: { partition: text("documentId"), stream: true, ttl: false },
  // Who was erased: kept, so that whoever restores a table knows whom to erase again.
  People: { partition: text("personId"), stream: true, ttl: false },
  Audit: { partition: text("subject"), sort: text("at"), stream: false, ttl: true },
  Events: {
    partition: text("eventKey"),
    // Only events that name an order are in it; they never change.
    indexes: {
      byOrder: { partition: text("orderId"), sort: number("atMs"), projection: "ALL" },
    },
    stream: false,
    ttl: true,
  },
  // What leaves as events, numbered within each resource; row 0 says how far they have left.
  Outbox: { partition: text("resource"), sort: number("sequence"), stream: true, ttl: true },
  // Endpoints of others, how far each was told, and what became of it.
  Webhooks: {
    partition: text("about"),
    sort: text("part"),
    // Only what is still to be told is in it.
    indexes: {
      due: { partition: text("dueOf"), sort: number("dueAtMs"), projection: "KEYS_ONLY" },
    },
    stream: false,
    ttl: true,
  },
  // Who listens to what: hints, which nothing relies on and which end by themselves.
  Live: { partition: text("about"), sort: text("connectionId"), stream: false, ttl: true },
  // What is counted of the rest: nothing relies on it, all of it ends by itself, and each row's key says its kind.
  Insight: { partition: text("about"), sort: text("span"), stream: false, ttl: true },
} as const satisfies Record<string, TableShape>;

/** The name of a table, as code and permissions call it. */
export type TableName = keyof typeof tableShapes;

/** The indexes of a table, by name. */
export type IndexName<T extends TableName> = (typeof tableShapes)[T] extends {
  indexes: infer Indexes;
}
  ? keyof Indexes & string
  : never;

/** Every table name, in the order of declaration. */
export const tableNames = Object.keys(tableShapes) as readonly TableName[];
