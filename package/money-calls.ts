/** Tells orders of money that no provider of ours has taken. */
import type { ProviderName } from "../shared/base/payment-providers.ts";
import { findOrder } from "../shared/orders/order-store.ts";
import { OrderNotFound } from "../shared/orders/order.ts";
import { createRefunds, type RefundOptions } from "../shared/payments/refunds/refund-service.ts";
import { createSettling } from "../shared/payments/settle-service.ts";
import { paidFields, refundFields } from "./order-fields.ts";
import type { OrderParts, OrderView } from "./order-parts.ts";
import type { PaidWish, RefundGiven } from "./order-wishes.ts";
import { parseAs } from "./parse-as.ts";
import { answer } from "./placing-calls.ts";

/** Money that no provider of ours has taken: nothing of it is ever asked of one. */
export const outside = "outside" as ProviderName;

/** Who has taken other money of the same orders, and may be paying some of it back just now. */
type AskedForMoney = Pick<RefundOptions, "providers" | "alarm">;

/** Says that money came or went, which no provider of ours has told. */
export function createMoneyCalls(parts: OrderParts & Partial<AskedForMoney>) {
  const { database, providers = {}, alarm = () => undefined } = parts;
  const rules = { onPaymentFailure: "keep", processingMs: () => 0 } as const;
  const settling = createSettling({ ...parts, ...rules });
  const refunds = createRefunds({ ...parts, settling, providers, alarm });
  return {
    /**
     * Says that an order was paid. What it holds is sold in the same transaction, or nothing is; once its time is over it gets
     * its units anew, if they are to be had. Where they are not, or the money is not what was ordered, the answer is
     * `refund_due`: the money is on record and has to go back (`markRefunded`). Two requests; told again, one.
     *
     * @throws OrderNotFound
     * @throws TryAgain when the order kept changing; nothing was done
     * @example const { status } = await orders.markPaid(orderId, { paymentId: "pi_1", amountMinor: 9000, currency: "EUR" });
     */
    async markPaid(orderId: string, { actor, ...paid }: PaidWish): Promise<OrderView> {
      const { paymentId, amountMinor, currency } = parseAs(paidFields, paid);
      const order = await findOrder(database, orderId);
      if (!order) throw new OrderNotFound(orderId);
      const fact = {
        kind: "captured",
        provider: outside,
        orderId,
        transactionId: paymentId,
        paymentId,
        amountMinor,
        currency,
        type: "marked paid",
        certain: true,
      } as const;
      return answer(settling.settle(order, fact, actor ?? { id: "payments" }));
    },

    /**
     * Says that money went back to whoever paid: all that is left, an amount, or what lines that come back had cost. Units
     * of those lines are free again in the same transaction. Two or three requests.
     *
     * @throws HoldfastError `REFUND_EXCEEDED`, `RETURN_EXCEEDED` when there is not so much left; nothing was changed
     * @throws OrderNotPayable when no money came; nothing was changed
     */
    async markRefunded(orderId: string, { actor, ...given }: RefundGiven): Promise<OrderView> {
      const wish = { ...parseAs(refundFields, given), orderId, outside: true };
      return answer(refunds.request({ ...wish, actor: actor ?? { id: "payments" } }));
    },
  };
}
