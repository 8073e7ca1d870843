/** What Razorpay's objects look like, and how it counts money, as its documentation has it. */
import type { StandInAnswer } from "./stand-in.ts";

/** An order as Razorpay tells it. */
export interface RazorpayOrder {
  id: string;
  entity: "order";
  amount: number;
  amount_paid: number;
  amount_due: number;
  currency: string;
  receipt: string;
  offer_id: string | null;
  status: string;
  notes: Record<string, string>;
  created_at: number;
}

/** A payment as Razorpay tells it: one attempt to pay an order. */
export interface RazorpayPaymentEntity {
  id: string;
  entity: "payment";
  amount: number;
  amount_refunded: number;
  refund_status: string | null;
  currency: string;
  status: string;
  order_id: string;
  fee: number;
  notes: unknown;
  created_at: number;
}

/** A refund as Razorpay tells it. */
export interface RazorpayRefund {
  id: string;
  entity: "refund";
  payment_id: string;
  amount: number;
  currency: string;
  status: "pending" | "processed" | "failed";
  notes: unknown;
  receipt: string | null;
  created_at: number;
}

/** A dispute as Razorpay tells it. */
export interface RazorpayDispute {
  id: string;
  entity: "dispute";
  payment_id: string;
  amount: number;
  amount_deducted: number;
  currency: string;
  status: string;
  created_at: number;
}

/** An error as Razorpay words it: one code for nearly everything, and a text. */
export const refused = (description: string): StandInAnswer => ({
  status: 400,
  body: { error: { code: "BAD_REQUEST_ERROR", description } },
});

/** Sent with three decimals, the last of which must be 0. */
export const threeDecimal = new Set(["BHD", "KWD", "OMR"]);

/** What a shopper reads on the bank statement for one of Razorpay's numbers. */
export function razorpayDecimalText(amount: number, currency: string): string {
  const decimals = currency === "JPY" ? 0 : threeDecimal.has(currency) ? 3 : 2;
  return (amount / 10 ** decimals).toFixed(decimals);
}
