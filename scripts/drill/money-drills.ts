/** Money that is wrong, late or somewhere else, at providers that are played on this machine. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { stripeKeys } from "../../local/providers/stripe.ts";
import type { Drill, Scene } from "./drill.ts";
import {
  type DrillOrder,
  fresh,
  happen,
  mustSend,
  mustTellSandbox,
  payOrder,
  placeOrder,
  seeStatus,
  startPayment,
} from "./shopping.ts";

function wrongAmount(): Drill {
  let order: DrillOrder | undefined;
  return {
    name: "wrong-amount",
    rings: ["AmountMismatch"],
    entry: "A wrong amount was captured",
    async provoke(scene) {
      if (order) return;
      order = await placeOrder(scene);
      const { orderId } = order;
      await mustSend(scene, "POST /payments/initiate", { orderId }, order.shopper);
      await mustTellSandbox(scene, { orderId, amountMinor: 1, currency: "EUR" });
    },
    // It goes back by itself; the entry has somebody see that it does.
    async mend(scene) {
      await seeStatus(scene, order!.orderId, "refunded");
    },
  };
}

/** The schedule leaves the last ten minutes to their webhooks; a drill does not wait for so long. */
async function reconcile(scene: Scene) {
  const range = { untilMs: Date.now() };
  const path = "POST /admin/payments/reconcile";
  const { differences } = await mustSend(scene, path, range, "admin");
  return differences as readonly { readonly kind: string; readonly orderId: string }[];
}

/** A payment at Stripe whose metadata names an order of ours that nobody knows, as after a restore. */
async function payForNothing({ holdfast }: Scene, orderId: string): Promise<string> {
  const baseUrl = holdfast.desk!.contextBeside({})["payment.stripe.baseUrl"]!;
  const answer = await fetch(`${baseUrl}/v1/payment_intents`, {
    method: "POST",
    headers: { authorization: `Bearer ${stripeKeys.secretKey}` },
    body: new URLSearchParams({ amount: "700", currency: "eur", "metadata[orderId]": orderId }),
  });
  const { id } = (await answer.json()) as { id: string };
  return id;
}

function booksDiffer(): Drill {
  let paymentId: string | undefined;
  return {
    name: "books-differ",
    rings: ["ReconcilerDifferences"],
    entry: "The books differ",
    async provoke(scene) {
      if (paymentId === undefined) {
        paymentId = await payForNothing(scene, fresh("ord_gone"));
        await happen(scene, { provider: "stripe", id: paymentId }, { action: "pay", isLost: true });
      }
      const differences = await reconcile(scene);
      if (differences.some(({ kind }) => kind !== "order_missing")) {
        throw new Error(`something else differs: ${JSON.stringify(differences)}`);
      }
    },
    async mend(scene) {
      const payment = { provider: "stripe", id: paymentId! } as const;
      await happen(scene, payment, { action: "refund" });
      const left = await reconcile(scene);
      if (left.length > 0) throw new Error(`the books still differ: ${JSON.stringify(left)}`);
    },
  };
}

function unreadable(): Drill {
  let order: DrillOrder | undefined;
  return {
    name: "unreadable-event",
    rings: ["UnreadablePaymentEvent"],
    entry: "A payment event cannot be read",
    async provoke(scene) {
      if (order) return;
      order = await placeOrder(scene);
      // It does not say how much.
      await mustTellSandbox(scene, { orderId: order.orderId });
    },
    // Kept, and listed with what it is about; the provider's dashboard knows the payment.
    async mend(scene) {
      const { orderId, shopper } = order!;
      const path = `/admin/payments/events?orderId=${orderId}`;
      const { events } = await mustSend(scene, `GET ${path}`, undefined, "admin");
      if ((events as unknown[]).length !== 1) throw new Error("it was not kept");
      await mustSend(scene, `POST /orders/${orderId}/cancel`, {}, shopper);
    },
  };
}

function untold(): Drill {
  let isPaid = false;
  return {
    name: "untold",
    rings: ["UntoldCapture"],
    entry: "Webhooks do not come",
    async provoke(scene) {
      if (isPaid) return;
      isPaid = true;
      const { orderId, payment, shopper } = await startPayment(scene, "razorpay");
      await happen(scene, payment, { action: "pay", isLost: true });
      // Before an order is let go its provider is asked.
      await scene.send(`POST /orders/${orderId}/cancel`, {}, shopper);
      await seeStatus(scene, orderId, "paid");
    },
    // The provider's endpoint is switched on again: the next payment is told of.
    async mend(scene) {
      const { orderId } = await payOrder(scene, "razorpay");
      await seeStatus(scene, orderId, "paid");
    },
  };
}

function providerDown(): Drill {
  let order: DrillOrder | undefined;
  return {
    name: "provider-down",
    rings: ["CircuitOpen"],
    entry: "A payment provider is down",
    async provoke(scene) {
      order ??= await placeOrder(scene, "stripe");
      const { orderId, shopper } = order;
      scene.holdfast.desk!.disturb(() => "error");
      await scene.send("POST /payments/initiate", { orderId }, shopper);
    },
    // Another method works at once, and the provider's own as soon as it is back.
    async mend(scene) {
      const { orderId, shopper } = order!;
      const other = { orderId, method: "sandbox" };
      await mustSend(scene, "POST /payments/initiate", other, shopper);
      scene.holdfast.desk!.disturb(() => undefined);
    },
  };
}

/** Somebody's server, which answers with `answer.status`. */
async function startReceiver(answer: { status: number; heard: number }): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    answer.heard += 1;
    response.writeHead(answer.status).end();
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  return server;
}

function webhookPaused(): Drill {
  const answer = { status: 410, heard: 0 };
  let receiver: Server | undefined;
  const putEndpoint = (scene: Scene) => {
    const url = `http://127.0.0.1:${(receiver!.address() as AddressInfo).port}/told`;
    return mustSend(scene, "PUT /admin/webhooks/drill", { url, types: ["order.placed"] }, "admin");
  };
  return {
    name: "webhook-paused",
    rings: ["WebhookPaused"],
    entry: "A webhook is paused",
    async provoke(scene) {
      if (receiver) return;
      receiver = await startReceiver(answer);
      await putEndpoint(scene);
      await placeOrder(scene);
    },
    async mend(scene) {
      const path = "/admin/webhooks/drill";
      const { pausedBecause } = await mustSend(scene, `GET ${path}`, undefined, "admin");
      scene.say(`paused because: ${String(pausedBecause)}`);
      answer.status = 200;
      await mustSend(scene, `POST ${path}/test`, {}, "admin");
      const before = answer.heard;
      await putEndpoint(scene);
      await placeOrder(scene);
      for (let tries = 0; answer.heard < before + 2; tries += 1) {
        if (tries === 80) throw new Error("what waited was not told");
        await new Promise((settle) => setTimeout(settle, 250));
      }
      await mustSend(scene, `DELETE ${path}`, undefined, "admin");
      receiver!.closeAllConnections();
      receiver!.close();
    },
  };
}

/** The drills of money and of those who are told of it. */
export const moneyDrills: readonly Drill[] = [
  wrongAmount(),
  booksDiffer(),
  unreadable(),
  untold(),
  providerDown(),
  webhookPaused(),
];
