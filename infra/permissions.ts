/**
 * Which function may do what to which table, action by action, and which secrets it may read. A
 * function exists because it has an entry here, and gets exactly what its entry says.
 *
 * A transaction needs no action of its own: DynamoDB checks PutItem, UpdateItem and
 * ConditionCheckItem for each part of it.
 */
import type { Permissions } from "./rights.ts";
import { providerNames, realProviderNames } from "../shared/api/payment-providers.ts";

/** The functions of the stack; each name is the file `functions/<name>.ts`. */
export const permissions = {
  orders: {
    tables: {
      // PutItem: a refused order leaves its cart at the prices of now.
      Carts: ["BatchGetItem", "PutItem", "UpdateItem"],
      // PutItem: a shopper's own uses of a promotion.
      Stock: ["BatchGetItem", "PutItem", "UpdateItem"],
      Promotions: ["BatchGetItem", "ConditionCheckItem"],
      // The lines for sold-out items: a turn is used, or a line ended in which nobody is left.
      Locks: ["BatchGetItem", "UpdateItem"],
      // Scan: administrators list everybody's orders; no shopper's request ever scans.
      Orders: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Scan"],
      Shoppers: ["UpdateItem"],
      // GetItem: for how long orders like this one are held. Here and below: how often somebody was refused, met
      // others or waited.
      Insight: ["GetItem", "UpdateItem"],
    },
    queries: { Orders: ["byUser", "owed"] },
    // What a provider has no keys for is refused before anything is held; and a cancelled order's
    // transaction is cancelled too, where the provider knows how to. The sandbox needs no keys for that.
    secrets: realProviderNames,
  },
  carts: {
    tables: {
      Carts: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem"],
      Stock: ["BatchGetItem", "PutItem", "UpdateItem"],
      Promotions: ["BatchGetItem"],
      Locks: ["UpdateItem"],
      // Idempotency keys: remembered with an edit, looked at when one was refused.
      Requests: ["BatchGetItem", "PutItem"],
      Insight: ["UpdateItem"],
    },
  },
  payments: {
    tables: {
      Orders: ["GetItem", "UpdateItem"],
      Shoppers: ["UpdateItem"],
      // Late money takes units again, and looks for them where an item is spread over rows.
      Stock: ["BatchGetItem", "UpdateItem"],
      // Late money buys only while the discounts are still given.
      Promotions: ["ConditionCheckItem"],
      Carts: ["UpdateItem"],
      Insight: ["UpdateItem"],
    },
    secrets: providerNames,
  },
  "payment-webhooks": {
    tables: {
      Orders: ["GetItem", "UpdateItem"],
      Shoppers: ["UpdateItem"],
      Stock: ["BatchGetItem", "UpdateItem"],
      Promotions: ["ConditionCheckItem"],
      Carts: ["UpdateItem"],
      Events: ["PutItem"],
    },
    secrets: providerNames,
  },
  inventory: {
    tables: {
      Stock: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem"],
      Movements: ["PutItem", "UpdateItem"],
    },
    // The own key: an item together with what is told about it.
    queries: { Stock: ["catalog", ""], Movements: ["byTime"] },
  },
  promotions: {
    tables: {
      Promotions: ["GetItem", "BatchGetItem", "PutItem"],
      // The uses of limited codes.
      Stock: ["GetItem", "PutItem", "UpdateItem"],
    },
    queries: { Promotions: ["catalog"] },
  },
  // Whoever waits for a lock must never take the capacity of who gives it back: a function of its own.
  locks: {
    tables: {
      // BatchGetItem: who has too many locks has them looked at.
      Locks: ["GetItem", "BatchGetItem", "UpdateItem"],
      Owners: ["UpdateItem"],
      Documents: ["GetItem"],
      // Units of sold-out items are held for those in their lines.
      Stock: ["BatchGetItem", "UpdateItem"],
      Insight: ["UpdateItem"],
    },
  },
  documents: {
    tables: {
      Locks: ["GetItem", "BatchGetItem", "UpdateItem", "ConditionCheckItem"],
      // A turn that is extended before it was claimed is claimed by that.
      Owners: ["UpdateItem"],
      Documents: ["GetItem", "UpdateItem"],
      Requests: ["PutItem"],
      Insight: ["UpdateItem"],
    },
  },
  admin: {
    tables: {
      Locks: ["BatchGetItem", "UpdateItem"],
      Stock: ["GetItem", "BatchGetItem", "UpdateItem", "ConditionCheckItem"],
      Promotions: ["ConditionCheckItem"],
      Carts: ["UpdateItem"],
      Orders: ["GetItem", "BatchGetItem", "UpdateItem"],
      Shoppers: ["UpdateItem"],
      // The reconciler holds sales against the ledger.
      Movements: ["BatchGetItem"],
      Insight: ["UpdateItem"],
    },
    queries: {
      Locks: ["byExpiry", "byName"],
      Stock: ["catalog"],
      Orders: ["due"],
      Audit: [""],
      Outbox: [""],
      Events: ["byOrder"],
      Insight: [""],
    },
    secrets: realProviderNames,
  },
  // What there is of a person, and its erasure: nothing lists carts, locks or history by person, so they are gone through.
  people: {
    tables: {
      Orders: ["BatchGetItem", "UpdateItem"],
      Carts: ["Scan", "PutItem"],
      Locks: ["Scan", "UpdateItem"],
      Audit: ["Scan", "UpdateItem"],
      People: ["GetItem", "PutItem"],
    },
    queries: { Orders: ["byUser"], Audit: [""] },
  },
  cleanup: {
    tables: {
      Orders: ["BatchGetItem", "UpdateItem"],
      Shoppers: ["UpdateItem"],
      Stock: ["BatchGetItem", "UpdateItem", "ConditionCheckItem"],
      Promotions: ["ConditionCheckItem"],
      Carts: ["UpdateItem"],
      Locks: ["BatchGetItem", "UpdateItem"],
      Movements: ["BatchGetItem"],
      // How far the reconciler has come.
      Events: ["GetItem", "PutItem"],
      // What was decided about hold times.
      Insight: ["PutItem"],
    },
    // Items in several rows.
    queries: {
      Orders: ["due"],
      Locks: ["byExpiry", "byName"],
      Stock: ["catalog"],
      Insight: [""],
    },
    secrets: realProviderNames,
  },
  changes: {
    // BatchGetItem: whether anybody listens to what happened.
    tables: {
      Audit: ["PutItem"],
      Movements: ["PutItem"],
      Live: ["BatchGetItem"],
      Outbox: ["PutItem"],
      // What is counted of all that.
      Insight: ["UpdateItem"],
      // Whether an item is sold out, few or back.
      Stock: ["GetItem", "BatchGetItem"],
    },
    queries: { Outbox: [""] },
    calls: "live-posts",
  },
  "event-bus": {
    tables: { Outbox: ["GetItem", "UpdateItem"] },
    queries: { Outbox: [""] },
    publishes: true,
  },
  webhooks: {
    tables: {
      Webhooks: ["GetItem", "PutItem", "UpdateItem"],
      // Whom an order is for and where it goes, where an endpoint asks for it.
      Orders: ["GetItem"],
    },
    // What is sent again is read again.
    queries: { Webhooks: [""], Outbox: [""] },
  },
  // What follows the stream of events, and the clock, writes down who is to be told, and calls who does that.
  "webhook-feed": {
    tables: { Webhooks: ["GetItem", "UpdateItem"] },
    queries: { Webhooks: ["due"] },
    calls: "webhook-sender",
  },
  // One run for each endpoint: one that hangs keeps nobody else waiting. A replay alone reads all events.
  "webhook-sender": {
    tables: {
      Webhooks: ["GetItem", "PutItem", "UpdateItem"],
      Orders: ["GetItem"],
      Outbox: ["Scan"],
    },
    queries: { Webhooks: ["", "due"], Outbox: [""] },
  },
  live: {
    tables: {
      Live: ["GetItem", "PutItem", "UpdateItem", "BatchWriteItem"],
      // Whoever may ask may listen.
      Locks: ["GetItem"],
      Orders: ["GetItem"],
      Stock: ["GetItem"],
    },
    // A user who has too many has the oldest one closed.
    connections: ["DELETE"],
  },
  "live-posts": {
    tables: {
      // What is gone is removed.
      Live: ["GetItem", "UpdateItem", "BatchWriteItem"],
      Stock: ["BatchGetItem"],
    },
    queries: { Live: [""], Stock: [""] },
    connections: ["POST"],
  },
  platform: { tables: { Locks: ["GetItem"] } },
  trials: {
    tables: {
      Stock: ["GetItem", "BatchGetItem", "UpdateItem"],
      Movements: ["PutItem", "UpdateItem"],
      Locks: ["BatchGetItem", "UpdateItem"],
    },
    queries: { Locks: ["byName"] },
    outsideProduction: true,
  },
} as const satisfies Record<string, Permissions>;

/** The name of a function of the stack: the file of that name in `functions/`. */
export type FunctionName = keyof typeof permissions;

/** The functions that exist in a production stage, or in any other. */
export function functionNames(production: boolean): FunctionName[] {
  return (Object.keys(permissions) as FunctionName[]).filter((name) => {
    const entry: Permissions = permissions[name];
    return !production || entry.outsideProduction !== true;
  });
}
