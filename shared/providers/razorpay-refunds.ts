/** Refunds as Razorpay tells them: in its events, in answers and in lists. */
import { z } from "zod";
import type { RefundState } from "./provider.ts";
import type { RazorpayRefund } from "./razorpay-api.ts";
import { razorpayAmounts } from "./razorpay-currencies.ts";

/** What an event says of the refund that it is about. */
export const refundEntity = z.object({
  id: z.string().min(1).max(255),
  amount: z.int(),
  currency: z.string(),
  status: z.string().catch(""),
  notes: z.unknown(),
});

const refundStatuses: Readonly<Record<string, RefundState["status"]>> = {
  processed: "done",
  failed: "failed",
};

/** How far a refund is, in our words. */
export function refundState({ id, status }: { id: string; status: string }): RefundState {
  return { refundId: id, status: refundStatuses[status] ?? "requested" };
}

/** Notes are ours: only who has our secret key can write those of a refund. */
const ownNotes = z.object({ refundId: z.string() });

/** A refund as Razorpay tells it; undefined where its amount is no whole number of minor units. */
export function tellRefund(refund: Omit<RazorpayRefund, "notes"> & { notes?: unknown }) {
  const amountMinor = razorpayAmounts.fromProvider(Number(refund.amount), refund.currency);
  if (amountMinor === undefined) return undefined;
  const ourRefundId = ownNotes.safeParse(refund.notes).data?.refundId;
  return { ...refundState(refund), amountMinor, ...(ourRefundId ? { ourRefundId } : {}) };
}

/** The event names the state; what the entity says can be of another moment. */
export function statusIn(event: string): { status?: string } {
  const [, status] = /^refund\.(processed|failed)$/.exec(event) ?? [];
  return status === undefined ? {} : { status };
}
