/** What happened at Razorpay lately: payments, then refunds, then disputes, so many skipped of each list. */
import { longestDisputeMs, readAsOfMs } from "./dispute.ts";
import type { PaymentFact, RecentPayments, RecentQuery } from "./provider.ts";
import type {
  RazorpayApi,
  RazorpayOrder,
  RazorpayPayment,
  RazorpayRefund,
} from "./razorpay-api.ts";
import { disputeEntity, tellDispute } from "./razorpay-disputes.ts";
import { tellRefund } from "./razorpay-refunds.ts";

const pageSize = 100;

/** What a list is read with. */
interface Reading {
  readonly api: RazorpayApi;
  readonly parse: (payment: RazorpayPayment, order: RazorpayOrder) => PaymentFact | undefined;
  readonly nowMs: number;
}

/** Whose a payment is only its order says: a fact names none and is not certain, so who needs it asks for the payment. */
function aboutPayment(
  kind: "refunded" | "disputed",
  paymentId: string,
  amountMinor: number,
  currency: string,
): PaymentFact {
  const nobody = { orderId: "", transactionId: "", certain: false } as const;
  return { kind, provider: "razorpay", ...nobody, paymentId, amountMinor, currency, type: kind };
}

function refundFact(refund: RazorpayRefund): PaymentFact | undefined {
  const told = tellRefund(refund);
  if (!told || !refund.payment_id) return undefined;
  const fact = aboutPayment("refunded", refund.payment_id, told.amountMinor, refund.currency);
  return { ...fact, refunds: [told], refundId: told.refundId };
}

function disputeFact(object: unknown, nowMs: number): PaymentFact | undefined {
  const entity = disputeEntity.safeParse(object).data;
  if (!entity?.payment_id || entity.created_at === undefined) return undefined;
  const created_at = readAsOfMs(entity.created_at, nowMs) / 1000;
  const dispute = tellDispute(entity, { event: "", created_at });
  if (!dispute) return undefined;
  const { amountMinor } = dispute;
  return {
    ...aboutPayment("disputed", entity.payment_id, amountMinor, entity.currency),
    dispute,
  };
}

const lists = ["payments", "refunds", "disputes"] as const;

/** A page of all of it: the cursor names the list and how many are behind. Disputes know no range: the newest are first. */
export async function listRazorpay(
  { api, parse, nowMs }: Reading,
  { sinceMs, untilMs, cursor = "payments/0" }: RecentQuery,
): Promise<RecentPayments> {
  const [name, skipped] = cursor.split("/") as [(typeof lists)[number], string];
  const skip = Number(skipped);
  const range = { from: Math.floor(sinceMs / 1000), to: Math.ceil(untilMs / 1000), skip };
  const parsePayment = (payment: RazorpayPayment): PaymentFact | undefined => {
    const fact = parse(payment, { id: payment.id, receipt: payment.id });
    return fact && { ...fact, orderId: "", certain: false };
  };
  const isRecent = ({ created_at: at = 0 }: { created_at?: number }): boolean =>
    at >= range.from - longestDisputeMs / 1000;
  const readers = {
    payments: async () => (await api.listAllPayments(range)).map(parsePayment),
    refunds: async () => (await api.listAllRefunds(range)).map(refundFact),
    disputes: async () =>
      (await api.listAllDisputes(skip)).filter(isRecent).map((each) => disputeFact(each, nowMs)),
  };
  const page = await readers[name]();
  const facts = page.flatMap((fact) => fact ?? []);
  if (page.length === pageSize) return { facts, cursor: `${name}/${skip + pageSize}` };
  const next = lists[lists.indexOf(name) + 1];
  return { facts, ...(next ? { cursor: `${next}/0` } : {}) };
}
