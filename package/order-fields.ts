/** What may be ordered and told of money in orders that stand alone: the bounds of orders are those of the HTTP API. */
import * as z from "zod";
import {
  currencyField,
  identifier,
  jsonObject,
  maxAmountMinor,
  maxQuantity,
  priceField,
  prose,
  quantityField,
  text,
  userIdField,
} from "../shared/api/fields.ts";

const amountField = z.int().check(z.gte(0));

/** An order to be placed. */
export const orderFields = z.strictObject({
  userId: userIdField,
  items: z
    .array(
      z.strictObject({
        itemId: identifier,
        quantity: quantityField,
        attributes: z.optional(jsonObject(4_096)),
      }),
    )
    .check(z.minLength(1), z.maxLength(200)),
  idempotencyKey: text(255),
  forMs: z.optional(z.int().check(z.gte(1_000), z.lte(2_592_000_000))),
  expectedTotalMinor: z.optional(amountField),
  note: z.optional(prose(1_000)),
  metadata: z.optional(jsonObject(4_096)),
});

/** An item as the caller's catalogue has it. */
export const catalogueFields = z.array(
  z.object({
    itemId: identifier,
    name: text(256),
    price: priceField,
    kind: text(64).default("item"),
    vendorId: identifier.nullable().default(null),
    units: z.optional(z.int().check(z.gte(0), z.lte(maxQuantity))),
  }),
);

/** Money that has come. */
export const paidFields = z.strictObject({
  paymentId: text(255),
  amountMinor: amountField,
  currency: currencyField,
});

/** Whoever names a refund that there is says nothing else of it. */
function goesAlone({
  value,
  issues,
}: z.core.ParsePayload<Readonly<Record<string, unknown>>>): void {
  for (const name of ["reference", "amountMinor", "lines"]) {
    if (value["refundId"] === undefined || value[name] === undefined) continue;
    issues.push({ code: "custom", path: [name], input: value, message: "goes without refundId" });
  }
}

/** Money that has gone back, or is to go back. */
export const refundFields = z
  .strictObject({
    reason: text(500),
    refundId: z.optional(identifier),
    reference: z.optional(text(255)),
    amountMinor: z.optional(z.int().check(z.gte(1), z.lte(maxAmountMinor * 200))),
    lines: z.optional(
      z
        .array(
          z.strictObject({
            lineId: text(256),
            quantity: quantityField,
            restock: z.boolean().default(true),
          }),
        )
        .check(z.minLength(1), z.maxLength(200)),
    ),
  })
  .check(goesAlone);
