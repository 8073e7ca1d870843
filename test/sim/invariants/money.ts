/** P3: every payment that was captured ended in exactly one of a sale or a refund. */
import type { Order } from "../../../shared/orders/order.ts";
import { InvariantBroken } from "../scheduler/world.ts";
import type { Bank } from "../workloads/bank.ts";

/** Checks every capture of the bank against orders and refunds, when all is at rest. */
export function checkMoney(orders: readonly Order[], bank: Bank): void {
  for (const capture of bank.captures) {
    const { orderId, paymentId, amountMinor } = capture;
    const order = orders.find((each) => each.orderId === orderId);
    const bought = order?.status === "paid" && order.payment?.paymentId === paymentId;
    const back = bank.refundedFor(paymentId);
    const detail = `${paymentId} of ${orderId} (${order?.status})`;
    if (bought && back.length > 0) {
      throw new InvariantBroken("P3", `${detail} bought something and was paid back`);
    }
    if (!bought && back.length === 0) {
      throw new InvariantBroken("P3", `${detail} neither bought anything nor was paid back`);
    }
    if (back.some((refund) => refund.amountMinor !== amountMinor)) {
      throw new InvariantBroken("P3", `${detail} was not paid back in full`);
    }
  }
}
