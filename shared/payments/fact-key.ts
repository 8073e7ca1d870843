/**
 * Under which names facts and events are kept: those from outside are too long for keys at times.
 *
 * @see docs/decisions/0008-payments.md
 */
import { derivedId } from "../base/derived-ids.ts";
import type { PaymentFact } from "../providers/provider.ts";

const longestKey = 64;

/** A name from outside as a part of a key: long ones by their digest, because keys have limits. */
export function foreignKey(foreignId: string): string {
  return foreignId.length <= longestKey ? foreignId : derivedId("sha", foreignId);
}

/** What of a fact its names are made from. */
type Named = Pick<
  PaymentFact,
  "kind" | "paymentId" | "refundId" | "refunds" | "dispute" | "eventId"
>;

/** By what a telling is known again: the provider's event, or, where it was an answer, what that said. */
export function tellingId({ eventId, refunds, dispute }: Named): string {
  return derivedId("by", eventId ?? [refunds, dispute]);
}

const makeName = ({ kind, paymentId, refundId, dispute }: Named): string =>
  `${kind}:${foreignKey(dispute?.disputeId ?? refundId ?? paymentId)}`;

/** Under which name one telling of a fact is kept. */
export function tellingKey(fact: Named): string {
  return `${makeName(fact)}#${tellingId(fact)}`;
}

/**
 * Under which name a fact is remembered: the same money is the same fact, however often it is told. Refunds and
 * disputes go on, so each telling of one is a fact of its own.
 */
export function factKey(fact: Named): string {
  const goesOn = fact.kind === "refunded" || fact.kind === "disputed";
  return goesOn ? tellingKey(fact) : makeName(fact);
}
