/** P3 and P9: every payment that was captured bought something or went back, and no more than it brought. */
import type { Order } from "../../../shared/orders/order.ts";
import { listRefunds } from "../../../shared/payments/refunds/refund.ts";
import { InvariantBroken } from "../scheduler/world.ts";
import type { Bank, Capture } from "../workloads/bank.ts";

function broken(invariant: string, detail: string): never {
  throw new InvariantBroken(invariant, detail);
}

/** What the order says of a payment is what the bank says. */
function checkCapture(order: Order | undefined, bank: Bank, capture: Capture): void {
  const { orderId, paymentId, amountMinor } = capture;
  const own = (order ? listRefunds(order) : []).filter((refund) => refund.paymentId === paymentId);
  const doneOf = (those: typeof own): number =>
    those
      .filter(({ status }) => status === "done")
      .reduce((sum, each) => sum + each.amountMinor, 0);
  // Of cash no bank knows: it is what was said here, and may be said without knowing what went back at the bank.
  const isCash = (each: (typeof own)[number]): boolean =>
    each.isOutside === true && each.providerRefundId === undefined;
  const cash = doneOf(own.filter(isCash));
  const back = bank.refundedFor(paymentId) + cash;
  // What was lost to a dispute is with the shopper, too.
  const lost = bank.takenFrom(paymentId, ["lost"]);
  const gone = back + lost;
  const detail = `${paymentId} of ${orderId} (${order?.status}), ${back} of ${amountMinor} back, ${lost} lost`;
  const bought = order?.status === "paid" && order.payment?.paymentId === paymentId;
  const isTwice = cash + bank.askedFor(paymentId) > amountMinor;
  if (gone - cash > amountMinor || isTwice) broken("P9", `${detail}: more than came`);
  if (!bought && gone < amountMinor) {
    broken("P3", `${detail}: neither bought anything nor was paid back`);
  }
  if (bought && amountMinor > 0 && back >= amountMinor) {
    broken("P3", `${detail}: bought something and was paid back`);
  }
  const open = own.filter(({ status }) => status === "due" || status === "requested");
  if (open.length > 0) broken("P3", `${detail}: ${open[0]!.refundId} never ends`);
  const given = own.find(({ status, isOutside }) => status === "failed" && !isOutside);
  if (given) broken("P3", `${detail}: ${given.refundId} was given up: ${given.lastError}`);
  const done = doneOf(own);
  if (done !== back) broken("P9", `${detail}: the order says ${done}`);
  const { refundableMinor } = order!.payment!;
  if (bought && refundableMinor !== amountMinor - gone) {
    broken("P9", `${detail}: ${refundableMinor} could go back`);
  }
}

/** What the order says of its disputes is what the bank said last, and nothing is missing. */
function checkDisputes(
  order: Order | undefined,
  bank: Bank,
  { orderId, paymentId }: Capture,
): void {
  for (const { disputeId, status, amountMinor, ...rest } of bank.disputes) {
    if (rest.paymentId !== paymentId) continue;
    const known = order?.payment?.disputes?.[disputeId];
    const isSame = known?.status === status && known.amountMinor === amountMinor;
    const noted = Object.entries(order?.events ?? {}).find(([key, { did }]) => {
      return did !== undefined && key.startsWith(`disputed:${disputeId}#`);
    });
    if (!isSame || known.paymentId !== paymentId || !noted) {
      broken("P4", `${disputeId} of ${orderId} is ${status}, the order says ${known?.status}`);
    }
  }
}

/** What the bank has said of an order, and what did nothing to it, is on record somewhere. */
function checkNoted(order: Order | undefined, bank: Bank, kept: ReadonlySet<string>): void {
  const failed = bank.events.filter(({ type }) => type === "payment.failed");
  for (const { data } of failed.filter(({ data: { orderId } }) => orderId === order?.orderId)) {
    const key = `failed:${data.paymentId}`;
    const isKept = [...kept].some((each) => each.startsWith(`sandbox/${key}#`));
    if (order?.events?.[key] || isKept) continue;
    broken("P7", `${key} of ${data.orderId} was heard and noted nowhere`);
  }
}

/** Checks every capture of the bank against orders and refunds, when all is at rest. */
export function checkMoney(orders: readonly Order[], bank: Bank, kept: ReadonlySet<string>): void {
  for (const order of orders) checkNoted(order, bank, kept);
  for (const capture of bank.captures) {
    const order = orders.find((each) => each.orderId === capture.orderId);
    checkCapture(order, bank, capture);
    checkDisputes(order, bank, capture);
  }
}
