/** What may go into a cart that stands alone: checked before anything is read, as the HTTP API checks its bodies. */
import * as z from "zod";
import { conditionBody } from "../shared/api/cart-fields.ts";
import {
  identifier,
  instanceField,
  priceField,
  quantityField,
  text,
} from "../shared/api/fields.ts";

/** Whose cart, and which one of it. */
export const placeFields = z.object({
  userId: identifier,
  sessionId: identifier.default("default"),
  instance: instanceField.default("default"),
});

/** An item with its name and price. */
export const itemFields = z.strictObject({
  itemId: identifier,
  name: text(256),
  quantity: quantityField.default(1),
  price: priceField,
  kind: text(64).default("item"),
  vendorId: identifier.nullable().default(null),
  attributes: z.record(z.string(), z.unknown()).optional(),
  // An item that was read may be given back as it is; when it is put there is now.
  addedAtMs: z.int().optional(),
});

/** A discount, tax, shipping or fee, with its name. */
export const conditionFields = z.strictObject({ ...conditionBody.shape, name: identifier });

/** The name of a line, a condition or a metadata value. */
export const nameFields = identifier;
