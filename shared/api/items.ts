/** The contract of items: create, read, list, change, withdraw. Their ledger has a file of its own. */
import { z } from "zod";
import { mostShards } from "../inventory/hot/row-place.ts";
import { holdPolicies } from "../inventory/stock.ts";
import { endpoint } from "./endpoint.ts";
import {
  cursorField,
  identifier,
  instantField,
  itemParams,
  limitField,
  maxQuantity,
  priceField,
  prose,
  quantityField,
  text,
} from "./fields.ts";

/** As many buyers as there are units, or one at a time. */
const holdPolicy = z.enum(holdPolicies);

const shards = z
  .int()
  .min(1)
  .max(mostShards)
  .describe(
    "From how many rows at once the item is sold, for a crowd: about 900 sales a second each. 1 is one row, " +
      "which is spread by itself when a crowd comes.",
  );

/** How many units of an item there are, and where. */
export const levels = {
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

const limits = z
  .strictObject({
    perOrder: quantityField.optional().describe("Units of it in one order, all lines together."),
    perShopper: quantityField
      .optional()
      .describe(
        "Units that one shopper gets: those of open orders, and all that were ever paid for.",
      ),
  })
  .meta({ id: "ItemLimits" });

const sale = z
  .strictObject({
    startsAtMs: instantField.optional().describe("Can be ordered from this instant on."),
    endsAtMs: instantField.optional().describe("And from this one on no more."),
  })
  .meta({ id: "ItemSale" });

const description = prose(2_000);
const imageUrl = z
  .url({ protocol: /^https?$/, error: "must be an address that begins with http:// or https://" })
  .max(1_000);

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
    description: z.string().optional(),
    imageUrl: z.string().optional(),
    limits: limits.optional(),
    sale: sale.optional(),
    archived: z.literal(true).optional().describe("Withdrawn: not listed and not sold."),
  })
  .meta({ id: "Item" });

/** `POST /items` */
export const createItem = endpoint("createItem", "POST", "/items", {
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
    description: description.optional(),
    imageUrl: imageUrl.optional(),
    limits: limits.optional(),
    sale: sale.optional(),
  }),
  example: {
    itemId: "chair",
    name: "Chair",
    kind: "Retail",
    price: { amountMinor: 4_900, currency: "EUR" },
    quantity: 12,
    description: "Oak, oiled by hand.",
    limits: { perOrder: 4, perShopper: 8 },
  },
  answers: { 201: itemView },
  errors: ["ITEM_EXISTS"],
});

/** `GET /items` */
export const listItems = endpoint("listItems", "GET", "/items", {
  function: "inventory",
  access: "anyone",
  summary: "List items by id, paged; those that were withdrawn only where they are asked for.",
  query: z.strictObject({
    cursor: cursorField,
    limit: limitField,
    archived: z.enum(["true", "false"]).default("false"),
  }),
  answers: { 200: z.object({ items: z.array(itemView), cursor: z.string().nullable() }) },
});

/** `GET /items/{itemId}` */
export const getItem = endpoint("getItem", "GET", "/items/{itemId}", {
  function: "inventory",
  access: "anyone",
  summary: "Read an item with its stock levels.",
  params: itemParams,
  answers: { 200: itemView },
  errors: ["ITEM_NOT_FOUND"],
});

/** `PATCH /items/{itemId}` */
export const changeItem = endpoint("changeItem", "PATCH", "/items/{itemId}", {
  function: "inventory",
  access: "admin",
  summary: "Change what the shop says of an item; orders already placed keep their price.",
  params: itemParams,
  body: z
    .strictObject({
      name: text(200).optional(),
      price: priceField.optional(),
      holdPolicy: holdPolicy.optional(),
      shards: shards.optional(),
      description: description.nullable().optional(),
      imageUrl: imageUrl.nullable().optional(),
      limits: limits.nullable().optional().describe("All of them anew; null lifts them."),
      sale: sale.nullable().optional().describe("The whole window anew; null is always."),
      archived: z.boolean().optional().describe("Withdraws the item, or brings it back."),
    })
    .refine((body) => Object.keys(body).length > 0, "must change something"),
  example: { price: { amountMinor: 4_500, currency: "EUR" } },
  answers: { 200: itemView },
  errors: ["ITEM_NOT_FOUND"],
});

/** `DELETE /items/{itemId}` */
export const archiveItem = endpoint("archiveItem", "DELETE", "/items/{itemId}", {
  function: "inventory",
  access: "admin",
  summary:
    "Withdraw an item: it is neither listed nor sold any more; its history, holds and returns go on.",
  params: itemParams,
  answers: { 200: itemView },
  errors: ["ITEM_NOT_FOUND"],
});

/** The endpoints of this domain. */
export const itemEndpoints = [createItem, listItems, getItem, changeItem, archiveItem] as const;
