/** The contract of claims: how a guest's cart, and an order, become a member's. */
import { z } from "zod";
import { mergeStrategies } from "../carts/model/merging.ts";
import { cartParams, cartView } from "./cart-fields.ts";
import { endpoint } from "./endpoint.ts";
import { identifier, instantField, text } from "./fields.ts";
import { orderView } from "./orders.ts";

const cartPath = "/carts/{userId}/{sessionId}";
const wiring = { function: "carts", access: "caller", params: cartParams } as const;
const orderWiring = {
  function: "orders",
  access: "caller",
  params: z.object({ orderId: identifier }),
} as const;

const claimField = text(128);
const exampleClaim = "clm_5b2f1c6e0d9a4f7b8c3e2a1d0f9b8c7a";
const offered = z.object({ claim: z.string(), expiresAtMs: instantField });

/** `POST /carts/{userId}/{sessionId}/claims` */
export const offerCartClaim = endpoint("offerCartClaim", "POST", `${cartPath}/claims`, {
  ...wiring,
  summary: "Make a claim to this cart: whoever shows it within the hour gets the cart, once.",
  answers: { 201: offered },
});

/** `POST /carts/{userId}/{sessionId}/claim` */
export const claimCart = endpoint("claimCart", "POST", `${cartPath}/claim`, {
  ...wiring,
  repeatable: true,
  summary:
    "Move a claimed cart into this one, administrators' conditions too, all of it once or nothing.",
  body: z.strictObject({
    claim: claimField,
    strategy: z.enum(mergeStrategies).default("sum"),
  }),
  example: { claim: exampleClaim, strategy: "sum" },
  answers: { 200: cartView },
  errors: ["CLAIM_NOT_ACCEPTED", "CART_LOCKED", "CURRENCY_MISMATCH", "TOO_LARGE"],
});

/** `POST /orders/{orderId}/claims` */
export const offerOrderClaim = endpoint("offerOrderClaim", "POST", "/orders/{orderId}/claims", {
  ...orderWiring,
  summary: "Make a claim to this order: whoever shows it within the hour gets the order, once.",
  answers: { 201: offered },
  errors: ["ORDER_NOT_FOUND"],
});

/** `POST /orders/{orderId}/claim` */
export const claimOrder = endpoint("claimOrder", "POST", "/orders/{orderId}/claim", {
  ...orderWiring,
  repeatable: true,
  summary: "Make a claimed order one's own: see, pay and cancel it as if one had placed it.",
  body: z.strictObject({ claim: claimField }),
  example: { claim: exampleClaim },
  answers: { 200: orderView },
  errors: ["CLAIM_NOT_ACCEPTED"],
});

/** The endpoints of this domain. */
export const claimEndpoints = [offerCartClaim, claimCart, offerOrderClaim, claimOrder] as const;
