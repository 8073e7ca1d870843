/** What the books of the providers' stand-ins say that came and went back, as it stands on bank statements. */
import { razorpayDecimalText } from "../../../local/providers/razorpay.ts";
import { stripeDecimalText } from "../../../local/providers/stripe.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { HistoryStandIns } from "./histories.ts";

/** One payment whose money came, as decimal text. */
export interface Captured {
  readonly paymentId: string;
  readonly paid: string;
  readonly back: string;
}

/** By the transactions that the shop has started: whose they are is what the provider may have been told wrong. */
type Lists = { [Name in keyof HistoryStandIns]: (ids: ReadonlySet<string>) => Captured[] };

function createLists({ stripe, razorpay, wompi, mercadopago }: HistoryStandIns): Lists {
  return {
    stripe: (ids) =>
      [...stripe.intents.values()]
        .filter(({ id, status }) => ids.has(id) && status === "succeeded")
        .map(({ id, amount_received: amount, currency }) => ({
          paymentId: id,
          paid: stripeDecimalText(amount, currency),
          back: stripeDecimalText(stripe.account.sumRefunded(id), currency),
        })),
    razorpay: (ids) =>
      [...razorpay.payments.values()]
        .filter(({ order_id: of, status }) => {
          return ids.has(of) && ["captured", "refunded"].includes(status);
        })
        .map(({ id, amount, amount_refunded: back, currency }) => ({
          paymentId: id,
          paid: razorpayDecimalText(amount, currency),
          back: razorpayDecimalText(back, currency),
        })),
    wompi: (ids) =>
      [...wompi.transactions.values()]
        .filter(({ reference, status }) => {
          return ids.has(reference) && ["APPROVED", "VOIDED"].includes(status);
        })
        .map(({ id, amount_in_cents: cents, status }) => ({
          paymentId: id,
          paid: (cents / 100).toFixed(2),
          back: ((status === "VOIDED" ? cents : 0) / 100).toFixed(2),
        })),
    mercadopago: (ids) =>
      [...mercadopago.payments.values()]
        .filter(({ external_reference: reference, status }) => {
          return ids.has(reference) && ["approved", "refunded"].includes(status);
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
  { payment }: Order,
): Captured[] {
  const ids = new Set(Object.keys(payment?.transactions ?? {}));
  return createLists(standIns)[name](ids);
}
