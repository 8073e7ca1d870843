/** What Razorpay's objects look like, and how it counts money, as its documentation has it. */
import type { StandInAnswer } from "./stand-in.ts";

/** An order as Razorpay tells it. */
export interface RazorpayOrder {
  readonly id: string;
  readonly entity: "order";
  readonly amount: number;
  readonly amount_paid: number;
  readonly amount_due: number;
  readonly currency: string;
  readonly receipt: string;
  offer_id: string | null;
  readonly status: string;
  readonly notes: Record<string, string>;
  readonly created_at: number;
}

/** A payment as Razorpay tells it: one attempt to pay an order. */
export interface RazorpayPaymentEntity {
  readonly id: string;
  readonly entity: "payment";
  amount: number;
  amount_refunded: number;
  refund_status: string | null;
  readonly currency: string;
  status: string;
  readonly order_id: string;
  readonly fee: number;
  readonly notes: unknown;
  readonly created_at: number;
}

/** A refund as Razorpay tells it. */
export interface RazorpayRefund {
  readonly id: string;
  readonly entity: "refund";
  readonly payment_id: string;
  readonly amount: number;
  readonly currency: string;
  status: "pending" | "processed" | "failed";
  readonly notes: unknown;
  readonly receipt: string | null;
  readonly created_at: number;
}

/** A dispute as Razorpay tells it. */
export interface RazorpayDispute {
  readonly id: string;
  readonly entity: "dispute";
  readonly payment_id: string;
  readonly amount: number;
  amount_deducted: number;
  readonly currency: string;
  status: string;
  readonly created_at: number;
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
