/** The contract of the stock ledger: movements outside of orders, and the list of all. */
import { z } from "zod";
import { movementKinds } from "../inventory/movement.ts";
import { endpoint } from "./endpoint.ts";
import {
  cursorField,
  instantField,
  itemParams,
  limitField,
  maxQuantity,
  quantityField,
  text,
} from "./fields.ts";
import { levels } from "./items.ts";

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

const reference = text(255).describe(
  "Makes the call idempotent: the same reference and body have one effect and one answer.",
);

const stockErrors = ["ITEM_NOT_FOUND", "INSUFFICIENT_STOCK", "IDEMPOTENCY_KEY_REUSED"];

/** `POST /inventory/{itemId}/adjust` */
export const adjustStock = endpoint("adjustStock", "POST", "/inventory/{itemId}/adjust", {
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
export const decrementStock = endpoint("decrementStock", "POST", "/inventory/{itemId}/decrement", {
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
export const incrementStock = endpoint("incrementStock", "POST", "/inventory/{itemId}/increment", {
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
export const listMovements = endpoint("listMovements", "GET", "/inventory/{itemId}/movements", {
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
export const ledgerEndpoints = [
  adjustStock,
  decrementStock,
  incrementStock,
  listMovements,
] as const;
