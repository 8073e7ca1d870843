/** The shapes that the contract of carts is made of: what is sent and what is shown. */
import * as z from "zod";
import { maxLineIdLength } from "../carts/model/cart-limits.ts";
import { unavailableReasons } from "../carts/storage/sale-look.ts";
import { codeRefusals } from "../promotions/promotion.ts";
import { conditionTargets, conditionValuePattern } from "../promotions/price-rule.ts";
import {
  currencyField,
  identifier,
  instanceField,
  instantField,
  name,
  quantityField,
  sessionIdField,
  text,
  userIdField,
} from "./fields.ts";

/** What a condition is counted on. */
export const conditionTarget = z.enum(conditionTargets);

/** A discount, tax, shipping or fee of a cart. */
const cartCondition = z
  .object({
    name: z.string(),
    type: z.string(),
    target: conditionTarget,
    value: z.string(),
    itemId: z.string().optional(),
    kind: z.string().optional(),
    order: z.int(),
    code: z.string().optional().describe("The code of the promotion that it is."),
    automatic: z.literal(true).optional().describe("A promotion that applies by itself."),
    refused: z
      .enum(codeRefusals)
      .optional()
      .describe("Why a code that was entered is not counted; an order would be refused."),
  })
  .meta({ id: "CartCondition" });

/** One line of a cart. */
const cartItem = z
  .object({
    lineId: z.string().describe("Names the line: the item's id where there are no attributes."),
    itemId: z.string(),
    name: z.string(),
    kind: z.string(),
    vendorId: z.string().nullable(),
    quantity: z.int(),
    unitPriceMinor: z.int(),
    previousUnitPriceMinor: z
      .int()
      .optional()
      .describe("What it cost when it was put here, where the shop asks another price by now."),
    lineTotalMinor: z.int(),
    attributes: z.record(z.string(), z.unknown()).optional(),
    unavailable: z
      .enum(unavailableReasons)
      .optional()
      .describe("Why it cannot be ordered (any more): an order would be refused by it."),
  })
  .meta({ id: "CartItem" });

/** One named cart of a session. */
export const cartInstanceView = z
  .object({
    instance: z.string(),
    items: z.array(cartItem),
    conditions: z.array(cartCondition),
    metadata: z.record(z.string(), z.unknown()),
    count: z.int().describe("Sum of the quantities."),
    subtotalMinor: z.int().describe("The lines at their unit prices, before any condition."),
    totalMinor: z.int().describe("What an order of it alone comes to: after all conditions."),
    currency: currencyField.nullable(),
    version: z.int().describe("The whole session's version; the same as in the ETag."),
  })
  .meta({ id: "CartInstance" });

/** The lock of a cart that is being paid for. */
export const cartLockView = z
  .object({
    orderId: z.string(),
    transactionId: z.string(),
    lockedAtMs: instantField,
    expiresAtMs: instantField,
  })
  .meta({ id: "CartLock" });

const amounts = z.object({
  currency: currencyField,
  subtotalMinor: z.int(),
  totalMinor: z.int(),
  promotions: z
    .array(cartCondition)
    .describe("What applies once to all of it, and codes that would refuse an order of it."),
});

/** Everything that a session has in its carts. */
export const cartView = z
  .object({
    userId: z.string(),
    sessionId: z.string(),
    instances: z.array(cartInstanceView),
    count: z.int(),
    subtotalMinor: z.int().nullable().describe("Null when the instances have several currencies."),
    totalMinor: z.int().nullable(),
    currency: currencyField.nullable(),
    totals: z
      .array(amounts)
      .describe("What an order that names no instances comes to, for each currency."),
    version: z.int(),
    lock: cartLockView.nullable(),
  })
  .meta({ id: "Cart" });

/** A promotion's code, as people type it: upper and lower case are the same. */
export const codeField = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be 1 to 64 letters, digits, - . or _");

/** A session's cart. */
export const cartParams = z.object({ userId: userIdField, sessionId: sessionIdField });
/** A named cart; `lock` would stand in the way of the route of that name. */
export const instanceParams = cartParams.extend({
  instance: instanceField.refine((given) => given !== "lock", "is a route of its own"),
});
/** A line of a named cart. */
export const lineParams = instanceParams.extend({ lineId: name(maxLineIdLength) });
/** A condition of a named cart. */
export const conditionParams = instanceParams.extend({ name: identifier });
/** A promotion code of a named cart. */
export const codeParams = instanceParams.extend({ code: codeField });
/** A metadata value of a named cart. */
export const metadataParams = instanceParams.extend({ key: identifier });

const attributes = z
  .record(z.string(), z.unknown())
  .describe("What the shopper chose; other choices of the same item make a line of their own.");
/** An item to be in a cart. */
export const wantedItem = z
  .strictObject({
    itemId: identifier,
    quantity: quantityField,
    attributes: attributes.optional(),
  })
  .meta({ id: "WantedItem" });

/** What a rule does to an amount. */
export const ruleValue = z
  .string()
  .regex(conditionValuePattern, "must be a sign and per cent or minor units, such as -10% or +500");

/** A condition as its name in the path leaves it. */
export const conditionBody = z
  .strictObject({
    type: text(64),
    target: conditionTarget,
    value: ruleValue,
    itemId: identifier.optional(),
    order: z.int().min(-1_000_000).max(1_000_000).default(0),
  })
  .refine(({ target, itemId }) => itemId === undefined || target === "item", {
    path: ["itemId"],
    message: "goes with the target item only",
  });

/**
 * A metadata value. It is wrapped, because a field `userId` in it is nobody's claim to be somebody:
 * in other bodies that must be the caller.
 */
export const metadataBody = z.unknown().transform((value) => ({ value }));
