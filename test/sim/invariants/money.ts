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
  const back = bank.refundedFor(paymentId);
  const detail = `${paymentId} of ${orderId} (${order?.status}), ${back} of ${amountMinor} back`;
  const bought = order?.status === "paid" && order.payment?.paymentId === paymentId;
  if (back > amountMinor) broken("P9", `${detail}: more than came`);
  if (!bought && back !== amountMinor) {
    broken("P3", `${detail}: neither bought anything nor was paid back`);
  }
  if (bought && amountMinor > 0 && back >= amountMinor) {
    broken("P3", `${detail}: bought something and was paid back`);
  }
  const own = listRefunds(order!).filter((refund) => refund.paymentId === paymentId);
  const open = own.filter(({ status }) => status === "due" || status === "requested");
  if (open.length > 0) broken("P3", `${detail}: ${open[0]!.refundId} never ends`);
  const given = own.find(({ status, isOutside }) => status === "failed" && !isOutside);
  if (given) broken("P3", `${detail}: ${given.refundId} was given up: ${given.lastError}`);
  const done = own
    .filter(({ status }) => status === "done")
    .reduce((sum, refund) => sum + refund.amountMinor, 0);
  if (done !== back) broken("P9", `${detail}: the order says ${done}`);
  const { refundableMinor } = order!.payment!;
  if (bought && refundableMinor !== amountMinor - back) {
    broken("P9", `${detail}: ${refundableMinor} could go back`);
  }
}

/** Checks every capture of the bank against orders and refunds, when all is at rest. */
export function checkMoney(orders: readonly Order[], bank: Bank): void {
  for (const capture of bank.captures) {
    const order = orders.find((each) => each.orderId === capture.orderId);
    checkCapture(order, bank, capture);
  }
}
