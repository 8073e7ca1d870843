/** Hands a cart from one identity to another: a guest makes a claim, the member shows it. */
import { type Actor, changeNote } from "../../base/actor.ts";
import { InvalidRequest } from "../../base/errors.ts";
import { randomId } from "../../base/ids.ts";
import { type EpochMs, later } from "../../base/time.ts";
import {
  type Cart,
  type CartAddress,
  checkUnlocked,
  makeCartId,
  parseCartId,
} from "../model/cart.ts";
import { ClaimNotAccepted, claimLifeMs } from "../model/claim.ts";
import { mergedInstances, type MergeStrategy } from "../model/merging.ts";
import { findClaimed, makeClaimWrite, useClaimWrite } from "../storage/claim-store.ts";
import { contentsRow, parseCart } from "../storage/cart-row.ts";
import { findCart } from "../storage/cart-store.ts";
import type { CartMergeOptions } from "./cart-merge-service.ts";
import { replaceWrite } from "./cart-replacement.ts";

/** A claim to a cart, for whoever has it. */
export interface Claim {
  readonly claim: string;
  readonly expiresAtMs: EpochMs;
}

/** Whoever shows a claim, and the cart that is to have everything. */
export interface ClaimRequest extends CartAddress {
  readonly claim: string;
  readonly strategy: MergeStrategy;
  readonly actor: Actor;
}

/** Makes the service of claims. */
export function createCartClaims({ contents, database, clock }: CartMergeOptions) {
  /** Everything goes along in one transaction, with the claim's own condition: all of it or nothing. */
  async function takeOver(request: ClaimRequest, sourceCartId: string): Promise<Cart> {
    const { userId, sessionId, claim, strategy, actor } = request;
    const cartId = makeCartId(userId, sessionId);
    const { carts } = await contents.read([cartId, sourceCartId]);
    const [target, source] = [carts[0]!, carts[1]!];
    const nowMs = clock();
    for (const cart of carts) checkUnlocked(cart, nowMs);
    const note = changeNote("cart.claimed", actor, nowMs);
    const instances = mergedInstances(target, source, strategy);
    await database.transact([
      useClaimWrite(claim, cartId, note),
      replaceWrite({ address: { userId, sessionId }, nowMs, note }, target, instances),
      replaceWrite({ address: parseCartId(sourceCartId), nowMs, note }, source, []),
    ]);
    const version = (target.version || nowMs) + 1;
    return parseCart(cartId, { ...contentsRow(instances), version, checkouts: target.checkouts });
  }

  return {
    /**
     * Makes a claim to a session's cart, good for an hour and for one use. What is in the cart by the time that it is
     * shown goes along. One request. Who has it can have the cart: it is told to nobody else.
     *
     * @example const { claim } = await carts.offerClaim({ userId: "guest-1", sessionId }, actor)
     */
    async offerClaim({ userId, sessionId }: CartAddress, actor: Actor): Promise<Claim> {
      const claim = randomId("clm");
      const nowMs = clock();
      const expiresAtMs = later(nowMs, claimLifeMs);
      const sourceCartId = makeCartId(userId, sessionId);
      const note = changeNote("cart.claim_made", actor, nowMs);
      await database.apply(makeClaimWrite({ claim, sourceCartId, untilMs: expiresAtMs, note }));
      return { claim, expiresAtMs };
    },

    /**
     * Puts the claimed cart into this one, administrators' conditions too, and empties that one: all of it once, or
     * nothing. Orders stay with who placed them. Three requests. Shown again for the same cart it answers with
     * that cart and moves nothing.
     *
     * @throws ClaimNotAccepted when it is unknown, over, or went to another cart; nothing was changed
     * @throws CartLocked when either cart is being paid for; CurrencyMismatch, TooLarge; nothing was changed
     * @example await carts.claim({ userId, sessionId: "phone", claim, strategy: "sum", actor })
     */
    async claim(request: ClaimRequest): Promise<Cart> {
      const targetCartId = makeCartId(request.userId, request.sessionId);
      const { claim } = request;
      const { sourceCartId, isUsed } = await findClaimed(database, claim, {
        targetCartId,
        nowMs: clock(),
      });
      if (sourceCartId === targetCartId) {
        throw new InvalidRequest([{ path: "claim", message: "is of this very cart" }]);
      }
      if (isUsed) return findCart(database, targetCartId);
      try {
        return await contents.untilSettled(() => takeOver(request, sourceCartId));
      } catch (error) {
        const isOurs = error instanceof ClaimNotAccepted && error.usedBy === targetCartId;
        if (!isOurs) throw error;
        return findCart(database, targetCartId);
      }
    },
  };
}
