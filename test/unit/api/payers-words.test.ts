/**
 * No fact that moves money comes from who pays: every word that a shopper can send is named here, with what it can do
 * to a price. Whoever adds one has to say so, too.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { endpoints } from "../../../shared/api/index.ts";

/** Functions whose routes no order and no cart is reached by. */
const elsewhere = new Set(["documents", "locks", "platform", "payment-webhooks"]);

/** What a word can do, at most. */
const reasons = {
  names:
    "which of the caller's own things, or of the shop's, is meant: what it costs is read from the shop's rows",
  repeats:
    "whether this was asked before, or what was seen: it can only make the request be refused",
  looks: "what is shown: nothing is written",
  counts: "how many units, from 1 on: multiplied with the shop's price, within the shop's limits",
  chooses:
    "one of what the shop offers: judged by the shop when it is entered and when it is ordered",
  expects: "what the shopper was shown: another one is refused, none is taken over",
  keeps: "kept as it was said and never looked into",
  asks: "what the provider is asked for by name, or what its signature covers: its answer counts, compared with the order's own total",
  plays: "what the sandbox shall tell; production has none",
} as const;

const words: Readonly<Record<keyof typeof reasons, readonly string[]>> = {
  names: [
    "params:userId",
    "params:sessionId",
    "params:instance",
    "params:itemId",
    "params:lineId",
    "params:key",
    "params:orderId",
    "body:userId",
    "body:sessionId",
    "body:from.sessionId",
    "body:instances[]",
    "body:itemId",
    "body:[].itemId",
    "body:items[].itemId",
    "body:tickets[].itemId",
    "body:tickets[].ticket",
    "body:orderId",
    "body:claim",
    "body:provider",
  ],
  repeats: ["headers:if-match", "headers:if-none-match", "headers:idempotency-key"],
  looks: ["query:cursor", "query:limit", "query:archived", "query:status", "query:userId"],
  counts: ["body:quantity", "body:[].quantity", "body:items[].quantity"],
  chooses: ["params:code", "body:code", "body:strategy", "body:paymentMethod", "body:method"],
  expects: ["body:expectedTotalMinor", "body:vendorId", "body:items[].kind"],
  keeps: [
    "body:",
    "body:attributes",
    "body:[].attributes",
    "body:items[].attributes",
    "body:customer.email",
    "body:customer.name",
    "body:customer.phone",
    "body:shipTo",
    "body:note",
    "body:metadata",
  ],
  asks: [
    "body:paymentIntentId",
    "body:payment_intent",
    "body:payment_intent_client_secret",
    "body:redirect_status",
    "body:razorpay_order_id",
    "body:razorpay_payment_id",
    "body:razorpay_signature",
    "body:transactionId",
    "body:id",
    "body:env",
    "body:payment_id",
    "body:collection_id",
    "body:preference_id",
    "body:external_reference",
    "body:merchant_order_id",
    "body:status",
  ],
  plays: ["body:outcome", "body:delayMs", "body:duplicates"],
};

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** The names of all that a schema takes; what is taken whole has none. */
function listWords(schema: JsonSchema, whole: JsonSchema = schema, path = ""): string[] {
  const { $ref, items, properties, anyOf = [], oneOf = [], allOf = [], not } = schema;
  const named = /^#\/\$defs\/(.+)$/.exec($ref ?? "")?.[1];
  if (named !== undefined) return listWords(whole.$defs![named]!, whole, path);
  if (not && typeof not === "object" && Object.keys(not).length === 0) return [];
  const choices = [...anyOf, ...oneOf, ...allOf];
  if (choices.length > 0) return choices.flatMap((choice) => listWords(choice, whole, path));
  if (items && !Array.isArray(items)) return listWords(items as JsonSchema, whole, `${path}[]`);
  if (!properties) return [path];
  return Object.entries(properties).flatMap(([name, inner]) =>
    listWords(inner as JsonSchema, whole, path === "" ? name : `${path}.${name}`),
  );
}

const said = new Set(
  endpoints
    .filter(({ access, function: name }) => access !== "admin" && !elsewhere.has(name))
    .flatMap((endpoint) =>
      (["params", "query", "headers", "body"] as const).flatMap((part) => {
        const schema = z.toJSONSchema(endpoint[part], { io: "input", unrepresentable: "any" });
        return listWords(schema).map((word) => `${part}:${word}`);
      }),
    ),
);

test("every word of a shopper is known, with what it can do to a price", () => {
  const known = Object.values(words).flat();
  expect([...said].filter((word) => !known.includes(word))).toEqual([]);
  expect(known.filter((word) => !said.has(word))).toEqual([]);
  expect(new Set(known).size).toBe(known.length);
});

test("none of them says what anything costs: that is an administrator's to say", () => {
  const money = /price|amount|discount|tax|fee|total|currency|value|paid|capture|refund/i;
  expect([...said].filter((word) => money.test(word))).toEqual(["body:expectedTotalMinor"]);
});
