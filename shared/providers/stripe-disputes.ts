/** Disputes as Stripe tells them: what its words mean for the money. */
import { currencyCode, foreignId } from "./foreign.ts";
import * as z from "zod";
import { longestDisputeStatus, type ToldDispute } from "./dispute.ts";
import { stripeAmounts } from "./stripe-currencies.ts";
import { reference, type StripeEvent } from "./stripe-events.ts";

const disputeTypes = new Set([
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.closed",
  "charge.dispute.funds_withdrawn",
  "charge.dispute.funds_reinstated",
]);

const disputeSchema = z.object({
  id: foreignId,
  amount: z.int().nonnegative(),
  currency: currencyCode,
  status: z.string().min(1).max(longestDisputeStatus),
  payment_intent: reference,
});

/** An inquiry takes nothing; every other dispute takes its amount as long as it is not won. */
const takeNothing = new Set([
  "warning_needs_response",
  "warning_under_review",
  "warning_closed",
  "won",
]);

/** `prevented` is one that Visa's rapid resolution has paid back at once. An appeal opens one again. */
const over = new Set(["won", "lost", "warning_closed", "prevented"]);

/** A dispute with the payment intent that it is about. */
export interface DisputedIntent {
  readonly intentId: string;
  readonly currency: string;
  readonly dispute: ToldDispute;
}

const ofNoIntent = z.object({ payment_intent: z.null() });

/**
 * The dispute that an event tells of: `unreadable` where it does not say what it must, undefined for other events and
 * for charges of no intent, which are none of ours.
 */
export function findDisputed(event: StripeEvent): DisputedIntent | "unreadable" | undefined {
  const { type, object, created } = event;
  if (!disputeTypes.has(type) || ofNoIntent.safeParse(object).success) return undefined;
  return created === undefined ? "unreadable" : tellDispute(object, created * 1000);
}

/** What a dispute says as of an instant. */
export function tellDispute(object: unknown, toldAtMs: number): DisputedIntent | "unreadable" {
  const told = disputeSchema.safeParse(object).data;
  if (!told) return "unreadable";
  const { id: disputeId, status, payment_intent: intentId } = told;
  const currency = told.currency.toUpperCase();
  const amountMinor = stripeAmounts.fromProvider(told.amount, currency);
  if (amountMinor === undefined) return "unreadable";
  const takenMinor = takeNothing.has(status) ? 0 : amountMinor;
  const isOver = over.has(status);
  return {
    intentId,
    currency,
    dispute: { disputeId, status, amountMinor, takenMinor, isOver, toldAtMs },
  };
}
