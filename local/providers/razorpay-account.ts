/** A Razorpay account on this machine: orders, payments, refunds and disputes, with its documented refusals. */
import {
  type RazorpayDispute,
  type RazorpayOrder,
  type RazorpayPaymentEntity,
  type RazorpayRefund,
  refused,
  threeDecimal,
} from "./razorpay-rules.ts";
import { ok, type Now, type StandInAnswer, type StandInRequest } from "./stand-in.ts";

/** Tells of something that happened, as Razorpay's webhook would; entities by their names. */
export type RazorpayTeller = (event: string, payload: Record<string, unknown>) => void;

/** What is in an account, and what all that happens in it needs. */
function createBooks(now: Now, tell: RazorpayTeller, firstNumber: number) {
  let serial = firstNumber;
  return {
    orders: new Map<string, RazorpayOrder>(),
    payments: new Map<string, RazorpayPaymentEntity>(),
    refunds: [] as RazorpayRefund[],
    disputes: [] as RazorpayDispute[],
    tell,
    seconds: (): number => Math.floor(now() / 1000),
    makeId: (prefix: string): string => `${prefix}_${(serial += 1)}`,
  };
}

type Books = ReturnType<typeof createBooks>;

function createPayments({ orders, payments, tell, seconds, makeId }: Books) {
  function createOrder(body: string): StandInAnswer {
    const { amount, currency, receipt = "", notes = {} } = JSON.parse(body) as RazorpayOrder;
    if (amount < (currency === "INR" ? 100 : 1)) {
      return refused("Order amount less than minimum amount allowed");
    }
    if (threeDecimal.has(currency) && amount % 10 !== 0) return refused("Invalid amount");
    if (["CLF", "XAF", "KPW"].includes(currency)) return refused("Currency is not supported");
    const money = { amount, amount_paid: 0, amount_due: amount, currency };
    const order: RazorpayOrder = {
      id: makeId("order"),
      entity: "order",
      ...money,
      receipt,
      offer_id: null,
      status: "created",
      notes,
      created_at: seconds(),
    };
    orders.set(order.id, order);
    return ok(order);
  }

  /** A shopper tries to pay an order; every try is a payment of its own. */
  function attempt(
    orderId: string,
    status: string,
    paymentId = makeId("pay"),
    amount = orders.get(orderId)!.amount,
  ): RazorpayPaymentEntity {
    const { currency } = orders.get(orderId)!;
    const payment: RazorpayPaymentEntity = {
      id: paymentId,
      entity: "payment",
      amount,
      amount_refunded: 0,
      refund_status: null,
      currency,
      status,
      order_id: orderId,
      fee: 0,
      notes: [],
      created_at: seconds(),
    };
    payments.set(paymentId, payment);
    return payment;
  }

  return {
    createOrder,
    attempt,
    /** The payment takes the order's money: with an offer less was paid, with a fee on top more. */
    capture(payment: RazorpayPaymentEntity): void {
      const order = orders.get(payment.order_id)!;
      payment.status = "captured";
      Object.assign(order, { status: "paid", amount_paid: order.amount, amount_due: 0 });
      if (payment.amount < order.amount) order.offer_id = "offer_standin";
      tell("payment.captured", { payment });
      tell("order.paid", { payment, order });
    },
    authorize(payment: RazorpayPaymentEntity): void {
      payment.status = "authorized";
      tell("payment.authorized", { payment });
    },
    decline(payment: RazorpayPaymentEntity): void {
      payment.status = "failed";
      tell("payment.failed", { payment });
    },
  };
}

function createRefunds({ payments, refunds, tell, seconds, makeId }: Books) {
  const remembered = new Map<string, { body: string; answer: StandInAnswer }>();

  function makeRefund(
    payment: RazorpayPaymentEntity,
    amount: number,
    more: Partial<RazorpayRefund> = {},
  ): RazorpayRefund {
    const refund: RazorpayRefund = {
      id: makeId("rfnd"),
      entity: "refund",
      payment_id: payment.id,
      amount,
      currency: payment.currency,
      status: "processed",
      notes: [],
      receipt: null,
      created_at: seconds(),
      ...more,
    };
    refunds.push(refund);
    payment.amount_refunded += amount;
    const isAll = payment.amount_refunded === payment.amount;
    payment.refund_status = isAll ? "full" : "partial";
    if (isAll) payment.status = "refunded";
    tell("refund.created", { refund, payment });
    if (refund.status === "processed") tell("refund.processed", { refund, payment });
    return refund;
  }

  /** The money of a refund that failed comes home: it can be paid back again. */
  function updateRefund(refund: RazorpayRefund, status: "processed" | "failed"): void {
    const payment = payments.get(refund.payment_id)!;
    if (status === "failed" && refund.status !== "failed") {
      payment.amount_refunded -= refund.amount;
      payment.status = "captured";
      payment.refund_status = payment.amount_refunded > 0 ? "partial" : null;
    }
    refund.status = status;
    tell(`refund.${status}`, { refund, payment });
  }

  function refundAsAsked(
    payment: RazorpayPaymentEntity,
    { body, headers }: StandInRequest,
    status: RazorpayRefund["status"],
  ): StandInAnswer {
    const key = headers["x-refund-idempotency"];
    const before = typeof key === "string" ? remembered.get(key) : undefined;
    if (before) return before.body === body ? before.answer : refused("Different payload");
    if (!["captured", "refunded"].includes(payment.status)) {
      return refused("The payment status should be captured for action to be taken");
    }
    const wish = JSON.parse(body || "{}") as Partial<RazorpayRefund>;
    const rest = payment.amount - payment.amount_refunded;
    if (rest <= 0) return refused("The payment has been fully refunded already");
    const { amount = rest, notes = [], receipt = null } = wish;
    if (amount > rest) {
      return refused("The refund amount provided is greater than amount captured");
    }
    const answer = ok(structuredClone(makeRefund(payment, amount, { notes, receipt, status })));
    if (typeof key === "string") remembered.set(key, { body, answer });
    return answer;
  }

  return { makeRefund, updateRefund, refundAsAsked };
}

function createDisputes({ payments, disputes, tell, seconds, makeId }: Books) {
  return {
    dispute(payment: RazorpayPaymentEntity, amount: number): RazorpayDispute {
      const dispute: RazorpayDispute = {
        id: makeId("disp"),
        entity: "dispute",
        payment_id: payment.id,
        amount,
        amount_deducted: 0,
        currency: payment.currency,
        status: "open",
        created_at: seconds(),
      };
      disputes.push(dispute);
      tell("payment.dispute.created", { payment, dispute });
      return dispute;
    },
    settleDispute(dispute: RazorpayDispute, status: "won" | "lost"): void {
      if (["won", "lost"].includes(dispute.status)) throw new Error("This dispute is over");
      dispute.status = status;
      if (status === "lost") dispute.amount_deducted = dispute.amount;
      tell(`payment.dispute.${status}`, { payment: payments.get(dispute.payment_id)!, dispute });
    },
  };
}

/** Makes an account; whatever happens in it is told to `tell`. */
export function createRazorpayAccount(now: Now, tell: RazorpayTeller, firstNumber = 0) {
  const books = createBooks(now, tell, firstNumber);
  const { orders, payments, refunds, disputes } = books;
  return {
    orders,
    payments,
    refunds,
    disputes,
    ...createPayments(books),
    ...createRefunds(books),
    ...createDisputes(books),
  };
}
