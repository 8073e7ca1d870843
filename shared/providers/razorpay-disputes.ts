/** Disputes as Razorpay tells them: what its words mean for the money. */
import { currencyCode, foreignId } from "./foreign.ts";
import * as z from "zod";
import { longestDisputeStatus, type ToldDispute } from "./dispute.ts";
import { razorpayAmounts } from "./razorpay-currencies.ts";

/** What an event says of the dispute that it is about. */
export const disputeEntity = z.object({
  id: foreignId,
  amount: z.int().nonnegative(),
  /** 0 until a dispute is lost. */
  amount_deducted: z.int().nonnegative().nullish(),
  currency: currencyCode,
  status: z.string().min(1).max(longestDisputeStatus),
  phase: z.string().nullish(),
  payment_id: foreignId.nullish(),
  created_at: z.int().nonnegative().optional().catch(undefined),
});

/** A bank asks or warns; nothing is claimed. */
const inquiries = new Set(["retrieval", "fraud"]);

const over = new Set(["won", "lost", "closed"]);

/** The event names the state; what the entity says can be of another moment. */
function pickStatus(status: string, event: string): string {
  const [, named] = /^payment\.dispute\.(won|lost|closed|under_review)$/.exec(event) ?? [];
  return named ?? status;
}

/** A dispute as an event tells it; undefined where its amount or its time cannot be read. */
export function tellDispute(
  entity: z.infer<typeof disputeEntity>,
  { event, created_at: created }: { event: string; created_at?: number | undefined },
): ToldDispute | undefined {
  const { id: disputeId, amount, amount_deducted: deducted, currency, phase } = entity;
  const amountMinor = razorpayAmounts.fromProvider(amount, currency);
  const deductedMinor = razorpayAmounts.fromProvider(deducted ?? 0, currency);
  if (amountMinor === undefined || deductedMinor === undefined || created === undefined) {
    return undefined;
  }
  const status = pickStatus(entity.status, event);
  const isOver = over.has(status);
  const claimedMinor = inquiries.has(phase ?? "") ? 0 : amountMinor;
  const lostMinor = status === "lost" ? deductedMinor || amountMinor : deductedMinor;
  const takenMinor = status === "won" ? 0 : isOver ? lostMinor : claimedMinor;
  return { disputeId, status, amountMinor, takenMinor, isOver, toldAtMs: created * 1000 };
}
