/** The contract of promotions: what administrators say of the prices of the whole shop, and codes in carts. */
import { z } from "zod";
import {
  cartInstanceView,
  codeField,
  codeParams,
  conditionTarget,
  instanceParams,
  ruleValue,
} from "./cart-fields.ts";
import { endpoint } from "./endpoint.ts";
import {
  cursorField,
  identifier,
  instantField,
  limitField,
  maxAmountMinor,
  maxQuantity,
  text,
} from "./fields.ts";
import { editHeaders } from "./preconditions.ts";

const facts = {
  name: text(128),
  type: text(64).describe("For example discount, tax, shipping or fee."),
  target: conditionTarget,
  value: ruleValue,
  itemId: identifier.optional().describe("The only item that it is for."),
  kind: text(64).optional().describe("The only kind of items that it is for."),
  order: z.int().min(-1_000_000).max(1_000_000).default(0),
  automatic: z.boolean().default(false).describe("Applies to every cart, without a code."),
  startsAtMs: instantField.optional(),
  endsAtMs: instantField.optional(),
  minSubtotalMinor: z.int().min(0).max(maxAmountMinor).optional(),
  maxUses: z.int().min(1).max(maxQuantity).optional(),
  maxUsesPerShopper: z.int().min(1).max(maxQuantity).optional(),
  combinable: z.boolean().default(false).describe("Goes together with other codes."),
  active: z.boolean().default(true),
};

type Facts = z.output<z.ZodObject<typeof facts>>;
type Issue = readonly [path: keyof Facts, message: string, isBroken: (given: Facts) => unknown];

const onItemsOnly = "goes with the target item only";
const byCodeOnly = "goes with a code only, not with what applies by itself";
const rules: readonly Issue[] = [
  ["itemId", onItemsOnly, ({ itemId, target }) => itemId !== undefined && target !== "item"],
  ["kind", onItemsOnly, ({ kind, target }) => kind !== undefined && target !== "item"],
  ["maxUses", byCodeOnly, ({ maxUses, automatic }) => maxUses !== undefined && automatic],
  [
    "maxUsesPerShopper",
    byCodeOnly,
    ({ maxUsesPerShopper, automatic }) => maxUsesPerShopper !== undefined && automatic,
  ],
  ["combinable", byCodeOnly, ({ combinable, automatic }) => combinable && automatic],
  [
    "endsAtMs",
    "must be after startsAtMs",
    ({ startsAtMs = 0, endsAtMs }) => endsAtMs !== undefined && endsAtMs <= startsAtMs,
  ],
];

/** What an administrator says of a promotion; also as it was read, with its code and its uses. */
export const promotionBody = z
  .strictObject({
    ...facts,
    code: codeField.optional(),
    uses: z.unknown().optional().describe("Not looked at."),
  })
  .superRefine((given, context) => {
    for (const [field, message, isBroken] of rules) {
      if (isBroken(given)) context.addIssue({ code: "custom", path: [field], message });
    }
  });

/** A promotion, with its uses where they are limited. */
export const promotionView = z
  .object({
    code: z.string(),
    ...facts,
    uses: z
      .object({ left: z.int(), held: z.int(), used: z.int() })
      .nullable()
      .describe("Null where uses are not limited, and in lists."),
  })
  .meta({ id: "Promotion" });

const wiring = { function: "promotions", access: "admin" } as const;
const params = z.object({ code: codeField });

/** `PUT /promotions/{code}` */
export const putPromotion = endpoint("putPromotion", "PUT", "/promotions/{code}", {
  ...wiring,
  summary: "Set a promotion: by code or, with automatic, for every cart and order.",
  params,
  body: promotionBody,
  example: {
    name: "Summer sale",
    type: "discount",
    target: "total",
    value: "-10%",
    maxUses: 500,
    maxUsesPerShopper: 1,
  },
  answers: { 200: promotionView },
  errors: ["LIMIT_EXCEEDED"],
});

/** `GET /promotions/{code}` */
export const getPromotion = endpoint("getPromotion", "GET", "/promotions/{code}", {
  ...wiring,
  summary: "Read a promotion, with how often it was used.",
  params,
  answers: { 200: promotionView },
  errors: ["PROMOTION_NOT_FOUND"],
});

/** `GET /promotions` */
export const listPromotions = endpoint("listPromotions", "GET", "/promotions", {
  ...wiring,
  summary: "List promotions by code, paged.",
  query: z.strictObject({ cursor: cursorField, limit: limitField }),
  answers: {
    200: z.object({ promotions: z.array(promotionView), cursor: z.string().nullable() }),
  },
});

/** `DELETE /promotions/{code}` */
export const deletePromotion = endpoint("deletePromotion", "DELETE", "/promotions/{code}", {
  ...wiring,
  summary: "Delete a promotion; orders that have it keep it.",
  params,
  answers: { 200: promotionView },
  errors: ["PROMOTION_NOT_FOUND"],
});

const codesPath = "/carts/{userId}/{sessionId}/{instance}/codes";
const ofCarts = {
  function: "carts",
  access: "caller",
  headers: editHeaders,
  answers: { 200: cartInstanceView },
} as const;
const codeErrors = ["CART_LOCKED", "VERSION_MISMATCH", "TOO_LARGE", "IDEMPOTENCY_KEY_REUSED"];

/** `POST …/{instance}/codes` */
export const enterCartCode = endpoint("enterCartCode", "POST", codesPath, {
  ...ofCarts,
  summary: "Enter a promotion code; it shows among the conditions, and an order judges it again.",
  params: instanceParams,
  body: z.strictObject({ code: codeField }),
  example: { code: "SUMMER" },
  errors: [...codeErrors, "CODE_NOT_ACCEPTED"],
});

/** `DELETE …/{instance}/codes/{code}` */
export const removeCartCode = endpoint("removeCartCode", "DELETE", `${codesPath}/{code}`, {
  ...ofCarts,
  summary: "Take a promotion code back, if it is there.",
  params: codeParams,
  errors: codeErrors,
});

/** The endpoints of this domain. */
export const promotionEndpoints = [
  putPromotion,
  getPromotion,
  listPromotions,
  deletePromotion,
  enterCartCode,
  removeCartCode,
] as const;
