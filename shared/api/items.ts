/** The contract of items and their stock: create, read, list, change, and the ledger of movements. */
import { z } from "zod";
import { movementKinds } from "../inventory/movement.ts";
import { mostShards } from "../inventory/hot/row-place.ts";
import { holdPolicies } from "../inventory/stock.ts";
import { endpoint } from "./endpoint.ts";
import {
  cursorField,
  identifier,
  instantField,
  limitField,
  maxQuantity,
  priceField,
  quantityField,
  text,
} from "./fields.ts";

/** As many buyers as there are units, or one at a time. */
export const holdPolicy = z.enum(holdPolicies);

const shards = z
  .int()
  .min(1)
  .max(mostShards)
  .describe(
    "From how many rows at once the item is sold, for a crowd: about 900 sales a second each. 1 is one row, " +
      "which is spread by itself when a crowd comes.",
  );

const levels = {
  available: z.int().min(0).describe("Units that can be bought and that no hold counts."),
  held: z
    .int()
    .min(0)
    .describe(
      "Units in holds, also in expired ones until somebody takes them over: so that available + " +
        "held + sold = received + adjusted in every answer.",
    ),
  sold: z.int().min(0),
  received: z.int().min(0),
  adjusted: z.int().describe("Sum of all adjustments."),
};

/** An item with its stock levels. */
export const itemView = z
  .object({
    itemId: z.string(),
    name: z.string(),
    kind: z.string(),
    vendorId: z.string().nullable(),
    price: z.object({ amountMinor: z.int(), currency: z.string() }),
    holdPolicy,
    ...levels,
    shards: shards.optional(),
  })
  .meta({ id: "Item" });

/** One entry of the stock ledger; `quantity` has a sign only where stock was adjusted. */
export const movementView = z
  .object({
    movementId: z.string(),
    kind: z.enum(movementKinds),
    quantity: z.int(),
    reference: z.string(),
    reason: z.string().nullable(),
    actor: z.string(),
    atMs: instantField,
  })
  .meta({ id: "Movement" });

/** Stock levels right after a movement, and the movement. */
export const stockChange = z
  .object({ itemId: z.string(), ...levels, movement: movementView })
  .meta({ id: "StockChange" });

const itemParams = z.object({ itemId: identifier });
const reference = text(255).describe(
  "Makes the call idempotent: the same reference and body have one effect and one answer.",
);

/** `POST /items` */
export const createItem = endpoint({
  name: "createItem",
  method: "POST",
  path: "/items",
  function: "inventory",
  access: "admin",
  summary: "Create an item with its first stock.",
  body: z.strictObject({
    itemId: identifier,
    name: text(200),
    kind: text(64),
    vendorId: text(128).optional(),
    price: priceField,
    quantity: z.int().min(0).max(maxQuantity),
    holdPolicy: holdPolicy.default("counted"),
    shards: shards.optional(),
  }),
  example: {
    itemId: "chair",
    name: "Chair",
    kind: "Retail",
    price: { amountMinor: 4_900, currency: "EUR" },
    quantity: 12,
  },
  answers: { 201: itemView },
  errors: ["ITEM_EXISTS"],
});

/** `GET /items` */
export const listItems = endpoint({
  name: "listItems",
  method: "GET",
  path: "/items",
  function: "inventory",
  access: "anyone",
  summary: "List items by id, paged.",
  query: z.strictObject({ cursor: cursorField, limit: limitField }),
  answers: { 200: z.object({ items: z.array(itemView), cursor: z.string().nullable() }) },
});

/** `GET /items/{itemId}` */
export const getItem = endpoint({
  name: "getItem",
  method: "GET",
  path: "/items/{itemId}",
  function: "inventory",
  access: "anyone",
  summary: "Read an item with its stock levels.",
  params: itemParams,
  answers: { 200: itemView },
  errors: ["ITEM_NOT_FOUND"],
});

/** `PATCH /items/{itemId}` */
export const changeItem = endpoint({
  name: "changeItem",
  method: "PATCH",
  path: "/items/{itemId}",
  function: "inventory",
  access: "admin",
  summary:
    "Change an item's name, price, hold policy or shards; orders already placed keep their price.",
  params: itemParams,
  body: z
    .strictObject({
      name: text(200).optional(),
      price: priceField.optional(),
      holdPolicy: holdPolicy.optional(),
      shards: shards.optional(),
    })
    .refine((body) => Object.keys(body).length > 0, "must change something"),
  example: { price: { amountMinor: 4_500, currency: "EUR" } },
  answers: { 200: itemView },
  errors: ["ITEM_NOT_FOUND"],
});

const stockErrors = ["ITEM_NOT_FOUND", "INSUFFICIENT_STOCK", "IDEMPOTENCY_KEY_REUSED"];

/** `POST /inventory/{itemId}/adjust` */
export const adjustStock = endpoint({
  name: "adjustStock",
  method: "POST",
  path: "/inventory/{itemId}/adjust",
  function: "inventory",
  access: "admin",
  summary: "Correct the stock by a signed number of units, for example after counting it.",
  params: itemParams,
  body: z.strictObject({
    delta: z
      .int()
      .min(-maxQuantity)
      .max(maxQuantity)
      .refine((delta) => delta !== 0, "must not be 0"),
    reason: text(500),
    reference,
  }),
  example: { delta: -2, reason: "Broken in the warehouse", reference: "count-2026-07" },
  answers: { 200: stockChange },
  errors: stockErrors,
});

const quantityBody = z.strictObject({
  quantity: quantityField,
  reason: text(500).optional(),
  reference,
});

/** `POST /inventory/{itemId}/decrement` */
export const decrementStock = endpoint({
  name: "decrementStock",
  method: "POST",
  path: "/inventory/{itemId}/decrement",
  function: "inventory",
  access: "admin",
  summary: "Record a sale outside an order: units leave the stock.",
  params: itemParams,
  body: quantityBody,
  example: { quantity: 1, reference: "till-17" },
  answers: { 200: stockChange },
  errors: stockErrors,
});

/** `POST /inventory/{itemId}/increment` */
export const incrementStock = endpoint({
  name: "incrementStock",
  method: "POST",
  path: "/inventory/{itemId}/increment",
  function: "inventory",
  access: "admin",
  summary: "Record a return or cancellation: sold units come back. New stock is an adjustment.",
  params: itemParams,
  body: quantityBody,
  example: { quantity: 1, reason: "Sent back", reference: "return-17" },
  answers: { 200: stockChange },
  errors: stockErrors,
});

/** `GET /inventory/{itemId}/movements` */
export const listMovements = endpoint({
  name: "listMovements",
  method: "GET",
  path: "/inventory/{itemId}/movements",
  function: "inventory",
  access: "admin",
  summary: "The ledger of an item, newest first, paged.",
  params: itemParams,
  query: z.strictObject({ cursor: cursorField, limit: limitField }),
  answers: {
    200: z.object({ movements: z.array(movementView), cursor: z.string().nullable() }),
  },
  errors: ["ITEM_NOT_FOUND"],
});

/** The endpoints of this domain. */
export const itemEndpoints = [
  createItem,
  listItems,
  getItem,
  changeItem,
  adjustStock,
  decrementStock,
  incrementStock,
  listMovements,
] as const;
