/** What an administrator's wish to pay back comes to: all, a part, or what lines that come back were paid with. */
import type { Actor } from "../../base/actor.ts";
import { HoldfastError, InvalidRequest, TooLarge } from "../../base/errors.ts";
import { fingerprint } from "../../base/derived-ids.ts";
import type { EpochMs } from "../../base/time.ts";
import {
  IdempotencyKeyReused,
  type Order,
  OrderNotPayable,
  type PaidOrder,
  type Refund,
  type RefundOrder,
  type ReturnedLine,
} from "../../orders/order.ts";
import {
  computeWorth,
  listReturnable,
  restocked,
  sumLines,
  sumReturnable,
} from "../../orders/order-returns.ts";
import type { ProviderName } from "../../providers/provider.ts";
import { type Outcome, withDue } from "../outcome.ts";
import {
  computeRefundable,
  computeRest,
  findRefund,
  isRefund,
  listRefunds,
  makeRefundId,
  maxRefunds,
  withRefund,
} from "./refund.ts";
import { reopened } from "./refund-reopening.ts";

/** A wish to pay an order back; without an amount, lines or a refund that is named, all that is left of it. */
export interface RefundWish {
  readonly orderId: string;
  readonly reason: string;
  /** A refund that there is, to be asked for once more or noted; whichever payment it is of. Nothing else is named then. */
  readonly refundId?: string | undefined;
  /** The shop's own name for it: the same one is the same refund. */
  readonly reference?: string | undefined;
  readonly amountMinor?: number | undefined;
  readonly lines?: readonly ReturnedLine[] | undefined;
  /** The money has gone back by other means already. */
  readonly outside?: boolean | undefined;
  readonly actor: Actor;
}

/** More is to go back than is left of what was captured; nothing was changed. */
class RefundExceeded extends HoldfastError {
  constructor(refundableMinor: number, requestedMinor: number) {
    super("REFUND_EXCEEDED", `Only ${refundableMinor} can still be paid back`, {
      refundableMinor,
      requestedMinor,
    });
  }
}

/** The provider has no number for the amount that was named; nothing was changed. */
class AmountNotRepresentable extends HoldfastError {
  constructor(paymentMethod: string, currency: string, stepMinor: number) {
    const told = `amountMinor: ${paymentMethod} pays back multiples of ${stepMinor} only in ${currency}`;
    const reason = "amount_not_representable";
    super("PAYMENT_METHOD_UNAVAILABLE", told, { paymentMethod, reason, stepMinor });
  }
}

/** More of a line is to come back than was sold and has not come back; nothing was changed. */
class ReturnExceeded extends HoldfastError {
  constructor(lineId: string, returnable: number, requested: number) {
    super("RETURN_EXCEEDED", `Only ${returnable} of ${lineId} can still come back`, {
      lineId,
      returnable,
      requested,
    });
  }
}

/** Of how many minor units the provider of a payment pays back multiples; 1 for any amount. */
export type FindStep = (provider: ProviderName, currency: string) => number;

/** What a wish comes to: a step of the order, if it is not under way or done; and the refund that it is about. */
export interface RefundDecision {
  readonly outcome?: Outcome;
  /** None: every refund of the order that is open. */
  readonly refundId?: string;
  /** What the provider may have carried out unheard: it is to be asked of these before the step is done. */
  readonly unheard?: readonly Refund[];
}

const isWhole = ({ amountMinor, lines }: RefundWish): boolean =>
  amountMinor === undefined && lines === undefined;

/** Equal for the same wish, whoever repeats it. */
function makeFingerprint({ reason, amountMinor, lines, outside }: RefundWish): string {
  return fingerprint({ reason, amountMinor, lines, outside });
}

/** The id of the refund that a wish is about. Without a reference the same words mean the same refund. */
export function wishedRefundId(wish: RefundWish): string {
  const { orderId, reference } = wish;
  if (reference !== undefined) return makeRefundId(orderId, "reference", reference);
  return isWhole(wish)
    ? makeRefundId(orderId, "whole")
    : makeRefundId(orderId, "wish", makeFingerprint(wish));
}

/** What is kept of a refund that begins. */
export function wishedEntry(wish: RefundWish, amountMinor: number, nowMs: EpochMs) {
  const { reason, outside = false } = wish;
  const begun = { status: "due", reason, amountMinor, attempts: 0, createdAtMs: nowMs } as const;
  // It says so from the first: whoever finds it open, after its maker has died, must not pay it back once more.
  const how = outside ? ({ isOutside: true } as const) : {};
  return { ...begun, ...how, fingerprint: makeFingerprint(wish) };
}

/** @throws InvalidRequest for lines that the order does not have, ReturnExceeded for units */
function checkLines(order: Order, lines: readonly ReturnedLine[]): void {
  const returnable = sumReturnable(order);
  if (returnable.size === 0) throw new OrderNotPayable(order);
  for (const [index, { lineId }] of lines.entries()) {
    const path = `lines.${index}.lineId`;
    const message = "is no line of this order";
    if (!returnable.has(lineId)) throw new InvalidRequest([{ path, message }]);
  }
  for (const [lineId, quantity] of sumLines(lines)) {
    const left = returnable.get(lineId) ?? 0;
    if (quantity > left) throw new ReturnExceeded(lineId, left, quantity);
  }
}

