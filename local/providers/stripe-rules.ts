/** What Stripe's objects look like, and which amounts it takes, as its documentation has it. */
import type { StandInAnswer } from "./stand-in.ts";

/** A payment intent as Stripe tells it. */
export interface Intent {
  readonly id: string;
  readonly object: "payment_intent";
  readonly amount: number;
  readonly amount_received: number;
  readonly currency: string;
  readonly created: number;
  status: string;
  readonly metadata: Record<string, string>;
  readonly client_secret: string;
  readonly last_payment_error: unknown;
}

/** A refund as Stripe tells it. */
export interface StripeRefund {
  readonly id: string;
  readonly object: "refund";
  readonly payment_intent: string;
  readonly charge: string;
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  status: "pending" | "succeeded" | "failed" | "canceled";
  failure_reason?: string;
  readonly metadata: Record<string, string>;
}

/** A dispute as Stripe tells it. */
export interface StripeDispute {
  readonly id: string;
  readonly object: "dispute";
  readonly payment_intent: string;
  readonly charge: string;
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  status: string;
}

const zeroDecimal = new Set(
  "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" "),
);
const threeDecimal = new Set("BHD JOD KWD OMR TND".split(" "));
/** Documented as whole units that are sent with two decimals. */
const hundredfold = new Set(["ISK", "UGX"]);
const unsupported = new Set("CUP ERN IQD IRR KPW LYD MRU SDG SSP SYP VED VES".split(" "));
const minimums: Readonly<Record<string, number>> = {
  USD: 50,
  EUR: 50,
  GBP: 30,
  JPY: 50,
  HUF: 17_500,
};

/** What a shopper reads on the bank statement for one of Stripe's numbers. */
export function stripeDecimalText(amount: number, currency: string): string {
  const code = currency.toUpperCase();
  if (zeroDecimal.has(code)) return String(amount);
  if (hundredfold.has(code)) return String(amount / 100);
  const decimals = threeDecimal.has(code) ? 3 : 2;
  return (amount / 10 ** decimals).toFixed(decimals);
}

/** An error as Stripe words it; some come without a code. */
export const refused = (
  status: number,
  code: string | undefined,
  more: Record<string, unknown> = {},
): StandInAnswer => ({
  status,
  body: {
    error: {
      type: "invalid_request_error",
      ...(code === undefined ? {} : { code }),
      message: `stand-in: ${code ?? "refused"}`,
      ...more,
    },
  },
});

/** Stripe's refusal of a charge, or undefined when it would take it. */
export function whyNotCharged(amount: number, currency: string): StandInAnswer | undefined {
  if (!/^[A-Z]{3}$/.test(currency) || unsupported.has(currency)) {
    return refused(400, undefined, { param: "currency", message: `Invalid currency: ${currency}` });
  }
  if (!Number.isInteger(amount) || amount < 1) return refused(400, "parameter_invalid_integer");
  const step = hundredfold.has(currency) ? 100 : threeDecimal.has(currency) ? 10 : 1;
  if (amount % step !== 0) return refused(400, "parameter_invalid_integer", { param: "amount" });
  if (amount < (minimums[currency] ?? 1)) return refused(400, "amount_too_small");
  return amount > 999_999_999_999 ? refused(400, "amount_too_large") : undefined;
}
