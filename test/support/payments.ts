/** Payments over a test's world, with the sandbox as provider and the test as the one who pays. */
import { randomUUID } from "node:crypto";
import type { Order } from "../../shared/orders/order.ts";
import type { OnPaymentFailure } from "../../shared/payments/payment.ts";
import type { PaymentProvider, Providers, RefundRequest } from "../../shared/providers/provider.ts";
import {
  createSandbox,
  type SandboxEvent,
  makeSandboxTransactionId,
  signSandboxEvent,
} from "../../shared/providers/sandbox.ts";
import { createShop } from "../../shared/shop.ts";
import { sandboxKeys, type World } from "./world.ts";

export interface PaymentsGiven {
  readonly policy?: OnPaymentFailure;
  readonly providers?: Providers;
}

/** The sandbox, counting the money that it paid back, once for each idempotency key. */
function createCountingSandbox(world: World) {
  const sandbox = createSandbox({ keys: async () => [sandboxKeys], clock: world.clock });
  const refunds = new Map<string, RefundRequest>();
  const cancelled: string[] = [];
  let isDown = false;
  const provider: PaymentProvider = {
    ...sandbox,
    async cancel(transactionId) {
      cancelled.push(transactionId);
      return sandbox.cancel(transactionId);
    },
    async refund(request) {
      if (isDown) throw new Error("down");
      refunds.set(request.idempotencyKey, request);
      return sandbox.refund(request);
    },
  };
  return { provider, refunds, cancelled, setDown: (down: boolean) => (isDown = down) };
}

/** The payment service over a world, and the shopper's side of the sandbox. */
export function createPayments(world: World, given: PaymentsGiven = {}) {
  const { clock, parts } = world;
  const counting = createCountingSandbox(world);
  const alarms: string[] = [];
  const { payments, sweep, orders, cancelling, reconciling } = createShop({
    ...parts,
    providers: given.providers ?? { sandbox: counting.provider },
    alarm: (name) => alarms.push(name),
    settings: { ...parts.settings, onPaymentFailure: given.policy ?? "release" },
  });

  /** What the sandbox sends about an order; fields may be changed, to be sent by a wrong provider. */
  function eventOf(
    order: Order,
    type: SandboxEvent["type"],
    data: Partial<SandboxEvent["data"]> = {},
  ): SandboxEvent {
    const { orderId, totalMinor: amountMinor, currency } = order;
    const transactionId = makeSandboxTransactionId(orderId);
    const paymentId = data.transactionId ?? transactionId;
    return { type, data: { orderId, transactionId, paymentId, amountMinor, currency, ...data } };
  }

  function send(event: SandboxEvent, id: string = randomUUID()) {
    const at = new Date(clock());
    const { body, headers } = signSandboxEvent(sandboxKeys, event, { id, at });
    return payments.receive("sandbox", { body: Buffer.from(body), headers });
  }

  return { payments, sweep, orders, cancelling, reconciling, counting, alarms, eventOf, send };
}

export type Payments = ReturnType<typeof createPayments>;
