/** Hands an order from one identity to another: a guest makes a claim, the member shows it. */
import { type Actor, changeNote } from "../../base/actor.ts";
import { randomId } from "../../base/ids.ts";
import { type Clock, later } from "../../base/time.ts";
import type { Claim } from "../../carts/editing/cart-claim-service.ts";
import { ClaimNotAccepted, claimLifeMs } from "../../carts/model/claim.ts";
import type { Database } from "../../table/database.ts";
import type { Order, OrderCaller } from "../order.ts";
import { getOwnOrder, parseOrder } from "../order-store.ts";
import { claimOrderWrite, offerOrderWrite } from "./order-claim-store.ts";

/** Whoever shows a claim, and the order that it is of. */
export interface OrderClaimRequest {
  readonly orderId: string;
  readonly claim: string;
  readonly userId: string;
  readonly actor: Actor;
}

/** Makes the service. */
export function createOrderClaims({ database, clock }: { database: Database; clock: Clock }) {
  return {
    /**
     * Makes a claim to an order, good for an hour and for one use, in the place of an earlier one. One request. Who
     * has it can have the order: it is told to nobody else.
     *
     * @throws OrderNotFound also when it is somebody else's; nothing was changed
     * @example const { claim } = await orders.offerClaim("ord_x", { userId: "guest-1", isAdmin: false }, actor)
     */
    async offerClaim(orderId: string, caller: OrderCaller, actor: Actor): Promise<Claim> {
      const claim = randomId("clm");
      const nowMs = clock();
      const expiresAtMs = later(nowMs, claimLifeMs);
      const note = changeNote("order.claim_made", actor, nowMs);
      const offer = { orderId, claim, untilMs: expiresAtMs, caller, note };
      await database.apply(offerOrderWrite(offer));
      return { claim, expiresAtMs };
    },

    /**
     * Makes a claimed order the caller's, whatever its status: from then on they see, pay and cancel it, and who had
     * it no more. What limits count stays with who placed it, so that none is got round by handing over. One
     * request; shown again by the same user it answers with the order and moves nothing (two).
     *
     * @throws ClaimNotAccepted when it is not of this order, over, or used by another; nothing was changed
     * @example await orders.claim({ orderId: "ord_x", claim, userId: "alice", actor })
     */
    async claim({ orderId, claim, userId, actor }: OrderClaimRequest): Promise<Order> {
      const note = changeNote("order.claimed", actor, clock());
      const claiming = { orderId, claim, userId, note };
      try {
        return parseOrder(await database.apply(claimOrderWrite(claiming)));
      } catch (error) {
        const isOurs = error instanceof ClaimNotAccepted && error.usedBy === userId;
        if (!isOurs) throw error;
        return getOwnOrder(database, orderId, { userId, isAdmin: false });
      }
    },
  };
}
