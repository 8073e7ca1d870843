/**
 * The payment provider's side of the simulation: it takes money, tells about it in signed webhooks
 * until it is heard, and pays back once for each key. The product's own sandbox reads its webhooks.
 */
import {
  type PaymentFact,
  type PaymentProvider,
  ProviderFailed,
  type RefundRequest,
  type RefundState,
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

/** Money that went back, or is to: for us, or by somebody at the bank's own desk. */
export interface BankRefund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly ourRefundId?: string;
  status: "requested" | "done" | "failed";
}

/** A payment that its cardholder wants back: what is disputed is out of the shop's hands until that is won. */
export interface BankDispute {
  readonly disputeId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  status: "open" | "won" | "lost";
  changedAtMs: number;
}

/** What the bank has to tell, until it is heard. */
export interface BankEvent {
  readonly type: "payment.captured" | "payment.failed" | "payment.refunded" | "payment.disputed";
  readonly data: Capture & {
    readonly refund?: Omit<BankRefund, "paymentId">;
    readonly dispute?: Omit<BankDispute, "paymentId">;
  };
  isHeard: boolean;
}

/** A bank gives up a refund of ours at most so often; one that never gives in has an end of its own. */
const mostFailures = 2;

/** The bank of one world. */
export class Bank {
  readonly captures: Capture[] = [];
  readonly events: BankEvent[] = [];
  readonly refunds: BankRefund[] = [];
  readonly disputes: BankDispute[] = [];
  /** Refunds take their time, fail, and fail after they were done. */
  isMoody = false;
  /** Brings news to the shop. */
  tell: (event: BankEvent) => void = () => {};
  readonly #world: World;
  readonly #byKey = new Map<
    string,
    { readonly amountMinor: number; readonly refund: BankRefund }
  >();
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
    const { refund, dispute, paymentId } = data;
    const about = refund
      ? `${refund.refundId}_${refund.status}`
      : dispute
        ? `${dispute.disputeId}_${dispute.changedAtMs}`
        : paymentId;
    const message = { id: `msg_${about}_${type}`, at: new Date(this.#world.nowMs) };
    return signSandboxEvent(keys, { type, data }, message);
  }

  /** What of it because the shop asked for it. */
  askedFor(paymentId: string): number {
    return this.#live(paymentId)
      .filter(({ ourRefundId }) => ourRefundId !== undefined)
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  }

  /** What of a payment went back or is on its way. */
  refundedFor(paymentId: string): number {
    return this.#live(paymentId).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  }

  #live(paymentId: string): BankRefund[] {
    return this.refunds.filter(
      (refund) => refund.paymentId === paymentId && refund.status !== "failed",
    );
  }

  /** Somebody gives money back at the bank's desk. */
  giveBack(paymentId: string, amountMinor: number): void {
    if (amountMinor > this.#leftOf(paymentId) || amountMinor <= 0) return;
    this.#begin({ paymentId, amountMinor });
  }

  /** What of a payment disputes have taken, or only those that were lost. */
  takenFrom(paymentId: string, statuses: readonly BankDispute["status"][]): number {
    return this.disputes
      .filter((each) => each.paymentId === paymentId && statuses.includes(each.status))
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  }

  #leftOf(paymentId: string): number {
    const taken = this.takenFrom(paymentId, ["open", "lost"]);
    return this.#captureOf(paymentId).amountMinor - this.refundedFor(paymentId) - taken;
  }

  /** A cardholder wants money back; it is decided after a while, and decided anew at times. */
  raiseDispute(paymentId: string, amountMinor: number): void {
    if (amountMinor > this.#leftOf(paymentId) || amountMinor <= 0) return;
    const { random, nowMs } = this.#world;
    const disputeId = `dp_${this.disputes.length + 1}`;
    const dispute: BankDispute = {
      disputeId,
      paymentId,
      amountMinor,
      status: "open",
      changedAtMs: Math.floor(nowMs),
    };
    this.disputes.push(dispute);
    this.#newsOf(dispute);
    const fates = { won: 2, lost: 3, wonAfterAll: 3, open: 1 };
    const fate = random.weighted(fates);
    if (fate === "open") return;
    this.#decideLater(dispute, fate === "won" ? ["won"] : ["lost"]);
    if (fate === "wonAfterAll") this.#decideLater(dispute, ["lost", "won"]);
  }

  #decideLater(dispute: BankDispute, statuses: readonly ("won" | "lost")[]): void {
    const delaysMs = statuses.map(() => this.#world.random.int(1, 60_000));
    this.#world.script(async () => {
      for (const [index, status] of statuses.entries()) {
        await this.#world.sleep(delaysMs[index]!);
        // When all comes to rest, what was decided stays decided.
        if (this.isMoody) this.#decide(dispute, status);
      }
    });
  }

