/** Asks a provider for one refund, and makes an answer of whatever comes of it. */
import type { Logger } from "../../base/logger.ts";
import { type Clock, type EpochMs, later, secondsToMs } from "../../base/time.ts";
import type { Order, Refund } from "../../orders/order.ts";
import {
  type PaymentProvider,
  ProviderFailed,
  type Providers,
  type RefundState,
  type ToldRefund,
} from "../../providers/provider.ts";
import { currentOperation } from "../../table/operation.ts";
import type { RefundAnswer } from "./refund-attempt.ts";
import { sumWithheld } from "../disputes/dispute.ts";
import { computeRefundable, refundKey } from "./refund.ts";

/** What asking takes. */
export interface AskingOptions {
  readonly providers: Providers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A final refusal, with every refund of the payment that the provider knows. */
async function explainRefusal(
  provider: PaymentProvider,
  refund: Refund,
  lastError: string,
): Promise<RefundAnswer> {
  try {
    return { status: "refused", lastError, told: await provider.listRefunds(refund) };
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    return { status: "unanswered", lastError };
  }
}

/**
 * Every refund of the payment that its provider knows; none where it cannot know any: it is not set up here, or has
 * no such payment.
 *
 * @throws ProviderFailed when it cannot be asked now
 */
export async function listKnown(
  provider: PaymentProvider | undefined,
  refund: Refund,
): Promise<readonly ToldRefund[]> {
  if (!provider) return [];
  try {
    return await provider.listRefunds(refund);
  } catch (error) {
    if (error instanceof ProviderFailed && !error.retriable) return [];
    throw error;
  }
}

/** Somebody has paid it back by other means: only a try from before he said so can have come to anything. */
async function lookBack(
  provider: PaymentProvider | undefined,
  refund: Refund,
): Promise<RefundAnswer> {
  if (refund.saidAtMs === undefined) return { status: "outside" };
  try {
    return { status: "outside", told: await listKnown(provider, refund) };
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    return { status: "unanswered", lastError: error.reason };
  }
}

/** Providers know a key again for a day; whoever asks so much later than the first time looks before. */
const keyLifeMs = secondsToMs(12 * 3600);

/** The refund as it was taken on before, when we heard no answer. No call for the first try. */
async function findAsked(
  provider: PaymentProvider,
  refund: Refund,
  nowMs: EpochMs,
): Promise<RefundState | undefined> {
  const isFirst = refund.attempts === 0 && nowMs < later(refund.createdAtMs, keyLifeMs);
  if (isFirst || refund.providerRefundId !== undefined) return undefined;
  const told = await provider.listRefunds(refund);
  const { refundId, gaveUp = [] } = refund;
  return told.find((each) => each.ourRefundId === refundId && !gaveUp.includes(each.refundId));
}

/** Whether a dispute that is not decided may take the money that is to go back: then it would go twice. */
function isDisputed(order: Order, { refundId, paymentId, amountMinor }: Refund): boolean {
  if (sumWithheld(order, paymentId) === 0) return false;
  return computeRefundable(order, paymentId, refundId) < amountMinor;
}

/** What the provider says to a refund that is open. Never fails for what a provider does. */
export async function askProvider(
  { providers, clock, logger }: AskingOptions,
  order: Order,
  refund: Refund,
): Promise<RefundAnswer> {
  const { orderId } = order;
  const { reason, refundId, providerRefundId, transactionId, paymentId } = refund;
  const { amountMinor, currency } = refund;
  const provider = providers[refund.provider];
  // Nothing came, or nothing of it is left, so nothing has to go back.
  if (amountMinor === 0) return { status: "done", refundId };
  if (refund.isOutside && providerRefundId === undefined) return lookBack(provider, refund);
  if (!provider) return { status: "unanswered", lastError: "not_configured" };
  const payment = { orderId, transactionId, paymentId };
  const wish = { amountMinor, currency, reason, ourRefundId: refundId };
  const idempotencyKey = refundKey(refund);
  // Who stood still for so long must not ask: others count on it that no try lives longer than its operation.
  const { deadlineMs } = currentOperation() ?? {};
  if (deadlineMs !== undefined && clock() >= deadlineMs) {
    return { status: "unanswered", lastError: "out_of_time" };
  }
  try {
    const asked = await findAsked(provider, refund, clock());
    if (asked) return asked;
    if (providerRefundId === undefined && isDisputed(order, refund)) return { status: "disputed" };
    return await provider.refund({
      ...payment,
      ...wish,
      idempotencyKey,
      refundId: providerRefundId,
    });
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    const { reason: lastError, retriable } = error;
    logger.warn("Refund not done yet", { orderId, provider: provider.name, paymentId, lastError });
    if (retriable || providerRefundId !== undefined) return { status: "unanswered", lastError };
    return explainRefusal(provider, refund, lastError);
  }
}
