/**
 * The payment provider's side of the simulation: it takes money, tells about it in signed webhooks
 * until it is heard, and pays back once for each key. The product's own sandbox reads its webhooks.
 */
import {
  type PaymentFact,
  type PaymentProvider,
  ProviderFailed,
} from "../../../shared/providers/provider.ts";
import {
  createSandbox,
  makeSandboxTransactionId,
  signSandboxEvent,
  type SignedEvent,
} from "../../../shared/providers/sandbox.ts";
import type { Clock } from "../../../shared/base/time.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";

const keys = { webhookSecret: `whsec_${Buffer.from("simulated secret").toString("base64")}` };

/** Money that somebody really paid. */
export interface Capture {
  readonly orderId: string;
  readonly transactionId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** What the bank has to tell, until it is heard. */
export interface BankEvent {
  readonly type: "payment.captured" | "payment.failed" | "payment.refunded";
  readonly data: Capture;
  isHeard: boolean;
}

/** The bank of one world. */
export class Bank {
  readonly captures: Capture[] = [];
  readonly events: BankEvent[] = [];
  readonly refunds = new Map<string, Capture>();
  readonly #world: World;
  #payments = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** A shopper pays, or fails to; every attempt is a payment of its own. */
  pay(wish: Omit<Capture, "paymentId">, isSuccess: boolean): BankEvent {
    this.#payments += 1;
    const data: Capture = { ...wish, paymentId: `pay_${this.#payments}` };
    if (isSuccess) this.captures.push(data);
    const type = isSuccess ? "payment.captured" : "payment.failed";
    const event: BankEvent = { type, data, isHeard: false };
    this.events.push(event);
    this.#world.history.note(this.#world.nowMs, undefined, `bank: ${type} ${data.paymentId}`);
    return event;
  }

  /** The event as it is sent now; each delivery is signed at its own time. */
  signed({ type, data }: BankEvent): SignedEvent {
    const message = { id: `msg_${data.paymentId}_${type}`, at: new Date(this.#world.nowMs) };
    return signSandboxEvent(keys, { type, data }, message);
  }

  /** What was paid back for a payment. */
  refundedFor(paymentId: string): Capture[] {
    return [...this.refunds.values()].filter((refund) => refund.paymentId === paymentId);
  }

  #refund(idempotencyKey: string, refund: Capture): void {
    if (this.refunds.has(idempotencyKey)) return;
    const capture = this.captures.find(({ paymentId }) => paymentId === refund.paymentId);
    if (!capture)
      throw new InvariantBroken("P3", `refund of money that never came: ${refund.paymentId}`);
    if (this.refundedFor(refund.paymentId).length > 0) {
      throw new InvariantBroken("P3", `payment ${refund.paymentId} refunded twice`);
    }
    this.refunds.set(idempotencyKey, refund);
  }

  /** The provider as one process of the product sees it. */
  provider(clock: Clock): PaymentProvider {
    const sandbox = createSandbox({ keys: async () => [keys], clock });
    const ask = async <T>(label: string, carryOut: () => T): Promise<T> => {
      try {
        return await this.#world.outside(`Bank.${label}`, carryOut);
      } catch (error) {
        if (error instanceof InvariantBroken) throw error;
        throw new ProviderFailed("sandbox", "unreachable", true);
      }
    };
    return {
      ...sandbox,
      create: ({ orderId }) =>
        ask("create", () => ({ transactionId: makeSandboxTransactionId(orderId) })),
      listRecent: () =>
        ask("list", () => ({
          facts: this.captures.map((capture): PaymentFact => {
            const told = { type: "payment.captured", certain: true } as const;
            return { ...capture, kind: "captured", provider: "sandbox", ...told };
          }),
        })),
      cancel: () => ask("cancel", () => "cancelled" as const),
      refund: ({ idempotencyKey, transactionId, paymentId, amountMinor, currency }) =>
        ask("refund", () => {
          const capture = { orderId: "", transactionId, paymentId, amountMinor, currency };
          this.#refund(idempotencyKey, capture);
          return { refundId: `re_${idempotencyKey}`, status: "done" as const };
        }),
    };
  }
}
