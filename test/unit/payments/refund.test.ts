/** How long a refund waits between attempts, and which key it carries. */
import { describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { Order, Refund } from "../../../shared/orders/order.ts";
import {
  afterAttempt,
  openRefundsOf,
  pauseAfter,
  refundKey,
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
    const next = afterAttempt(order, refund, { state: undefined, nowMs });
    expect(next).toMatchObject({ status: "refund_due", dueAtMs: nowMs + pauseAfter(1) });
    expect(refundIn(next)).toMatchObject({ status: "due", attempts: 1 });
    expect(refundKey(next, refundIn(next))).toBe("ord_1");
  });

  it("that the provider has taken on is asked after, not asked for again", () => {
    const state = { refundId: "re_1", status: "requested" } as const;
    const next = afterAttempt(order, refund, { state, nowMs });
    expect(refundIn(next)).toMatchObject(state);
    expect(openRefundsOf(next)).toHaveLength(1);
    expect(next.dueAtMs).toBeGreaterThan(nowMs);
  });

  it("that the provider gave up begins anew, with another key", () => {
    const state = { refundId: "re_1", status: "failed" } as const;
    const next = afterAttempt(order, refund, { state, nowMs });
    expect(refundIn(next)).toMatchObject({ status: "due", failures: 1 });
    expect(refundIn(next).refundId).toBeUndefined();
    expect(refundKey(next, refundIn(next))).toBe("ord_1-again-1");
  });

  it("that is done ends the order's story", () => {
    const state = { refundId: "re_1", status: "done" } as const;
    const next = afterAttempt(order, refund, { state, nowMs });
    expect(next).toMatchObject({ status: "refunded" });
    expect(next.dueAtMs).toBeUndefined();
    expect(openRefundsOf(next)).toEqual([]);
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
    const state = { refundId: "re_2", status: "done" } as const;
    const next = afterAttempt(paid, extra, { state, nowMs });
    expect(next).toMatchObject({ status: "paid", extraRefunds: { pi_2: { status: "done" } } });
    expect(next.dueAtMs).toBeUndefined();
  });
});
