/** How long a refund waits between attempts, and which key it carries. */
import { describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { Order, Refund, RefundOrder } from "../../../shared/orders/order.ts";
import {
  afterAttempt,
  listOpenRefunds,
  pauseAfter,
  refundKey,
  reopened,
} from "../../../shared/payments/refund.ts";

const nowMs = epochMs(1_800_000_000_000);
const refund: Refund = {
  status: "due",
  reason: "late",
  amountMinor: 500,
  currency: "EUR",
  attempts: 0,
  provider: "stripe",
  transactionId: "pi_1",
  paymentId: "pi_1",
};
const order = {
  orderId: "ord_1",
  status: "refund_due",
  payment: { provider: "stripe", transactionId: "pi_1", paymentId: "pi_1", refund },
} as Order;
const noAnswer = { status: "unanswered", lastError: "timeout" } as const;
const refundIn = (next: Order) => next.payment!.refund!;

describe("a refund", () => {
  it("waits twice as long after every attempt, up to six hours, and never gives up", () => {
    const pauses = Array.from({ length: 40 }, (_, attempts) => pauseAfter(attempts));
    expect(pauses[0]).toBe(15_000);
    for (const [index, pause] of pauses.slice(1).entries()) {
      expect(pause).toBe(Math.min(2 * pauses[index]!, 6 * 3_600_000));
    }
  });

  it("that got no answer stays due, with the same key", () => {
    const next = afterAttempt(order, refund, { answer: noAnswer, nowMs });
    expect(next).toMatchObject({ status: "refund_due", dueAtMs: nowMs + pauseAfter(1) });
    expect(refundIn(next)).toMatchObject({
      status: "due",
      attempts: 1,
      lastError: "timeout",
    });
    expect(refundKey(next, refundIn(next))).toBe("ord_1");
  });

  it("that the provider has taken on is asked after, not asked for again", () => {
    const answer = { refundId: "re_1", status: "requested" } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(refundIn(next)).toMatchObject(answer);
    expect(listOpenRefunds(next)).toHaveLength(1);
    expect(next.dueAtMs).toBeGreaterThan(nowMs);
  });

  it("that the provider gave up begins anew, with another key", () => {
    const answer = { refundId: "re_1", status: "failed" } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(refundIn(next)).toMatchObject({ status: "due", failures: 1 });
    expect(refundIn(next).refundId).toBeUndefined();
    expect(refundKey(next, refundIn(next))).toBe("ord_1-again-1");
  });

  it("that is refused for good stops, and is asked for again only when somebody says so", () => {
    const answer = { status: "refused", lastError: "charge_disputed", restMinor: 500 } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(next).toMatchObject({ status: "refund_due" });
    expect(next.dueAtMs).toBeUndefined();
    expect(refundIn(next)).toMatchObject({ status: "failed", lastError: "charge_disputed" });
    expect(listOpenRefunds(next)).toEqual([]);
    expect(listOpenRefunds(reopened(next as RefundOrder, nowMs))).toMatchObject([
      { status: "due", attempts: 0 },
    ]);
  });

  it("that is refused because some went back elsewhere is owed for the rest, under another key", () => {
    const answer = { status: "refused", lastError: "refused", restMinor: 350 } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(refundIn(next)).toMatchObject({ status: "due", amountMinor: 350 });
    expect(refundKey(next, refundIn(next))).not.toBe(refundKey(order, refund));
    const nothing = { ...answer, restMinor: 0 };
    const over = afterAttempt(order, refund, { answer: nothing, nowMs });
    expect(over).toMatchObject({ status: "refunded" });
    expect(over.dueAtMs).toBeUndefined();
  });

  it("that is given up again and again stops in the end", () => {
    let next = order;
    for (let round = 0; listOpenRefunds(next).length > 0; round += 1) {
      expect(round).toBeLessThan(20);
      const answer = { refundId: `re_${round}`, status: "failed" } as const;
      next = afterAttempt(next, refundIn(next), { answer, nowMs });
    }
    expect(refundIn(next)).toMatchObject({ status: "failed", lastError: "gave_up" });
  });

  it("that is done ends the order's story", () => {
    const answer = { refundId: "re_1", status: "done" } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(next).toMatchObject({ status: "refunded" });
    expect(next.dueAtMs).toBeUndefined();
    expect(listOpenRefunds(next)).toEqual([]);
  });

  it("of a second payment has a key of its own and leaves the order paid", () => {
    const extra = { ...refund, paymentId: "pi_2", transactionId: "pi_2" };
    const { paymentId = "", capturedMinor = 0, capturedAtMs = nowMs } = order.payment!;
    const captured = { paymentId, capturedMinor, capturedAtMs };
    const paid: Order = {
      ...order,
      status: "paid",
      payment: { provider: "stripe", transactionId: "pi_1", ...captured },
      extraRefunds: { pi_2: extra },
    };
    expect(refundKey(paid, extra)).toBe("ord_1-pi_2");
    const answer = { refundId: "re_2", status: "done" } as const;
    const next = afterAttempt(paid, extra, { answer, nowMs });
    expect(next).toMatchObject({ status: "paid", extraRefunds: { pi_2: { status: "done" } } });
    expect(next.dueAtMs).toBeUndefined();
  });
});
