/** The payment provider's account, which knows no regions: what came, what went back, by which key. */
import type { Clock } from "../../../shared/base/time.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { PaymentFact, PaymentProvider } from "../../../shared/providers/provider.ts";
import {
  createSandbox,
  makeSandboxTransactionId,
  signSandboxEvent,
} from "../../../shared/providers/sandbox.ts";
import { sandboxKeys } from "../../support/world.ts";

/** Money that came, and how much of it went back. */
export interface Capture {
  readonly orderId: string;
  readonly transactionId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  backMinor: number;
}

/** Makes an account; every region has a provider over it. */
export function createAccount() {
  const captures: Capture[] = [];
  const refunded = new Set<string>();

  function facts(): PaymentFact[] {
    return captures.flatMap((capture): PaymentFact[] => {
      const { backMinor, ...payment } = capture;
      const fact = { ...payment, provider: "sandbox", certain: true } as const;
      const { paymentId } = payment;
      const refunds = [
        { refundId: `back-${paymentId}`, amountMinor: backMinor, status: "done" } as const,
      ];
      return [
        { ...fact, kind: "captured", type: "payment.captured" },
        ...(backMinor > 0
          ? [{ ...fact, kind: "refunded", type: "payment.refunded", refunds } as const]
          : []),
      ];
    });
  }

  return {
    captures: captures as readonly Capture[],

    /** A shopper pays; the webhook that tells of it. */
    pay({ orderId, totalMinor: amountMinor, currency }: Order, atMs: number) {
      const paymentId = `pay-${captures.length + 1}`;
      const transactionId = makeSandboxTransactionId(orderId);
      const data = { orderId, transactionId, paymentId, amountMinor, currency };
      captures.push({ ...data, backMinor: 0 });
      const message = { id: `msg-${paymentId}`, at: new Date(atMs) };
      const { body, headers } = signSandboxEvent(
        sandboxKeys,
        { type: "payment.captured", data },
        message,
      );
      return { body: Buffer.from(body), headers };
    },

    /** Somebody gives a payment back in the provider's dashboard. */
    giveBack(wanted: string): void {
      const capture = captures.find(({ paymentId }) => paymentId === wanted)!;
      capture.backMinor = capture.amountMinor;
    },

    provider(clock: Clock): PaymentProvider {
      return {
        ...createSandbox({ keys: async () => [sandboxKeys], clock }),
        listRecent: async () => ({ facts: facts() }),
        async refund({ idempotencyKey, paymentId, amountMinor }) {
          const capture = captures.find((each) => each.paymentId === paymentId)!;
          if (!refunded.has(idempotencyKey)) capture.backMinor += amountMinor;
          refunded.add(idempotencyKey);
          return { refundId: `back-${paymentId}`, status: "done" };
        },
      };
    },
  };
}

/** See `createAccount`. */
export type Account = ReturnType<typeof createAccount>;
