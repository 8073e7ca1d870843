/** Razorpay on this machine: its API and its signed webhooks, played by a test or by hand. */
import { createHmac } from "node:crypto";
import { createRazorpayAccount, type RazorpayTeller } from "./razorpay-account.ts";
import { razorpayDecimalText, type RazorpayPaymentEntity, refused } from "./razorpay-rules.ts";
import {
  type ListedPayment,
  ok,
  type PlayableStandIn,
  type ProviderAction,
  type StandInAnswer,
  type StandInDelivery,
  type StandInRequest,
  type StandInStart,
  startStandIn,
} from "./stand-in.ts";

export { razorpayDecimalText, type RazorpayPaymentEntity } from "./razorpay-rules.ts";

/** The keys that the stand-in knows. */
export const razorpayKeys = {
  keyId: "rzp_test_standin",
  keySecret: "standin-key-secret",
  webhookSecret: "standin-webhook-secret",
};

/** HMAC-SHA256 as Razorpay signs with it. */
export function hmac(message: string, secret: string): string {
  return createHmac("sha256", secret).update(message).digest("hex");
}

/** A webhook of Razorpay's. Its event id header is covered by no signature. */
export function razorpayDelivery(
  event: string,
  payload: Record<string, unknown>,
  { createdAt = 1 }: { createdAt?: number } = {},
): StandInDelivery {
  const entities = Object.entries(payload).map(([name, entity]) => [name, { entity }] as const);
  const body = JSON.stringify({
    entity: "event",
    account_id: "acc_standin",
    event,
    contains: Object.keys(payload),
    payload: Object.fromEntries(entities),
    created_at: createdAt,
  });
  const signature = hmac(body, razorpayKeys.webhookSecret);
  return { body: Buffer.from(body), headers: { "x-razorpay-signature": signature } };
}

const possibleActions: Readonly<Record<string, readonly ProviderAction[]>> = {
  created: ["pay", "fail", "process"],
  authorized: ["pay", "fail"],
  captured: ["refund", "failRefund", "dispute", "winDispute", "loseDispute"],
  refunded: ["failRefund", "dispute"],
};

/** Those of a list within `from` and `to`, newest first, cut by `skip` and `count`. */
function collectionView(all: readonly { created_at: number }[], query: URLSearchParams) {
  const from = Number(query.get("from") ?? 0);
  const to = Number(query.get("to") ?? Number.POSITIVE_INFINITY);
  const within = all.filter(({ created_at: at }) => at >= from && at <= to).toReversed();
  const skip = Number(query.get("skip") ?? 0);
  const items = within.slice(skip, skip + Number(query.get("count") ?? 10));
  return ok({ entity: "collection", count: items.length, items });
}

type Account = ReturnType<typeof createRazorpayAccount>;

/** How new refunds begin; banks take days over most. */
interface RazorpaySettings {
  refundStatus: "processed" | "pending";
}

function routeOrders(
  account: Account,
  { method, body }: StandInRequest,
  id: string,
  action?: string,
) {
  if (method === "POST") return account.createOrder(body);
  const order = account.orders.get(id);
  if (!order) return refused("The id provided does not exist");
  const items = [...account.payments.values()].filter(({ order_id: of }) => of === id);
  return ok(action === "payments" ? { entity: "collection", count: items.length, items } : order);
}

function routePayments(
  account: Account,
  settings: RazorpaySettings,
  request: StandInRequest,
  [id, action, refundId]: readonly string[],
) {
  const { payments, refunds } = account;
  if (!id) return collectionView([...payments.values()], request.query);
  const payment = payments.get(id);
  if (!payment) return refused("The id provided does not exist");
  if (action === "refund") return account.refundAsAsked(payment, request, settings.refundStatus);
  const ours = refunds.filter((each) => each.payment_id === id);
  if (action === "refunds" && refundId) {
    const found = ours.find((each) => each.id === refundId);
    return found ? ok(found) : refused("The id provided does not exist");
  }
  if (action === "refunds") return ok({ entity: "collection", count: ours.length, items: ours });
  return ok(payment);
}

