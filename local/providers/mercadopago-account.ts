/** An account at Mercado Pago on this machine: what may happen to payments, and what is refused. */
import { type Now, ok, type StandInAnswer } from "./stand-in.ts";

/** A payment as Mercado Pago tells it; amounts are decimal numbers. */
export interface MercadopagoEntity {
  readonly id: number;
  readonly external_reference: string;
  readonly transaction_amount: number;
  readonly currency_id: string;
  readonly date_created: string;
  date_last_updated: string;
  status: string;
  status_detail: string;
  transaction_amount_refunded: number;
}

/** What a checkout page is made from. */
export interface Preference {
  readonly id: string;
  readonly items: readonly { unit_price: number; currency_id: string; quantity: number }[];
  readonly external_reference: string;
  expires?: boolean;
  expiration_date_to?: string;
}

interface Refund {
  readonly id: number;
  readonly payment_id: number;
  readonly amount: number;
  readonly key: string;
  status: string;
}

/** A payment that a cardholder wants back; whether it is covered decides it. */
interface Chargeback {
  readonly id: string;
  readonly payments: readonly number[];
  readonly currency: string;
  readonly amount: number;
  readonly date_created: string;
  coverage_applied: boolean | null;
  date_last_updated: string;
}

/** Amounts are compared in thousandths, the finest part of any currency. */
const thousandths = (amount: number): number => Math.round(amount * 1_000);

/** An error as it is told: by a number for the cause. */
export const refusal = (status: number, code: number): StandInAnswer => ({
  status,
  body: { status, error: "bad_request", message: "told in words", cause: [{ code }] },
});

/** Tells of something that changed. */
type MercadopagoTeller = (id: number | string, topic?: string) => void;

/** Opens the books; `tell` is called for every change of a payment, and of a chargeback with its topic. */
export function createBooks(now: Now, tell: MercadopagoTeller, firstNumber = 0) {
  const preferences = new Map<string, Preference>();
  const payments = new Map<number, MercadopagoEntity>();
  const refunds: Refund[] = [];
  const chargebacks: Chargeback[] = [];
  let serial = 1_000_000_000 + firstNumber;
  const next = (): number => (serial += 1);
  const instant = (): string => new Date(now()).toISOString();

  function move(payment: MercadopagoEntity, status: string, detail = status): MercadopagoEntity {
    Object.assign(payment, { status, status_detail: detail, date_last_updated: instant() });
    tell(payment.id);
    return payment;
  }

  function pay(
    about: { reference: string; amount: number; currency: string },
    status: string,
    id = next(),
  ): MercadopagoEntity {
    const payment = {
      id,
      external_reference: about.reference,
      transaction_amount: about.amount,
      currency_id: about.currency,
      date_created: instant(),
      date_last_updated: instant(),
      status,
      status_detail: status,
      transaction_amount_refunded: 0,
    };
    payments.set(id, payment);
    return payment;
  }

  /** Never more than what is left, and only of what was approved. */
  function makeRefund(payment: MercadopagoEntity, amount: number, key: string): StandInAnswer {
    const before = refunds.find((each) => each.key === key && each.payment_id === payment.id);
    if (before) return ok(before);
    const { transaction_amount: all, transaction_amount_refunded: gone } = payment;
    const back = thousandths(gone) + thousandths(amount);
    if (payment.status !== "approved" || back > thousandths(all)) return refusal(400, 2063);
    if (amount <= 0) return refusal(400, 4040);
    const refund = { id: next(), payment_id: payment.id, amount, key, status: "approved" };
    refunds.push(refund);
    payment.transaction_amount_refunded = back / 1_000;
    if (back === thousandths(all)) move(payment, "refunded");
    else move(payment, "approved", "partially_refunded");
    return { status: 201, body: refund };
  }

  function dispute(payment: MercadopagoEntity, amount: number): void {
    // Such ids have more digits than a number keeps.
    const [id, at] = [`23300006${next()}`, instant()];
    const about = { payments: [payment.id], currency: payment.currency_id, amount };
    const dated = { date_created: at, date_last_updated: at };
    chargebacks.push({ id, ...about, ...dated, coverage_applied: null });
    move(payment, "charged_back", "in_process");
    tell(id, "topic_chargebacks_wh");
  }

  /** The last chargeback of a payment is decided. */
  function decideDispute(payment: MercadopagoEntity, isCovered: boolean): void {
    const chargeback = chargebacks.findLast(({ payments: [of] }) => of === payment.id);
    if (chargeback?.coverage_applied !== null) throw new Error("There is no open chargeback");
    Object.assign(chargeback, { coverage_applied: isCovered, date_last_updated: instant() });
    move(payment, "charged_back", isCovered ? "reimbursed" : "settled");
    tell(chargeback.id, "topic_chargebacks_wh");
  }

  const acts = { next, move, pay, makeRefund, dispute, decideDispute };
  return { preferences, payments, refunds, chargebacks, ...acts };
}

/** See `createBooks`. */
export type Books = ReturnType<typeof createBooks>;
