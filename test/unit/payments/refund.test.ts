/** How long a refund waits between attempts, which key it carries, and what providers tell of it. */
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../shared/base/logger.ts";
import { InvalidRequest } from "../../../shared/base/errors.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Order, Refund } from "../../../shared/orders/order.ts";
import { IdempotencyKeyReused } from "../../../shared/orders/order.ts";
import { computeWorth } from "../../../shared/orders/order-returns.ts";
import type {
  PaymentFact,
  PaymentProvider,
  ToldRefund,
} from "../../../shared/providers/provider.ts";
import { decideOutcome } from "../../../shared/payments/payment.ts";
import {
  computeRest,
  findRefund,
  listOpenRefunds,
  listRefunds,
  longestTryMs,
  refundKey,
  withRefund,
} from "../../../shared/payments/refunds/refund.ts";
import { afterAttempt, pauseAfter } from "../../../shared/payments/refunds/refund-attempt.ts";
import { askProvider } from "../../../shared/payments/refunds/refund-asking.ts";
import { decideRefund } from "../../../shared/payments/refunds/refund-wish.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";

const nowMs = epochMs(1_800_000_000_000);
const payment = { provider: "stripe", transactionId: "pi_1", paymentId: "pi_1" } as const;
const line = {
  itemId: "chair",
  lineId: "chair",
  name: "Chair",
  kind: "Retail",
  vendorId: null,
  quantity: 3,
  unitPriceMinor: 250,
  lineTotalMinor: 750,
  adjustmentMinor: -250,
};
const paid = {
  orderId: "ord_1",
  userId: "alice",
  status: "paid",
  lines: [line],
  totalMinor: 500,
  currency: "EUR",
  vendorId: null,
  paymentMethod: "stripe",
  fingerprint: "f",
  createdAtMs: nowMs,
  expiresAtMs: nowMs,
  payment: {
    ...payment,
    capturedMinor: 500,
    capturedAtMs: nowMs,
    refundableMinor: 500,
    refunds: {},
  },
} as Order;
const root = { id: "root" };
const wishOf = (more: object = {}) => ({ orderId: "ord_1", reason: "late", actor: root, ...more });

/** The order once a wish is due, and the refund that it is about. */
function begun(order: Order, more: object = {}): [Order, Refund] {
  const { outcome, refundId } = decideRefund(order, wishOf(more), nowMs);
  return [outcome!.next, findRefund(outcome!.next, refundId!)!];
}

const [order, refund] = begun(paid);
const noAnswer = { status: "unanswered", lastError: "timeout" } as const;
const refundIn = (next: Order) => listRefunds(next)[0]!;

/** What a provider tells of refunds of the payment. */
const toldOf = (...refunds: ToldRefund[]): PaymentFact => ({
  ...payment,
  kind: "refunded",
  orderId: "ord_1",
  amountMinor: 500,
  currency: "EUR",
  type: "refund.updated",
  certain: true,
  refunds,
});

const rules = { policy: "release", lateMoneyMs: 0, nowMs } as const;