/** What may happen to a payment, as the page on this machine plays it. */
function createActions(
  account: Account,
): Record<ProviderAction, (payment: RazorpayPaymentEntity, amount?: number) => void> {
  const { refunds, disputes } = account;
  const openDispute = ({ id }: RazorpayPaymentEntity) => {
    const found = disputes.findLast((each) => each.payment_id === id);
    if (!found) throw new Error("There is no dispute");
    return found;
  };

  return {
    /** An amount below the order's is an offer, one above it a fee that the shopper bears. */
    pay(payment, amount = payment.amount) {
      payment.amount = amount;
      account.capture(payment);
    },
    fail: account.decline,
    process: account.authorize,
    refund: (payment, amount = payment.amount - payment.amount_refunded) =>
      void account.makeRefund(payment, amount),
    failRefund({ id }) {
      const refund = refunds.findLast((each) => each.payment_id === id && each.status !== "failed");
      if (!refund) throw new Error("There is no refund");
      account.updateRefund(refund, "failed");
    },
    dispute: (payment, amount = payment.amount) => void account.dispute(payment, amount),
    winDispute: (payment) => account.settleDispute(openDispute(payment), "won"),
    loseDispute: (payment) => account.settleDispute(openDispute(payment), "lost"),
  };
}

/** A payment, or an order that nobody has tried to pay, as the page lists it. */
const listed = (
  { orders }: Account,
  id: string,
  { amount, currency, status }: { amount: number; currency: string; status: string },
  orderId: string,
  refunded: number,
): ListedPayment => ({
  id,
  about: orders.get(orderId)?.receipt ?? "",
  amount,
  currency,
  status: `${status}, ${razorpayDecimalText(amount, currency)}`,
  refunded,
  actions: possibleActions[status] ?? [],
});

/** Starts the stand-in; money is in `payments`, `refunds` and `disputes`. */
export async function startRazorpay({ now = Date.now, firstNumber = 0 }: StandInStart = {}) {
  const standIn = await startStandIn(answer);
  const tell: RazorpayTeller = (event, payload) =>
    standIn.onEvent(razorpayDelivery(event, payload, { createdAt: Math.floor(now() / 1000) }));
  const account = createRazorpayAccount(now, tell, firstNumber);
  const { orders, payments, refunds, disputes } = account;
  const settings: RazorpaySettings = { refundStatus: "processed" };
  const actions = createActions(account);

  function answer(request: StandInRequest): StandInAnswer {
    const { keyId, keySecret } = razorpayKeys;
    const basic = Buffer.from(`${keyId}:${keySecret}`).toString("base64");
    if (request.headers.authorization !== `Basic ${basic}`) {
      return { status: 401, body: { error: { code: "BAD_REQUEST_ERROR" } } };
    }
    const [, , resource, id = "", action, ...rest] = request.path.split("/");
    if (resource === "refunds") return collectionView(refunds, request.query);
    if (resource === "disputes") return collectionView(disputes, request.query);
    if (resource === "orders") return routeOrders(account, request, id, action);
    return routePayments(account, settings, request, [id, action ?? "", ...rest]);
  }

  /** On the page an order that nobody has tried to pay yet is played like a payment. */
  function getPayment(id: string): RazorpayPaymentEntity {
    if (orders.has(id)) return account.attempt(id, "created");
    const payment = payments.get(id);
    if (!payment) throw new Error(`There is no payment ${id}`);
    return payment;
  }

  return Object.assign(standIn, {
    account,
    orders,
    payments,
    refunds,
    disputes,
    settings,
    attempt: account.attempt,
    /** What Razorpay's checkout hands to the browser. */
    returned(orderId: string, paymentId: string) {
      return {
        razorpay_order_id: orderId,
        razorpay_payment_id: paymentId,
        razorpay_signature: hmac(`${orderId}|${paymentId}`, razorpayKeys.keySecret),
      };
    },
    list(): ListedPayment[] {
      const tried = new Set([...payments.values()].map((payment) => payment.order_id));
      const untried = [...orders.values()].filter(({ id }) => !tried.has(id));
      return [
        ...untried.map((order) => listed(account, order.id, order, order.id, 0)),
        ...[...payments.values()].map((payment) =>
          listed(account, payment.id, payment, payment.order_id, payment.amount_refunded),
        ),
      ];
    },
    act(id: string, action: ProviderAction, amount?: number) {
      actions[action](getPayment(id), amount);
    },
  }) satisfies PlayableStandIn;
}

/** Razorpay's stand-in. */
export type RazorpayStandIn = Awaited<ReturnType<typeof startRazorpay>>;
