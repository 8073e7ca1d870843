/** The contract of claims to orders: how a guest's order becomes a member's. */
import { z } from "zod";
import { claimField, exampleClaim, offered } from "./claim-fields.ts";
import { endpoint } from "./endpoint.ts";
import { identifier } from "./fields.ts";
import { orderView } from "./orders.ts";

const orderWiring = {
  function: "orders",
  access: "caller",
  params: z.object({ orderId: identifier }),
} as const;

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
export const orderClaimEndpoints = [offerOrderClaim, claimOrder] as const;
