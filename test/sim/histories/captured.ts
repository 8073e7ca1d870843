/** What the books of the providers' stand-ins say that came and went back, as it stands on bank statements. */
import { razorpayDecimalText } from "../../../local/providers/razorpay.ts";
import { stripeDecimalText } from "../../../local/providers/stripe.ts";
import type { HistoryStandIns } from "./histories.ts";

/** One payment whose money came, as decimal text. */
export interface Captured {
  readonly paymentId: string;
  readonly paid: string;
  readonly back: string;
}

type Lists = { [Name in keyof HistoryStandIns]: (orderId: string) => Captured[] };

function createLists({ stripe, razorpay, wompi, mercadopago }: HistoryStandIns): Lists {
  return {
    stripe: (orderId) =>
      [...stripe.intents.values()]
        .filter(({ status, metadata }) => {
          return metadata["orderId"] === orderId && status === "succeeded";
        })
        .map(({ id, amount_received: amount, currency }) => ({
          paymentId: id,
          paid: stripeDecimalText(amount, currency),
          back: stripeDecimalText(stripe.account.sumRefunded(id), currency),
        })),
    razorpay: (orderId) =>
      [...razorpay.payments.values()]
        .filter(({ order_id: of, status }) => {
          const isOurs = razorpay.orders.get(of)?.receipt === orderId;
          return isOurs && ["captured", "refunded"].includes(status);
        })
        .map(({ id, amount, amount_refunded: back, currency }) => ({
          paymentId: id,
          paid: razorpayDecimalText(amount, currency),
          back: razorpayDecimalText(back, currency),
        })),
    wompi: (orderId) =>
      [...wompi.transactions.values()]
        .filter(({ reference, status }) => {
          return reference.startsWith(orderId) && ["APPROVED", "VOIDED"].includes(status);
        })
        .map(({ id, amount_in_cents: cents, status }) => ({
          paymentId: id,
          paid: (cents / 100).toFixed(2),
          back: ((status === "VOIDED" ? cents : 0) / 100).toFixed(2),
        })),
    mercadopago: (orderId) =>
      [...mercadopago.payments.values()]
        .filter(({ external_reference: reference, status }) => {
          return reference === orderId && ["approved", "refunded"].includes(status);
        })
        .map(({ id, transaction_amount: paid, transaction_amount_refunded: back }) => ({
          paymentId: String(id),
          paid: String(paid),
          back: String(back),
        })),
  };
}

/** All payments of an order at a provider whose money came. */
export function listCaptured(
  standIns: HistoryStandIns,
  name: keyof HistoryStandIns,
  orderId: string,
): Captured[] {
  return createLists(standIns)[name](orderId);
}
