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
  /** Lost for good to banks that wanted it back. */
  readonly lost: string;
}

/** By the transactions that the shop has started: whose they are is what the provider may have been told wrong. */
type Lists = { [Name in keyof HistoryStandIns]: (ids: ReadonlySet<string>) => Captured[] };

const sum = <T>(all: readonly T[], amountOf: (each: T) => number): number =>
  all.reduce((total, each) => total + amountOf(each), 0);

function createLists({ stripe, razorpay, wompi, mercadopago }: HistoryStandIns): Lists {
  return {
    stripe: (ids) =>
      [...stripe.intents.values()]
        .filter(({ id, status }) => ids.has(id) && status === "succeeded")
        .map(({ id, amount_received: amount, currency }) => ({
          paymentId: id,
          paid: stripeDecimalText(amount, currency),
          back: stripeDecimalText(stripe.account.sumRefunded(id), currency),
          lost: stripeDecimalText(
            sum(stripe.disputes, (each) => {
              return each.payment_intent === id && each.status === "lost" ? each.amount : 0;
            }),
            currency,
          ),
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
          lost: razorpayDecimalText(
            sum(razorpay.disputes, (each) => (each.payment_id === id ? each.amount_deducted : 0)),
            currency,
          ),
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
          lost: "0",
        })),
    mercadopago: (ids) =>
      [...mercadopago.payments.values()]
        .filter(({ external_reference: reference, status }) => {
          return ids.has(reference) && ["approved", "refunded", "charged_back"].includes(status);
        })
        .map(({ id, transaction_amount: paid, transaction_amount_refunded: back }) => ({
          paymentId: String(id),
          paid: String(paid),
          back: String(back),
          lost: String(
            sum(mercadopago.chargebacks, (each) => {
              return each.payments.includes(id) && each.coverage_applied === false
                ? each.amount
                : 0;
            }),
          ),
        })),
  };
}

/** All payments of an order at a provider whose money came. */
export function listCaptured(
  standIns: HistoryStandIns,
  name: keyof HistoryStandIns,
  { payment }: Order,
): Captured[] {
  // One whose making was not answered is known by its money only.
  const settled = payment ? [payment.transactionId] : [];
  const ids = new Set([...settled, ...Object.keys(payment?.transactions ?? {})]);
  return createLists(standIns)[name](ids);
}
