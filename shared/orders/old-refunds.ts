/** Reads orders that were written when an order had one refund, and one more for each further payment. */
import type { EpochMs } from "../base/time.ts";
import type { Row } from "../table/write.ts";
import type { Order, Payment, Refund, RefundEntry } from "./order.ts";

/** A refund as it was kept then; `refundId` was the provider's name for it. */
type OldRefund = Omit<Refund, "createdAtMs" | "refundId"> & { readonly refundId?: string };

interface OldOrder {
  readonly orderId: string;
  readonly createdAtMs: EpochMs;
  readonly payment?: Payment & { readonly refund?: OldRefund };
  readonly extraRefunds?: Readonly<Record<string, OldRefund>>;
}

function carryOver(refund: OldRefund, createdAtMs: EpochMs): RefundEntry {
  const { refundId, provider, transactionId, paymentId, currency, ...entry } = refund;
  const of = { provider, transactionId, paymentId, currency };
  return {
    ...entry,
    of,
    createdAtMs,
    ...(refundId === undefined ? {} : { providerRefundId: refundId }),
  };
}

/** A stored row as an order of today. What was asked for keeps its id, which is its key at the provider. */
export function parseOrderRow(row: Row): Order {
  const old = row as unknown as OldOrder;
  if (!old.payment?.refund && !old.extraRefunds) return row as unknown as Order;
  const { extraRefunds = {}, payment: paid, ...order } = old;
  const { refund, ...payment } = paid!;
  const { orderId, createdAtMs } = old;
  const atMs = payment.capturedAtMs ?? createdAtMs;
  const extras = Object.entries(extraRefunds);
  const refunds: Record<string, RefundEntry> = {
    ...payment.refunds,
    ...(refund ? { [orderId]: carryOver(refund, atMs) } : {}),
    ...Object.fromEntries(extras.map(([id, each]) => [`${orderId}-${id}`, carryOver(each, atMs)])),
  };
  const extraMinor = {
    ...payment.extraMinor,
    ...Object.fromEntries(extras.map(([paymentId, { amountMinor }]) => [paymentId, amountMinor])),
  };
  return { ...order, payment: { ...payment, refunds, extraMinor } } as unknown as Order;
}
