/**
 * Under which names facts and events are kept: those from outside are too long for keys at times.
 *
 * @see docs/decisions/0008-payments.md
 */
import { derivedId } from "../base/ids.ts";
import type { PaymentFact } from "../providers/provider.ts";

const longestKey = 64;

/** A name from outside as a part of a key: long ones by their digest, because keys have limits. */
export function foreignKey(foreignId: string): string {
  return foreignId.length <= longestKey ? foreignId : derivedId("sha", foreignId);
}

/** Under which name a fact is remembered: the same money is the same fact, however often it is told. */
export function factKey({
  kind,
  paymentId,
  refundId,
  dispute,
}: Pick<PaymentFact, "kind" | "paymentId" | "refundId" | "dispute">): string {
  return `${kind}:${foreignKey(dispute?.disputeId ?? refundId ?? paymentId)}`;
}
