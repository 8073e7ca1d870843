/** How an order goes to somebody else: the claim stands in the order's own row, so one update uses it and moves the order. */
import type { ChangeNote } from "../../base/actor.ts";
import { fingerprint } from "../../base/derived-ids.ts";
import type { EpochMs } from "../../base/time.ts";
import { ClaimNotAccepted } from "../../carts/model/claim.ts";
import { action, allOf, condition, exists, pathsOf } from "../../table/expression.ts";
import { type Row, update, type Write } from "../../table/write.ts";
import { type OrderCaller, OrderNotFound } from "../order.ts";
import { orderRow, type OrderRow, parseOrder } from "../order-store.ts";

const at = pathsOf<OrderRow>();

/** A claim to an order, to be made; it takes the place of an earlier one. */
export interface NewOrderClaim {
  readonly orderId: string;
  readonly claim: string;
  readonly untilMs: EpochMs;
  readonly caller: OrderCaller;
  readonly note: ChangeNote;
}

/** Puts a claim into an order of the caller's, or of anybody's for an administrator. The row has a digest of it only. */
export function offerOrderWrite({ orderId, claim, untilMs, caller, note }: NewOrderClaim): Write {
  const digest = fingerprint(claim);
  return update({
    ...orderRow(orderId),
    change: {
      set: [action`${at("claim")} = ${{ digest, untilMs }}`, action`${at("change")} = ${note}`],
    },
    condition: caller.isAdmin
      ? exists(at("orderId"))
      : condition`${at("userId")} = ${caller.userId}`,
    refused: () => new OrderNotFound(orderId),
    applied: (found) => found !== undefined && parseOrder(found).claim?.digest === digest,
  });
}

/** Whoever shows a claim, and what of. */
export interface OrderClaiming {
  readonly orderId: string;
  readonly claim: string;
  readonly userId: string;
  readonly note: ChangeNote;
}

/**
 * Uses a claim, if its time is not over: the order is the other's from then on. Who placed it stays on record, and
 * what limits count stays with them.
 */
export function claimOrderWrite({ orderId, claim, userId, note }: OrderClaiming): Write {
  const digest = fingerprint(claim);
  const [owner, placer, revision] = [at("userId"), at("placedBy"), at("revision")];
  return update({
    ...orderRow(orderId),
    change: {
      set: [
        action`${placer} = if_not_exists(${placer}, ${owner})`,
        action`${owner} = ${userId}`,
        action`${at("claimedWith")} = ${digest}`,
        action`${revision} = if_not_exists(${revision}, ${0}) + ${1}`,
        action`${at("change")} = ${note}`,
      ],
      remove: [at("claim")],
    },
    condition: allOf(
      condition`${at("claim", "digest")} = ${digest}`,
      condition`${at("claim", "untilMs")} > ${note.atMs}`,
      condition`${owner} <> ${userId}`,
    ),
    refused: (found) => explainRefusal(digest, found),
    applied: (found) => isClaimedBy(found, digest, userId),
  });
}

/** Whether the order went to this user by this claim already. */
function isClaimedBy(found: Row | undefined, digest: string, userId: string): boolean {
  if (!found) return false;
  const { claimedWith, userId: owner } = parseOrder(found);
  return claimedWith === digest && owner === userId;
}

function explainRefusal(digest: string, found: Row | undefined): ClaimNotAccepted {
  if (!found) return new ClaimNotAccepted("unknown");
  const { claim, claimedWith, userId } = parseOrder(found);
  if (claimedWith === digest) return new ClaimNotAccepted("used", userId);
  if (claim?.digest !== digest) return new ClaimNotAccepted("unknown");
  // One that is not over is refused to nobody but the order's own user.
  return new ClaimNotAccepted("expired", userId);
}
