/** The contract of administration: locks and holds, the sweep, clear-all, the audit trail, the stock check. */
import { z } from "zod";
import { liveLockKinds } from "../admin/live-lock.ts";
import { auditActions } from "../base/audit-action.ts";
import { holdPolicies } from "../inventory/stock.ts";
import { endpoint } from "./endpoint.ts";
import { cursorField, identifier, instantField, limitField, text } from "./fields.ts";

/** What a lock is on: a document, a cart, units of an item, or a name that somebody chose. */
export const lockKind = z.enum(liveLockKinds);

/** A live lock or hold, as administrators see it. */
export const lockView = z
  .object({
    kind: lockKind,
    resource: z.string(),
    owner: z.string(),
    username: z.string().nullable(),
    sessionId: z.string().nullable(),
    orderId: z.string().nullable().describe("The order that holds the item or cart."),
    quantity: z.int().nullable().describe("Units, where an item is held."),
    fence: z.int().nullable(),
    acquiredAtMs: instantField,
    expiresAtMs: instantField,
  })
  .meta({ id: "LiveLock" });

/** What happened, by name. */
export const auditAction = z.enum(auditActions).meta({ id: "AuditAction" });

const page = { cursor: cursorField, limit: limitField };

/** `GET /admin/locks` */
export const listLocks = endpoint("listLocks", "GET", "/admin/locks", {
  function: "admin",
  access: "admin",
  summary: "List live locks and holds of every kind. A page can be short and still have a cursor.",
  query: z.strictObject({
    kind: lockKind.optional(),
    owner: text(128).optional(),
    order: z
      .enum(["name", "end"])
      .optional()
      .describe("`end`: one page of those that end next, of locks and of holds, of all owners."),
    ...page,
  }),
  answers: { 200: z.object({ locks: z.array(lockView), cursor: z.string().nullable() }) },
});

/** `GET /admin/locks/stats` */
export const lockStats = endpoint("lockStats", "GET", "/admin/locks/stats", {
  function: "admin",
  access: "admin",
  summary: "Count live locks and holds; beyond about 1,000 the cursor counts on.",
  query: z.strictObject({ cursor: cursorField }),
  answers: {
    200: z.object({
      totalActiveLocks: z.int(),
      byKind: z.object({
        document: z.int(),
        cart: z.int(),
        item: z.int(),
        custom: z.int(),
      }),
      activeHolds: z.int(),
      heldUnits: z.int(),
      oldestAcquiredAtMs: instantField.nullable(),
      expiringSoon: z.int().describe("Those that end within a minute."),
      locks: z.array(lockView).describe("The first 20."),
      cursor: z.string().nullable(),
    }),
  },
});

/** `GET /admin/locks/items/{itemId}` */
export const itemLocks = endpoint("itemLocks", "GET", "/admin/locks/items/{itemId}", {
  function: "admin",
  access: "admin",
  summary: "Whether an item is held, by which users and orders, and until when.",
  params: z.object({ itemId: identifier }),
  query: z.strictObject({ cursor: cursorField }),
  answers: {
    200: z.object({
      itemId: z.string(),
      isLocked: z.boolean().describe("There is a live hold."),
      holdPolicy: z.enum(holdPolicies),
      available: z.int(),
      holds: z.array(
        z.object({
          orderId: z.string(),
          userId: z.string(),
          quantity: z.int(),
          expiresAtMs: instantField,
        }),
      ),
      cursor: z
        .string()
        .nullable()
        .describe("Where to go on, when more orders are pending than one answer looks through."),
    }),
  },
  errors: ["ITEM_NOT_FOUND"],
});

/** `POST /admin/locks/release/{orderId}` */
export const releaseOrder = endpoint("releaseOrder", "POST", "/admin/locks/release/{orderId}", {
  function: "admin",
  access: "admin",
  summary: "End a pending order: its holds are released and its cart unlocked.",
  params: z.object({ orderId: identifier }),
  body: z.strictObject({ reason: text(500).optional() }),
  example: { reason: "The shopper called" },
  answers: { 200: z.object({ success: z.literal(true), orderId: z.string(), status: z.string() }) },
  errors: ["ORDER_NOT_FOUND", "ORDER_NOT_PAYABLE", "PAYMENT_PROVIDER_ERROR"],
});

/** `POST /admin/locks/cleanup` */
export const cleanupLocks = endpoint("cleanupLocks", "POST", "/admin/locks/cleanup", {
  function: "admin",
  access: "admin",
  summary: "Run the sweep now.",
  body: z.strictObject({}),
  answers: { 200: z.object({ expiredOrders: z.int(), releasedLocks: z.int() }) },
});

/** `POST /admin/locks/clear-all` */
export const clearAllLocks = endpoint("clearAllLocks", "POST", "/admin/locks/clear-all", {
  function: "admin",
  access: "admin",
  summary:
    "End every lock and every pending order. Without the exact confirmation 400 with `dryRun`, the " +
    "counts of what would end. Repeat it until `complete` is true; an order whose payment a bank is " +
    "at work on stays, and keeps it false until the bank has answered.",
  body: z.strictObject({
    confirm: z.string().max(200).optional().describe("Exactly `clear all locks`."),
    reason: text(500).optional().describe("Required with the confirmation; goes on record."),
  }),
  example: { confirm: "clear all locks", reason: "Moving to another region" },
  answers: {
    200: z.object({ releasedLocks: z.int(), endedOrders: z.int(), complete: z.boolean() }),
  },
});

/** One thing that happened, by whom and why, and what it changed. */
export const auditEntry = z
  .object({
    subject: z.string().optional().describe("Where entries of several are listed."),
    at: z.string().describe("Sorts the entries of a subject as they happened."),
    action: auditAction,
    actor: z.string().describe("A user, `provider:…` or `system:…`."),
    reason: z.string().nullable(),
    requestId: z.string().nullable(),
    orderId: z.string().nullable(),
    atMs: instantField,
    steps: z
      .array(z.object({ path: z.array(z.string()), value: z.unknown().optional() }))
      .describe("One after the other they lead to the present state; without a value: removed."),
  })
  .meta({ id: "AuditEntry" });

/** `GET /admin/audit` */
export const listAudit = endpoint("listAudit", "GET", "/admin/audit", {
  function: "admin",
  access: "admin",
  summary: "The history of a lock, cart, order, item or document, newest first.",
  query: z.strictObject({
    subject: text(700).describe("For example `order/ord_…`, `item/mug` or `lock/document/7`."),
    ...page,
  }),
  answers: {
    200: z.object({
      entries: z.array(auditEntry),
      cursor: z.string().nullable(),
    }),
  },
});

/** `GET /admin/inventory/check` */
export const checkInventory = endpoint("checkInventory", "GET", "/admin/inventory/check", {
  function: "admin",
  access: "admin",
  summary: "Check the conservation law over every item; a cursor means that it is to be continued.",
  query: z.strictObject({ cursor: cursorField }),
  answers: {
    200: z.object({
      items: z.int().describe("How many items were looked at."),
      violations: z.array(
        z.object({
          itemId: z.string(),
          problem: z.string(),
          available: z.number(),
          held: z.number(),
          sold: z.number(),
          received: z.number(),
          adjusted: z.number(),
        }),
      ),
      cursor: z.string().nullable(),
    }),
  },
});

/** The endpoints of this domain. */
export const adminEndpoints = [
  listLocks,
  lockStats,
  itemLocks,
  releaseOrder,
  cleanupLocks,
  clearAllLocks,
  listAudit,
  checkInventory,
] as const;