  #decide(dispute: BankDispute, status: "won" | "lost"): void {
    if (dispute.status === status || dispute.status === "won") return;
    dispute.status = status;
    dispute.changedAtMs = Math.max(dispute.changedAtMs + 1, Math.floor(this.#world.nowMs));
    this.#newsOf(dispute);
  }

  #newsOf({ paymentId, ...told }: BankDispute): void {
    const data = { ...this.#captureOf(paymentId), dispute: told };
    this.#announce({ type: "payment.disputed", data, isHeard: false }, told.disputeId, told.status);
  }

  #announce(event: BankEvent, name: string, status: string): void {
    this.events.push(event);
    this.#world.history.note(this.#world.nowMs, undefined, `bank: ${name} is ${status}`);
    this.tell(event);
  }

  #captureOf(wanted: string): Capture {
    const capture = this.captures.find(({ paymentId }) => paymentId === wanted);
    if (!capture) throw new InvariantBroken("P3", `refund of money that never came: ${wanted}`);
    return capture;
  }

  #news(refund: BankRefund): void {
    const { refundId, amountMinor, status, ourRefundId } = refund;
    const about = { refundId, amountMinor, status, ...(ourRefundId ? { ourRefundId } : {}) };
    const data = { ...this.#captureOf(refund.paymentId), refund: about };
    this.#announce({ type: "payment.refunded", data, isHeard: false }, refundId, status);
  }

  #become(refund: BankRefund, status: BankRefund["status"]): void {
    if (refund.status === status || refund.status === "failed") return;
    refund.status = status;
    this.#news(refund);
  }

  /** Some refunds are done at once, some take their time or fail, and some fail after they were done. */
  #begin(wish: Omit<BankRefund, "refundId" | "status">): BankRefund {
    const { random } = this.#world;
    const earlier = this.refunds.filter(
      (each) => each.status === "failed" && each.ourRefundId === wish.ourRefundId,
    );
    const isMoody = this.isMoody && earlier.length < mostFailures;
    const fate = isMoody
      ? random.weighted({ done: 5, slow: 2, fails: 1, failsLater: 2 })
      : ("done" as const);
    const isSlow = fate === "slow" || fate === "fails";
    const refund: BankRefund = {
      ...wish,
      refundId: `re_${this.refunds.length + 1}`,
      status: isSlow ? "requested" : "done",
    };
    this.refunds.push(refund);
    if (this.isMoody) this.#news(refund);
    if (fate === "slow") this.#later(refund, "done");
    if (fate === "fails" || fate === "failsLater") this.#later(refund, "failed");
    return refund;
  }

  #later(refund: BankRefund, status: BankRefund["status"]): void {
    const delayMs = this.#world.random.int(1, 120_000);
    this.#world.script(async () => {
      await this.#world.sleep(delayMs);
      this.#become(refund, status);
    });
  }

  /** The bank is in no mood any more: what is under way gets done, what is disputed is decided. */
  calmDown(): void {
    this.isMoody = false;
    for (const dispute of this.disputes) {
      if (dispute.status === "open")
        this.#decide(dispute, this.#world.random.pick(["won", "lost"]));
    }
    for (const refund of this.refunds) {
      if (refund.status === "requested") this.#become(refund, "done");
    }
  }

  #refund(wish: RefundRequest): RefundState {
    const { idempotencyKey, refundId, paymentId, amountMinor, ourRefundId } = wish;
    const known = this.#byKey.get(idempotencyKey);
    const asked = refundId
      ? this.refunds.find((each) => each.refundId === refundId)
      : known?.refund;
    if (asked) {
      if (known && known.amountMinor !== amountMinor) {
        throw new InvariantBroken("P3", `${idempotencyKey} came with another amount`);
      }
      return { refundId: asked.refundId, status: asked.status };
    }
    const left = this.#leftOf(paymentId);
    const isDisputed = amountMinor <= left + this.takenFrom(paymentId, ["open", "lost"]);
    // The shop has not heard of the dispute, or of how it ended: it may ask again.
    if (amountMinor > left && isDisputed) throw new ProviderFailed("sandbox", "disputed", true);
    if (left <= 0) throw new ProviderFailed("sandbox", "charge_already_refunded", false);
    if (amountMinor > left) throw new ProviderFailed("sandbox", "refused", false);
    if (this.#live(paymentId).some((each) => each.ourRefundId === ourRefundId)) {
      throw new InvariantBroken("P3", `${ourRefundId} of ${paymentId} refunded twice`);
    }
    const refund = this.#begin({ paymentId, amountMinor, ourRefundId });
    this.#byKey.set(idempotencyKey, { amountMinor, refund });
    return { refundId: refund.refundId, status: refund.status };
  }

  /** All that came, went back and is disputed, as it stands. */
  #listFacts(): PaymentFact[] {
    return this.captures.flatMap((capture): PaymentFact[] => {
      const ours = (each: { paymentId: string }) => each.paymentId === capture.paymentId;
      const fact = { ...capture, provider: "sandbox", certain: true } as const;
      const refunds = this.refunds.filter(ours).map(({ paymentId: _of, ...told }) => told);
      const disputes = this.disputes.filter(ours).map(({ changedAtMs: toldAtMs, ...told }) => {
        const isOver = told.status !== "open";
        return {
          ...told,
          isOver,
          takenMinor: told.status === "won" ? 0 : told.amountMinor,
          toldAtMs,
        };
      });
      return [
        { ...fact, kind: "captured", type: "payment.captured" },
        ...(refunds.length > 0
          ? [{ ...fact, kind: "refunded", type: "payment.refunded", refunds } as const]
          : []),
        ...disputes.map(({ paymentId: _of, ...dispute }): PaymentFact => {
          return { ...fact, kind: "disputed", type: "payment.disputed", dispute };
        }),
      ];
    });
  }

  /** The provider as one process of the product sees it. */
  provider(clock: Clock): PaymentProvider {
    const sandbox = createSandbox({ keys: async () => [keys], clock });
    const ask = async <T>(label: string, carryOut: () => T): Promise<T> => {
      try {
        return await this.#world.outside(`Bank.${label}`, carryOut);
      } catch (error) {
        if (error instanceof InvariantBroken || error instanceof ProviderFailed) throw error;
        throw new ProviderFailed("sandbox", "unreachable", true);
      }
    };
    return {
      ...sandbox,
      create: ({ orderId }) =>
        ask("create", () => ({ transactionId: makeSandboxTransactionId(orderId) })),
      listRecent: () => ask("list", () => ({ facts: this.#listFacts() })),
      cancel: () => ask("cancel", () => "cancelled" as const),
      refund: (wish) => ask("refund", () => this.#refund(wish)),
      listRefunds: ({ paymentId }) =>
        ask("listRefunds", () =>
          this.refunds
            .filter((each) => each.paymentId === paymentId)
            .map(({ paymentId: _of, ...told }) => told),
        ),
    };
  }
}
