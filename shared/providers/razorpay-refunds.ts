/** Refunds as Razorpay tells them: in its events, in answers and in lists. */
import { currencyCode, foreignId, foreignWords } from "./foreign.ts";
import * as z from "zod";
import type { RefundState } from "./provider.ts";
import type { RazorpayRefund } from "./razorpay-api.ts";
import { razorpayAmounts } from "./razorpay-currencies.ts";

/** What an event says of the refund that it is about. */
export const refundEntity = z.object({
  id: foreignId,
  amount: z.int(),
  currency: currencyCode,
  status: z.string().catch(""),
  notes: z.unknown(),
});

const refundStatuses = foreignWords<RefundState["status"]>({
  processed: "done",
  failed: "failed",
});

/** How far a refund is, in our words. */
export function refundState({ id, status }: { id: string; status: string }): RefundState {
  return { refundId: id, status: refundStatuses[status] ?? "requested" };
}

/** Notes are ours: only who has our secret key can write those of a refund. */
const ownNotes = z.object({ refundId: z.string() });

/** What of a refund is kept. */
const named = refundEntity.pick({ id: true, currency: true });

/** A refund as Razorpay tells it; undefined where its amount is no whole number of minor units. */
export function tellRefund(refund: Omit<RazorpayRefund, "notes"> & { notes?: unknown }) {
  if (!named.safeParse(refund).success) return undefined;
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