/** The order when a fact has had all of its effect. */
function heard(first: Order, ...facts: PaymentFact[]): Order {
  let next = first;
  for (const fact of facts) {
    for (;;) {
      const outcome = decideOutcome(next, fact, rules);
      if (!outcome) break;
      next = outcome.next;
    }
  }
  return next;
}

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
    expect(refundIn(next)).toMatchObject({ status: "due", attempts: 1, lastError: "timeout" });
    expect(refundKey(refundIn(next))).toBe(refundKey(refund));
  });

  it("that the provider has taken on is asked after, not asked for again", () => {
    const answer = { refundId: "re_1", status: "requested" } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(refundIn(next)).toMatchObject({ status: "requested", providerRefundId: "re_1" });
    expect(listOpenRefunds(next)).toHaveLength(1);
    expect(next.dueAtMs).toBeGreaterThan(nowMs);
  });

  it("that the provider gave up begins anew, with another key", () => {
    const answer = { refundId: "re_1", status: "failed" } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(refundIn(next)).toMatchObject({ status: "due", failures: 1 });
    expect(refundIn(next).providerRefundId).toBeUndefined();
    expect(refundKey(refundIn(next))).toBe(`${refund.refundId}-again-1`);
  });

  it("that the provider gave up is owed for what a dispute has left meanwhile", () => {
    const dispute = { amountMinor: 400, status: "lost", takenMinor: 400, isOver: true };
    const disputes = { dp_1: { ...dispute, toldAtMs: nowMs, paymentId: "pi_1" } };
    const disputed = { ...order, payment: { ...order.payment, disputes } } as Order;
    const answer = { refundId: "re_1", status: "failed" } as const;
    const next = afterAttempt(disputed, refund, { answer, nowMs });
    expect(refundIn(next)).toMatchObject({ status: "due", amountMinor: 100 });
    expect(refundKey(refundIn(next))).toBe(`${refund.refundId}-again-2`);
  });

  it("that is refused for good stops, and is asked for again only when somebody says so", () => {
    const answer = { status: "refused", lastError: "charge_disputed", told: [] } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(next).toMatchObject({ status: "refund_due" });
    expect(next.dueAtMs).toBeUndefined();
    expect(refundIn(next)).toMatchObject({ status: "failed", lastError: "charge_disputed" });
    expect(listOpenRefunds(next)).toEqual([]);
    const [again, reopened] = begun(next);
    expect(listOpenRefunds(again)).toMatchObject([{ status: "due", attempts: 0 }]);
    expect(refundKey(reopened)).not.toBe(refundKey(refund));
  });

  it("that is refused because some went back elsewhere is owed for the rest, under another key", () => {
    const elsewhere = { refundId: "re_9", amountMinor: 150, status: "done" } as const;
    const answer = { status: "refused", lastError: "refused", told: [elsewhere] } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    const rest = findRefund(next, refund.refundId)!;
    expect(rest).toMatchObject({ status: "due", amountMinor: 350 });
    expect(refundKey(rest)).not.toBe(refundKey(refund));
    expect(listRefunds(next).find(({ isOutside }) => isOutside)).toMatchObject({
      amountMinor: 150,
      status: "done",
    });
    const all = { ...answer, told: [{ ...elsewhere, amountMinor: 500 }] };
    const over = afterAttempt(order, refund, { answer: all, nowMs });
    expect(over).toMatchObject({ status: "refunded" });
    expect(over.dueAtMs).toBeUndefined();
  });

  it("that was refused because it had been made, answer lost, is done", () => {
    const made = { refundId: "re_1", amountMinor: 500, status: "done" } as const;
    const told = [{ ...made, ourRefundId: refund.refundId }];
    const answer = { status: "refused", lastError: "charge_already_refunded", told } as const;
    const next = afterAttempt(order, refund, { answer, nowMs });
    expect(next.status).toBe("refunded");
    expect(listRefunds(next)).toMatchObject([{ status: "done", amountMinor: 500 }]);
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
    // An answer that comes a second time finds it done.
    expect(afterAttempt(next, refund, { answer: noAnswer, nowMs })).toBe(next);
  });

  it("of a second payment leaves the order paid", () => {
    const told = {
      ...toldOf(),
      kind: "captured",
      paymentId: "pi_2",
      transactionId: "pi_2",
    } as const;
    const { refunds: _none, ...capture } = told;
    const twice = heard(paid, capture);
    const [extra] = listRefunds(twice);
    expect(extra).toMatchObject({ paymentId: "pi_2", amountMinor: 500, status: "due" });
    const answer = { refundId: "re_2", status: "done" } as const;
    const next = afterAttempt(twice, extra!, { answer, nowMs });
    expect(next.status).toBe("paid");
    expect(computeRest(next, "pi_1")).toBe(500);
    expect(next.dueAtMs).toBeUndefined();
  });
});

