/** Takes facts in, from a webhook or from the shopper's browser: one path, one result. */
import type { Actor } from "../base/actor.ts";
import type { AuditAction } from "../base/audit-action.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/time.ts";
import type { Order, PaymentMethod } from "../orders/order.ts";
import { findOrder } from "../orders/order-store.ts";
import {
  BadSignature,
  type BrowserReturn,
  type PaymentFact,
  type Providers,
  type WebhookDelivery,
} from "../providers/provider.ts";
import type { Database } from "../table/database.ts";
import {
  earlierTransaction,
  isWhatWasOrdered,
  knowsTransaction,
  type PaymentAlarm,
} from "./payment.ts";
import { countDisputes, findDispute, maxDisputes } from "./disputes/dispute.ts";
import { keepEvent } from "./events/noted-event-store.ts";
import { hasHeard } from "./outcome.ts";
import { capturedBy } from "./refunds/refund.ts";
import { countGivenUp, hasNewRefunds } from "./refunds/refund-telling.ts";
import type { Refunds } from "./refunds/refund-service.ts";
import type { Settling, TellDeed } from "./settle-service.ts";

/** What receiving is made of. */
export interface ReceivingOptions {
  readonly database: Database;
  readonly providers: Providers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Raises an alarm that somebody should look at. */
  readonly alarm: (name: PaymentAlarm) => void;
}

/** What a webhook came to: the order that it is about, if it is about one. */
export interface Received {
  readonly order?: Order;
}

type Parts = ReceivingOptions & { readonly settling: Settling; readonly refunds: Refunds };

/** What a fact made due is asked for at once; where that fails the sweep goes on with it. */
async function payBack({ refunds, logger }: Parts, order: Order, actor: Actor): Promise<Order> {
  try {
    return await refunds.carryOut(order, actor);
  } catch (error) {
    logger.error("Refund not asked for yet", { orderId: order.orderId, error });
    return order;
  }
}

function noteMismatch({ logger, alarm }: Parts, order: Order, fact: PaymentFact): void {
  if (isWhatWasOrdered(order, fact)) return;
  const { orderId, totalMinor, currency } = order;
  const captured = { amountMinor: fact.amountMinor, currency: fact.currency };
  logger.error("Captured is not what was ordered", { orderId, totalMinor, currency, captured });
  alarm("AmountMismatch");
}

/** Somebody has to answer a dispute in time. What waited for its decision is for the sweep: it is due. */
function noteDispute({ logger, alarm }: Parts, order: Order, settled: Order, fact: PaymentFact) {
  const { disputeId = "", status } = fact.dispute ?? {};
  const isBeyond = !findDispute(settled, disputeId) && countDisputes(settled) >= maxDisputes;
  if (countDisputes(settled) > countDisputes(order) || isBeyond) {
    const { orderId } = order;
    logger.warn("A payment is disputed", { orderId, provider: fact.provider, status, isBeyond });
    alarm("PaymentDisputed");
  }
  return settled;
}

/** Another amount than was ordered may still pay for it: not every event says so, the provider does. */
async function lookTwice(
  providers: Parts["providers"],
  order: Order,
  fact: PaymentFact,
): Promise<PaymentFact> {
  const isMoney = fact.kind !== "processing" && fact.kind !== "failed";
  const isNews = isMoney && capturedBy(order, fact.paymentId) === undefined;
  if (!isNews || isWhatWasOrdered(order, fact)) return fact;
  const fetched = await providers[fact.provider]?.fetch(fact);
  const isAnswer = fetched?.orderId === order.orderId && fetched.orderedMinor !== undefined;
  return isAnswer ? { ...fact, orderedMinor: fetched.orderedMinor } : fact;
}

/** The order of a fact; where a shopper could have named it, the provider is asked. */
async function trace({ database, providers }: Parts, fact: PaymentFact) {
  const order = await findOrder(database, fact.orderId);
  if (fact.certain || (order && knowsTransaction(order, fact.transactionId))) return order;
  const fetched = await providers[fact.provider]?.fetch(fact);
  return fetched && findOrder(database, fetched.orderId);
}

/** Makes `receive` and `verify`; the payment service says what they guarantee. */
export function createReceiving(options: Parts) {
  const { database, providers, settling, clock, logger, alarm } = options;

  async function settle(
    order: Order,
    told: PaymentFact,
    actor: Actor,
    tellDeed?: TellDeed,
  ): Promise<Order> {
    const fact = await lookTwice(providers, order, told);
    const settled = await settling.settle(order, fact, actor, tellDeed);
    if (fact.kind === "disputed") return noteDispute(options, order, settled, fact);
    if (settled === order) return order;
    if (fact.kind === "captured") noteMismatch(options, order, fact);
    const hasFailed = countGivenUp(settled) > countGivenUp(order);
    if (hasFailed) {
      const { orderId } = order;
      logger.error("A refund failed after all", { orderId, refundId: fact.refundId });
      alarm("RefundFailed");
    }
    return hasFailed || hasNewRefunds(settled) ? payBack(options, settled, actor) : settled;
  }

  /** The same, and the event is on record: with the order where it moved it, else beside it. */
  async function settleAndKeep(order: Order, event: PaymentFact, actor: Actor): Promise<Order> {
    let did: AuditAction | undefined;
    const settled = await settle(order, event, actor, (action) => (did = action));
    const isRemembered = hasHeard(settled, event);
    if (!isRemembered) {
      await keepEvent(database, { ...event, orderId: order.orderId }, { nowMs: clock(), did });
    }
    return settled;
  }

  async function receive(
    name: PaymentMethod,
    delivery: WebhookDelivery,
    requestId?: string,
  ): Promise<Received> {
    const provider = providers[name];
    if (!provider) throw new BadSignature(name);
    const event = await provider.readWebhook(delivery);
    if (event.kind === "noted" && event.isUnreadable) {
      logger.error("An event about money cannot be read", { provider: name, type: event.type });
      alarm("UnreadablePaymentEvent");
    }
    const order = event.kind === "noted" ? undefined : await trace(options, event);
    if (event.kind === "noted" || !order) {
      await keepEvent(database, event, { nowMs: clock() });
      return {};
    }
    const actor = { id: `provider:${name}`, ...(requestId === undefined ? {} : { requestId }) };
    return { order: await settleAndKeep(order, event, actor) };
  }

  async function verify(
    order: Order,
    claim: { provider: PaymentMethod; returned: BrowserReturn; actor: Actor },
  ): Promise<Order> {
    const { orderId } = order;
    const provider = providers[claim.provider];
    if (!provider) throw new BadSignature(claim.provider);
    const transactionId = earlierTransaction(order, claim.provider);
    const fact = await provider.readReturn({ orderId, transactionId }, claim.returned);
    if (!fact) return order;
    if (fact.orderId !== orderId) throw new BadSignature(claim.provider);
    return settle(order, fact, claim.actor);
  }

  return { receive, verify, settle };
}
