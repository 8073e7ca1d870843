/** Money that is to go back and does not, and payments that somebody disputes. */
import type { Drill } from "./drill.ts";
import { happen, mustSend, payOrder, type PaymentOrder, seeStatus } from "./shopping.ts";
import { changeRow } from "./tables.ts";

function refundFails(): Drill {
  let order: PaymentOrder | undefined;
  return {
    name: "refund-fails",
    rings: ["RefundFailed"],
    entry: "A refund does not get done",
    async provoke(scene) {
      if (order) return;
      order = await payOrder(scene, "stripe");
      const refund = { reason: "damaged" };
      await mustSend(scene, `POST /payments/${order.orderId}/refund`, refund, "admin");
      // The money came home: the account was closed.
      await happen(scene, order.payment, { action: "failRefund" });
    },
    // It is asked for again by itself, under a new key.
    async mend(scene) {
      const { orderId, payment } = order!;
      await seeStatus(scene, orderId, "refunded");
      const refunded = scene.holdfast.desk!.list(orderId)[0]?.refunded;
      if (refunded !== payment.amount) throw new Error(`${refunded} went back`);
    },
  };
}

function refundRefused(): Drill {
  let order: PaymentOrder | undefined;
  return {
    name: "refund-refused",
    rings: ["RefundRefused"],
    entry: "A refund does not get done",
    async provoke(scene) {
      if (order) return;
      order = await payOrder(scene, "wompi");
      const part = { reason: "scratched", reference: "r1", amountMinor: 100_000 };
      await mustSend(scene, `POST /payments/${order.orderId}/refund`, part, "admin");
    },
    // All or nothing goes back there: the shopper is paid the part by other means, which is noted.
    async mend(scene) {
      const { orderId } = order!;
      const outside = { reason: "paid by transfer", amountMinor: 100_000, outside: true };
      await mustSend(scene, `POST /payments/${orderId}/refund`, outside, "admin");
    },
  };
}

function refundDueLong(): Drill {
  let order: PaymentOrder | undefined;
  return {
    name: "refund-due-long",
    rings: ["RefundsDueLong"],
    entry: "A refund does not get done",
    outlasts: true,
    // The provider cannot be reached; an order as it stands after the tenth try.
    async provoke(scene) {
      if (order) return;
      order = await payOrder(scene, "stripe");
      const { orderId } = order;
      scene.holdfast.desk!.disturb(() => "error");
      await scene.send(`POST /payments/${orderId}/refund`, { reason: "damaged" }, "admin");
      const due = await seeStatus(scene, orderId, "refund_due");
      const { refunds } = due["payment"] as { refunds: readonly { refundId: string }[] };
      await changeRow(
        scene.holdfast,
        "Orders",
        { orderId },
        {
          [`payment.refunds.${refunds[0]!.refundId}.attempts`]: 10,
          dueAtMs: Date.now(),
        },
      );
    },
    async mend(scene) {
      const { orderId } = order!;
      scene.holdfast.desk!.disturb(() => undefined);
      await changeRow(scene.holdfast, "Orders", { orderId }, { dueAtMs: Date.now() });
      await seeStatus(scene, orderId, "refunded");
    },
  };
}

function dispute(): Drill {
  let order: PaymentOrder | undefined;
  return {
    name: "dispute",
    rings: ["PaymentDisputed"],
    entry: "A payment is disputed",
    async provoke(scene) {
      if (order) return;
      order = await payOrder(scene, "stripe");
      await happen(scene, order.payment, { action: "dispute" });
    },
    // It is answered at the provider, and lost: the goods come back into stock, and no money goes twice.
    async mend(scene) {
      const { orderId, payment } = order!;
      await happen(scene, payment, { action: "loseDispute" });
      const refund = { reason: "dispute lost" };
      await mustSend(scene, `POST /payments/${orderId}/refund`, refund, "admin");
      await seeStatus(scene, orderId, "refunded");
    },
  };
}

/** The drills of refunds and disputes. */
export const refundDrills: readonly Drill[] = [
  refundFails(),
  refundRefused(),
  refundDueLong(),
  dispute(),
];