describe("parts of the money", () => {
  it("never come to more than was captured, and together make the order refunded", () => {
    const [first] = begun(paid, { amountMinor: 200 });
    expect(first).toMatchObject({ status: "paid", payment: { refundableMinor: 300 } });
    expect(() => begun(first, { amountMinor: 301 })).toThrow("Only 300 can still be paid back");
    const [second] = begun(first, { amountMinor: 300 });
    expect(second).toMatchObject({ status: "refund_due", payment: { refundableMinor: 0 } });
    let next = second;
    for (const each of listOpenRefunds(second)) {
      const answer = { refundId: `re_${each.amountMinor}`, status: "done" } as const;
      next = afterAttempt(next, each, { answer, nowMs });
    }
    expect(next.status).toBe("refunded");
  });

  it("with the same reference are one refund, with another body an error", () => {
    const [first, part] = begun(paid, { amountMinor: 200, reference: "r1" });
    const same = decideRefund(first, wishOf({ amountMinor: 200, reference: "r1" }), nowMs);
    expect(same).toEqual({ refundId: part.refundId });
    const other = () => begun(first, { amountMinor: 201, reference: "r1" });
    expect(other).toThrow("idempotency key was used");
    // Without a reference the same words are the same refund.
    const [unnamed, once] = begun(paid, { amountMinor: 10 });
    expect(decideRefund(unnamed, wishOf({ amountMinor: 10 }), nowMs).refundId).toBe(once.refundId);
    expect(decideRefund(unnamed, wishOf({ amountMinor: 10 }), nowMs).outcome).toBeUndefined();
  });

  it("of lines are what the lines were paid with, unit by unit, to the last minor unit", () => {
    let next = paid;
    const amounts = [1, 1, 1].map((quantity, index) => {
      const lines = [{ lineId: "chair", quantity, restock: index > 0 }];
      const [after, part] = begun(next, { lines, reference: `r${index}` });
      next = after;
      return part.amountMinor;
    });
    expect(amounts).toEqual([167, 166, 167]);
    expect(next).toMatchObject({ status: "refund_due" });
    const more = [{ lineId: "chair", quantity: 1, restock: false }];
    expect(() => begun(next, { lines: more })).toThrow("Only 0 of chair can still come back");
    const unknown = [{ ...more[0]!, lineId: "table" }];
    expect(() => begun(next, { lines: unknown })).toThrow("is no line of this order");
  });

  it("of lines get their part of what was captured where that is less than was ordered for", () => {
    const cheaper = { ...paid, payment: { ...paid.payment!, capturedMinor: 499 } } as Order;
    const lines = [{ lineId: "chair", quantity: 3, restock: true }];
    expect(computeWorth(cheaper, lines)).toBe(499);
  });
});

