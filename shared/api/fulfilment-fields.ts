/** What was sent of an order's lines, as orders show it. */
import { z } from "zod";
import { instantField, jsonObject, quantityField, text } from "./fields.ts";

/** The name of a line as the order shows it. */
export const lineIdField = text(255);

/** Units of a line, in a request. */
export const sentLine = z.strictObject({ lineId: lineIdField, quantity: quantityField });

/** How to follow what was sent: a text, or whatever the carrier gives. */
export const trackingField = z.union([text(500), jsonObject(2_048)]);

/** Something that was sent to the shopper. */
export const fulfilment = z
  .object({
    fulfilmentId: z.string(),
    reference: z.string(),
    lines: z.array(z.object({ lineId: z.string(), quantity: z.int() })),
    tracking: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    createdAtMs: instantField,
  })
  .meta({ id: "Fulfilment" });

/** The shop's own name for something that shall happen once. */
export const referenceField = text(255);