/**
 * Goods come back whatever is left of the money for them; an amount that was named has to be there. What is left is
 * all that is not lost: what is disputed is paid back if the shop wins it. It is rounded down to what the provider has
 * a number for; who has paid it back by other means is bound to none.
 */
function pickAmount(
  order: PaidOrder | RefundOrder,
  { amountMinor, lines, outside = false }: RefundWish,
  findStep: FindStep,
): number {
  const { currency, payment } = order;
  const { paymentId = "", provider } = payment;
  const stepMinor = outside ? 1 : findStep(provider, currency);
  const refundable = computeRefundable(order, paymentId);
  if (amountMinor === undefined) {
    const restMinor = computeRest(order, paymentId);
    const owedMinor = lines ? Math.min(restMinor, computeWorth(order, lines)) : restMinor;
    return owedMinor - (owedMinor % stepMinor);
  }
  if (amountMinor > refundable) throw new RefundExceeded(refundable, amountMinor);
  if (amountMinor % stepMinor > 0) throw new AmountNotRepresentable(provider, currency, stepMinor);
  return amountMinor;
}

/** A refund of the payment that settled the order, and what comes back with it. */
function beginRefund(
  order: PaidOrder | RefundOrder,
  wish: RefundWish,
  { nowMs, findStep }: { nowMs: EpochMs; findStep: FindStep },
): RefundDecision {
  const { provider, transactionId, paymentId = "" } = order.payment;
  if (listRefunds(order).length >= maxRefunds) {
    throw new TooLarge(`An order has at most ${maxRefunds} refunds`, maxRefunds);
  }
  if (wish.lines) checkLines(order, wish.lines);
  const lines = wish.lines ?? (isWhole(wish) ? listReturnable(order) : []);
  const amountMinor = pickAmount(order, wish, findStep);
  const refundId = wishedRefundId(wish);
  const refund: Refund = {
    ...wishedEntry(wish, amountMinor, nowMs),
    ...(lines.length > 0 ? { lines } : {}),
    refundId,
    provider,
    transactionId,
    paymentId,
    currency: order.currency,
  };
  const balanced = withRefund(order, refund);
  // What cost nothing has nothing left from the first; its money goes back all the same.
  const owed =
    isWhole(wish) && balanced.status === "paid"
      ? ({ ...balanced, status: "refund_due", isSold: true } as Order)
      : balanced;
  const units = restocked(order, lines);
  const outcome: Outcome = {
    next: withDue(owed, nowMs),
    stock: units.length > 0 ? "takeBack" : "leave",
    back: { units, refundId },
    cart: "leave",
    action: lines.length > 0 ? "order.returned" : "refund.due",
    reason: wish.reason,
  };
  return { outcome, refundId };
}

/** @throws InvalidRequest for a refund that the order does not have */
function decideNamed(
  order: Order,
  wish: RefundWish,
  refundId: string,
  nowMs: EpochMs,
): RefundDecision {
  const named = findRefund(order, refundId);
  if (!named) {
    throw new InvalidRequest([{ path: "refundId", message: "is no refund of this order" }]);
  }
  return { ...reopened(order, [named], { ...wish, nowMs }), refundId };
}

/**
 * The wishes that are the same. Who says that money went back by other means speaks of what the same words have asked for,
 * if they have: it is not owed again beside the note.
 */
const wordings = (wish: RefundWish): readonly RefundWish[] =>
  wish.outside ? [wish, { ...wish, outside: undefined }] : [wish];

/**
 * What a wish comes to for the order as it is. Pure; whoever carries it out demands that the order is still so.
 *
 * @throws OrderNotPayable when no money was captured, or nothing was sold that could come back
 * @throws RefundExceeded when more is wanted than is left, ReturnExceeded when more comes back than was sold
 * @throws PaymentMethodUnavailable when the provider has no number for the amount that was named
 * @throws IdempotencyKeyReused when the reference was used for another refund
 * @throws RefundAtProvider when it is said to have gone back by other means, and the provider has it
 */
export function decideRefund(
  order: Order,
  wish: RefundWish,
  nowMs: EpochMs,
  findStep: FindStep = () => 1,
): RefundDecision {
  if (wish.refundId !== undefined) return decideNamed(order, wish, wish.refundId, nowMs);
  const same = wordings(wish);
  const known = same.map((each) => findRefund(order, wishedRefundId(each))).find(Boolean);
  if (known) {
    const { fingerprint: kept } = known;
    const isOther = kept !== undefined && !same.map(makeFingerprint).includes(kept);
    if (isOther && wish.reference !== undefined) throw new IdempotencyKeyReused();
    return { ...reopened(order, [known], { ...wish, nowMs }), refundId: known.refundId };
  }
  if (isWhole(wish) && isRefund(order))
    return reopened(order, listRefunds(order), { ...wish, nowMs });
  if (order.status !== "paid" && !isRefund(order)) throw new OrderNotPayable(order);
  return beginRefund(order, wish, { nowMs, findStep });
}