describe("refunds that somebody gave at the provider", () => {
  const part = { refundId: "re_7", amountMinor: 300, status: "done" } as const;

  it("count: only the rest goes back, and what was asked for ends", () => {
    const next = heard(paid, toldOf(part));
    expect(next).toMatchObject({ status: "paid", payment: { refundableMinor: 200 } });
    const [due, rest] = begun(next);
    expect(rest.amountMinor).toBe(200);
    const answer = { refundId: "re_8", status: "done" } as const;
    expect(afterAttempt(due, rest, { answer, nowMs }).status).toBe("refunded");
  });

  it("all at once bring everything back; in parts nothing but money", () => {
    const all = decideOutcome(paid, toldOf({ ...part, amountMinor: 500 }), rules);
    expect(all).toMatchObject({ stock: "takeBack", back: { units: [{ quantity: 3 }] } });
    const rest = { refundId: "re_8", amountMinor: 200, status: "done" } as const;
    const both = decideOutcome(paid, toldOf(part, rest), rules);
    expect(both).toMatchObject({ stock: "leave", next: { status: "refund_due" } });
    expect(heard(paid, toldOf(part, rest)).status).toBe("refunded");
  });

  it("come to the same in any order, however often they are told", () => {
    const requested = toldOf({ ...part, status: "requested" });
    const done = toldOf(part);
    const failed = toldOf({ ...part, status: "failed" });
    const orders = [
      [requested, done, failed],
      [failed, done, requested],
      [done, failed, done],
      [failed, failed, requested, done],
    ];
    const balances = orders.map((facts) => {
      const { status, payment: money } = heard(paid, ...facts);
      return { status, left: money?.refundableMinor };
    });
    expect(new Set(balances.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(balances[0]).toEqual({ status: "paid", left: 500 });
  });

  it("that failed after all of it was to go back are asked for by us, in any order", () => {
    const all = { ...part, amountMinor: 500 };
    const failed = toldOf({ ...all, status: "failed" });
    for (const facts of [
      [toldOf(all), failed],
      [failed, toldOf(all)],
    ]) {
      const next = heard(paid, ...facts);
      expect(next.status).toBe("refund_due");
      expect(listOpenRefunds(next)).toMatchObject([{ amountMinor: 500, status: "due" }]);
    }
  });
});

it("a refund of ours that failed makes nobody forget one that failed at the provider", () => {
  const [due, part] = begun(paid, { amountMinor: 100 });
  const outside = { refundId: "re_outside", amountMinor: 200 };
  const told = heard(due, toldOf({ ...outside, status: "done" }));
  const over = heard(told, toldOf({ ...outside, status: "failed" }));
  const answer = { refundId: "re_1", status: "failed" } as const;
  const next = afterAttempt(over, findRefund(over, part.refundId)!, { answer, nowMs });
  const ours = { refundId: part.refundId, status: "due", gaveUp: ["re_1"] };
  const theirs = { isOutside: true, status: "failed", gaveUp: ["re_outside"] };
  expect(listRefunds(next)).toHaveLength(2);
  for (const each of [ours, theirs]) {
    expect(listRefunds(next)).toContainEqual(expect.objectContaining(each));
  }
});

it("a refund that its provider told of without our name counts once, when its answer comes", () => {
  const [due, part] = begun(paid, { amountMinor: 200 });
  const lost = afterAttempt(due, part, { answer: noAnswer, nowMs });
  const told = heard(lost, toldOf({ refundId: "re_1", amountMinor: 200, status: "done" }));
  expect(told.payment?.refundableMinor).toBe(100);
  const answer = { refundId: "re_1", status: "done" } as const;
  const next = afterAttempt(told, findRefund(told, part.refundId)!, { answer, nowMs });
  expect(listRefunds(next)).toMatchObject([{ refundId: part.refundId, status: "done" }]);
  expect(next.payment?.refundableMinor).toBe(300);
});

describe("a refund that is named", () => {
  const second = {
    ...toldOf(),
    kind: "captured",
    transactionId: "pi_2",
    paymentId: "pi_2",
  } as const;
  const twice = heard(paid, second);
  const [owed] = listOpenRefunds(twice);
  const { refundId } = owed!;
  const answer = { status: "refused", lastError: "too_old", told: [] } as const;
  const refused = afterAttempt(twice, owed!, { answer, nowMs });

  it("is the one that is asked for once more, of a second payment, too: the order stays paid", () => {
    const { outcome, refundId: meant } = decideRefund(refused, wishOf({ refundId }), nowMs);
    expect(meant).toBe(refundId);
    expect(outcome!.next.status).toBe("paid");
    expect(listRefunds(outcome!.next)).toMatchObject([{ refundId, status: "due", failures: 1 }]);
    expect(decideRefund(outcome!.next, wishOf({ refundId }), nowMs)).toEqual({ refundId });
  });

  it("is noted as paid back by other means", () => {
    const wish = wishOf({ refundId, outside: true });
    const { outcome } = decideRefund(refused, wish, nowMs);
    const [open] = listOpenRefunds(outcome!.next);
    const next = afterAttempt(outcome!.next, open!, { answer: { status: "outside" }, nowMs });
    expect(next.status).toBe("paid");
    expect(listRefunds(next)).toMatchObject([{ refundId, status: "done", isOutside: true }]);
    expect(decideRefund(next, wish, nowMs)).toEqual({ refundId });
  });

  it("has to be one of the order", () => {
    const unknown = { path: "refundId", message: "is no refund of this order" };
    expect(() => decideRefund(paid, wishOf({ refundId: "rfd_x" }), nowMs)).toThrow(
      new InvalidRequest([unknown]),
    );
  });
});

describe("money that went back by other means", () => {
  /** A provider that pays back whatever it is asked for, which here nobody may. */
  const asking = {
    providers: {
      stripe: new Proxy({} as PaymentProvider, {
        get: () => () => Promise.reject(new Error("asked")),
      }),
    },
    clock: () => nowMs,
    logger: silentLogger,
  };

  it.each([{}, { amountMinor: 200 }])(
    "is not paid back once more by whoever finds it open, its maker dead (%o)",
    async (more) => {
      const [open, own] = begun(paid, { ...more, outside: true });
      expect(listOpenRefunds(open)).toHaveLength(1);
      const answer = await askProvider(asking, open, own);
      expect(answer).toEqual({ status: "outside" });
      const next = afterAttempt(open, own, { answer, nowMs });
      expect(refundIn(next)).toMatchObject({ status: "done", attempts: 0 });
      expect(next.dueAtMs).toBeUndefined();
    },
  );

  it("is with the provider after all when it was being asked meanwhile, and the books say so", () => {
    const { outcome } = decideRefund(order, wishOf({ outside: true }), nowMs);
    const [own] = listOpenRefunds(outcome!.next);
    const said = afterAttempt(outcome!.next, own!, { answer: { status: "outside" }, nowMs });
    const answer = { refundId: "re_1", status: "done" } as const;
    const next = afterAttempt(said, refund, { answer, nowMs });
    expect(refundIn(next)).toMatchObject({ status: "done", providerRefundId: "re_1" });
    expect(listRefunds(next)).toHaveLength(1);
    expect(afterAttempt(next, refund, { answer, nowMs })).toBe(next);
    // Nothing was heard of it: it stays what it was said to be.
    expect(afterAttempt(said, refund, { answer: noAnswer, nowMs })).toBe(said);
  });

  it("is what was refused for good, too; nobody is asked", async () => {
    const answer = { status: "refused", lastError: "too_old", told: [] } as const;
    const refused = afterAttempt(order, refund, { answer, nowMs });
    const { outcome, unheard } = decideRefund(refused, wishOf({ outside: true }), nowMs);
    const open = outcome!.next;
    const [own] = listOpenRefunds(open);
    expect(unheard).toEqual([]);
    expect(await askProvider(asking, open, own!)).toEqual({ status: "outside" });
  });

  it("is what was due already, of which the provider is asked first: a try may have been carried out", () => {
    const { outcome, unheard } = decideRefund(order, wishOf({ outside: true }), nowMs);
    const [own] = listOpenRefunds(outcome!.next);
    expect(unheard).toMatchObject([{ refundId: refund.refundId }]);
    expect(own).toMatchObject({ isOutside: true, saidAtMs: nowMs });
    expect(outcome!.next.dueAtMs).toBe(nowMs + longestTryMs);
  });

  it("is done at once where it was marked as paid: nobody can have asked a provider that is none of ours", async () => {
    const due = withRefund(order, { ...refund, provider: "outside" as typeof refund.provider });
    const { outcome, unheard } = decideRefund(due, wishOf({ outside: true }), nowMs);
    const [own] = listOpenRefunds(outcome!.next);
    expect(unheard).toEqual([]);
    expect(own).not.toHaveProperty("saidAtMs");
    expect(outcome!.next.dueAtMs).toBe(nowMs);
    expect(await askProvider(asking, outcome!.next, own!)).toEqual({ status: "outside" });
  });

  it("is said of several at once: each provider is asked of its own, what was refused is done", () => {
    const { payment: _none, ...unpaid } = paid;
    const capture = { ...toldOf(), kind: "captured" } as const;
    const second = { ...capture, transactionId: "pi_2", paymentId: "pi_2" };
    const both = heard({ ...unpaid, status: "cancelled" } as Order, capture, second);
    const answer = { status: "refused", lastError: "too_old", told: [] } as const;
    const [one, other] = listOpenRefunds(both);
    const refused = afterAttempt(both, one!, { answer, nowMs });
    const { outcome, unheard } = decideRefund(refused, wishOf({ outside: true }), nowMs);
    expect(unheard!.map(({ refundId }) => refundId)).toEqual([other!.refundId]);
    expect(outcome!.next.dueAtMs).toBe(nowMs);
    expect(listOpenRefunds(outcome!.next).every(({ isOutside }) => isOutside)).toBe(true);
  });
});

describe("the same words with `outside`", () => {
  const wish = { amountMinor: 200, reason: "dented" };
  const noted = { status: "due", isOutside: true, saidAtMs: nowMs };
  const note = { ...wish, outside: true };

  it.each([undefined, "r-1"])("note the part that is owed (reference %s)", (reference) => {
    const [due, own] = begun(paid, { ...wish, reference });
    const { outcome, refundId, unheard } = decideRefund(due, wishOf({ ...note, reference }), nowMs);
    expect(refundId).toBe(own.refundId);
    expect(unheard).toMatchObject([{ refundId }]);
    expect(listRefunds(outcome!.next)).toMatchObject([{ refundId, ...noted }]);
    // Once more it is the same, and so are the words without it: nobody is asked for it again.
    const again = wishOf({ ...note, reference });
    expect(decideRefund(outcome!.next, again, nowMs)).toEqual({ refundId });
    expect(decideRefund(outcome!.next, wishOf({ ...wish, reference }), nowMs)).toEqual({
      refundId,
    });
  });

  it("are a part of its own where none was asked for, and other words with its reference are refused", () => {
    const [due, own] = begun(paid, { ...note, reference: "r-1" });
    expect(own).toMatchObject({ status: "due", isOutside: true });
    expect(own).not.toHaveProperty("saidAtMs");
    const other = wishOf({ ...note, amountMinor: 100, reference: "r-1" });
    expect(() => decideRefund(due, other, nowMs)).toThrow(IdempotencyKeyReused);
  });
});

it("who stood still until his time was over asks nobody: others count on it", async () => {
  const providers = { stripe: {} as PaymentProvider };
  const clock = () => nowMs;
  const asking = { providers, clock, logger: silentLogger };
  const late = { meter: newMeter(), deadlineMs: nowMs };
  const answer = await runOperation(late, () => askProvider(asking, order, refund));
  expect(answer).toEqual({ status: "unanswered", lastError: "out_of_time" });
});

it("a part that is told of by nobody's name while it is asked for is that part, and nothing is left to ask for", () => {
  const [due, part] = begun(paid, { amountMinor: 300 });
  const made = { refundId: "re_1", amountMinor: 300, status: "done", isNameless: true } as const;
  const told = heard(due, toldOf(made));
  const settled = { refundId: part.refundId, status: "done", providerRefundId: "re_1" };
  for (const next of [told, heard(told, toldOf(made))]) {
    expect(next).toMatchObject({ status: "paid", payment: { refundableMinor: 200 } });
    expect(listRefunds(next)).toMatchObject([{ ...settled, amountMinor: 300 }]);
  }
  const answer = { refundId: "re_1", status: "done" } as const;
  expect(afterAttempt(told, part, { answer, nowMs })).toBe(told);
  // Another one of the same size is somebody else's.
  expect(listRefunds(heard(told, toldOf({ ...made, refundId: "re_2", amountMinor: 100 })))).toEqual(
    expect.arrayContaining([expect.objectContaining({ isOutside: true, amountMinor: 100 })]),
  );
});

it("a refund is found again by our name before its own is known, and by its own ever after", () => {
  const [due, part] = begun(paid, { amountMinor: 200 });
  const made = { refundId: "re_1", amountMinor: 200, status: "done" } as const;
  const told = toldOf({ ...made, ourRefundId: part.refundId });
  const done = heard(due, told);
  expect(listRefunds(done)).toMatchObject([{ status: "done", providerRefundId: "re_1" }]);
  const failed = heard(done, toldOf({ ...made, status: "failed" }));
  expect(listRefunds(failed)).toMatchObject([{ status: "due", gaveUp: ["re_1"], failures: 1 }]);
  expect(heard(failed, told, toldOf({ ...made, status: "failed" }))).toEqual(failed);
  expect(withRefund(failed, listRefunds(failed)[0]!)).toEqual(failed);
});
