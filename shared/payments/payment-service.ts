/** What a caller can ask of payments: start one, hear what became of it, pay back, keep late money away. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import type { Order, OrderCaller, PaymentMethod } from "../orders/order.ts";
import { getOwnOrder } from "../orders/order-store.ts";
import type { Amount } from "../providers/amounts.ts";
import {
  type BrowserReturn,
  PaymentMethodUnavailable,
  type PaymentProvider,
} from "../providers/provider.ts";
import { createNotedEvents } from "./events/noted-event-service.ts";
import { createReceiving, type ReceivingOptions } from "./receiving.ts";
import { createRechecking } from "./rechecking.ts";
import { createRefunds } from "./refunds/refund-service.ts";
import { createSettling, type SettlingOptions } from "./settle-service.ts";
import { createStarting, type StartedPayment, type StartingOptions } from "./start-service.ts";

/** What payments are made of. */
export type PaymentServiceOptions = SettlingOptions & StartingOptions & ReceivingOptions;

/** A caller's order, and who is recorded as the one who acts on it. */
interface OnOrder {
  readonly orderId: string;
  readonly caller: OrderCaller;
  readonly actor: Actor;
}

/** Takes money for orders; each step is one transaction, and every step may be repeated. */
export function createPaymentService(options: PaymentServiceOptions) {
  const { database, providers, logger } = options;
  const settling = createSettling(options);
  const starting = createStarting(options);
  const refunds = createRefunds({ ...options, settling });
  const receiving = createReceiving({ ...options, settling, refunds });
  const { recheck, settleUnheard } = createRechecking(options, receiving.settle);

  function getProvider(method: PaymentMethod): PaymentProvider {
    const provider = providers[method];
    if (provider) return provider;
    throw new PaymentMethodUnavailable(method, "not_configured");
  }

  return {
    /**
     * Refuses what this way of paying cannot take, from its tables and keys alone: no request. What costs
     * nothing is asked of no provider; only the name has to be one that this stage has.
     *
     * @throws PaymentMethodUnavailable with the reason
     * @example await payments.assertPayable("stripe", { amountMinor: 4_900, currency: "EUR" })
     */
    async assertPayable(method: PaymentMethod, amount: Amount): Promise<void> {
      const provider = getProvider(method);
      if (amount.amountMinor === 0) return;
      const reason = await provider.whyNot(amount);
      if (reason) throw new PaymentMethodUnavailable(method, reason);
    },

    /**
     * Starts the payment of a pending order: the provider's transaction, then order, holds and cart
     * lock extended to the payment's deadline in one transaction. Two requests. Repeating it answers
     * with the same transaction.
     *
     * @throws OrderNotPayable when the order is past pending or its time is over; nothing was changed
     * @throws PaymentMethodUnavailable for what the provider cannot take; nobody was asked
     * @throws ProviderFailed when the provider failed; order and holds stand as they were
     * @example await payments.initiate({ orderId: "ord_x", caller, actor: { id: "alice" } })
     */
    initiate({
      orderId,
      caller,
      ...wish
    }: OnOrder & { method?: PaymentMethod | undefined }): Promise<StartedPayment> {
      return starting.start({
        read: () => getOwnOrder(database, orderId, caller),
        getProvider,
        ...wish,
      });
    },

    /**
     * Takes a webhook in. When this resolves, what it says is done and durable, or was done before: 2
     * requests when it moves the order, 1 when it does not, 0 when it is not genuine.
     *
     * @throws BadSignature when the provider has not signed it; nothing was read or written
     * @example await payments.receive("stripe", { body, headers })
     */
    receive: receiving.receive,

    /**
     * Takes what the provider gave the shopper's browser: the same facts, the same result as the
     * webhook. Whichever comes first does the work, the other finds it done.
     *
     * @throws BadSignature when it is not genuine or about another payment; nothing was changed
     * @example await payments.verify({ orderId, provider: "stripe", returned, caller, actor })
     */
    async verify(
      claim: OnOrder & { provider: PaymentMethod; returned: BrowserReturn },
    ): Promise<Order> {
      getProvider(claim.provider);
      return receiving.verify(await getOwnOrder(database, claim.orderId, claim.caller), claim);
    },

    /** Pays back what an order has cost; see `createRefunds`. */
    refund: refunds.request,

    /** What providers sent about an order; see `createNotedEvents`. */
    listEvents: createNotedEvents(options).list,

    /** Asks the provider for every refund of the order that is still open; for the sweep. */
    retryRefunds: refunds.carryOut,

    /** Does to an order what a provider says of a payment, told before or not; for who walks its books. */
    settleUnheard,

    /**
     * Asks the providers what came of the order's transactions, and settles what was captured: webhooks
     * can be lost for good. No request where nothing was, and none of ours to wait for.
     *
     * @throws ProviderFailed when one could not be asked; what was found before that is settled
     * @throws CaptureUnsettled when money has come, but what of it went back could not be asked for
     */
    recheck,

    /**
     * Keeps money for an order that has ended from coming late, where providers can. Where one says that it is
     * too late, what came is settled. Hands back the order as it is then. Never fails.
     */
    async abandon(order: Order, actor: Actor): Promise<Order> {
      const { orderId, payment } = order;
      let current = order;
      for (const [transactionId, name] of Object.entries(payment?.transactions ?? {})) {
        try {
          const came = await providers[name]?.cancel(transactionId);
          if (came === "too_late") current = await recheck(current, actor, { isOver: true });
        } catch (error) {
          // Late money is dealt with anyway; this would only have spared the shopper a refund.
          const reason =
            error instanceof HoldfastError ? (error.fields["reason"] ?? error.code) : "unexpected";
          logger.warn("Transaction not cancelled", { orderId, transactionId, reason });
        }
      }
      return current;
    },
  };
}

/** See `createPaymentService`. */
export type PaymentService = ReturnType<typeof createPaymentService>;
