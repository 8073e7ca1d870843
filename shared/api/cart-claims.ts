/** The contract of claims to carts: how a guest's cart becomes a member's. */
import { z } from "zod";
import { mergeStrategies } from "../carts/model/merging.ts";
import { cartParams, cartView } from "./cart-fields.ts";
import { claimField, exampleClaim, offered } from "./claim-fields.ts";
import { endpoint } from "./endpoint.ts";

const cartPath = "/carts/{userId}/{sessionId}";
const wiring = { function: "carts", access: "caller", params: cartParams } as const;

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

/** The endpoints of this domain. */
export const cartClaimEndpoints = [offerCartClaim, claimCart] as const;
