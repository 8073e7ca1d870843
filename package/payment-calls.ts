/** What can be asked of orders that providers take the money for: checked, done once, answered with the order. */
import type { Actor } from "../shared/base/actor.ts";
import type { ProviderName } from "../shared/base/payment-providers.ts";
import { createOrderService } from "../shared/orders/order-service.ts";
import { createCancelling } from "../shared/payments/cancel-service.ts";
import {
  createPaymentService,
  type PaymentService,
  type PaymentServiceOptions,
} from "../shared/payments/payment-service.ts";
import type { StartedPayment } from "../shared/payments/start-service.ts";
import { createSweep } from "../shared/payments/sweep.ts";
import type { KeyReader } from "../shared/providers/provider.ts";
import { newMeter, runOperation } from "../shared/table/operation.ts";
import { createMoneyCalls } from "./money-calls.ts";
import { refundFields } from "./order-fields.ts";
import { type OrderView, viewOrder } from "./order-parts.ts";
import type { RefundGiven } from "./order-wishes.ts";
import { parseAs } from "./parse-as.ts";
import { parseProvider, pickReturned } from "./payment-fields.ts";
import type {
  EndWish,
  EventListing,
  PayableWish,
  ReturnedWish,
  StartWish,
  WebhookTaken,
} from "./payment-wishes.ts";
import {
  answer,
  asCaller,
  createReadingCalls,
  placeOrder,
  type PlacingParts,
} from "./placing-calls.ts";
import { readDelivery, type Webhook } from "./provider-accounts.ts";

/** What the calls are made of. */
export type PaymentParts = PlacingParts &
  PaymentServiceOptions & {
    /** How the keys of the providers are read that there are. */
    readonly readers: Partial<Record<ProviderName, KeyReader>>;
  };

/** The provider that was named, or the only one. */
function pickProvider({ readers }: PaymentParts, named: ProviderName | undefined): ProviderName {
  const [only, ...others] = Object.keys(readers);
  return parseProvider(named ?? (others.length === 0 ? only : undefined));
}

/** Who is recorded as the one who acts: the user that is spoken of, or trusted code. */
const actorOf = ({ actor, userId }: { actor?: Actor; userId?: string }): Actor =>
  actor ?? { id: userId ?? "payments" };

/**
 * For so long, in milliseconds, a call or a sweep goes on: who stood still for longer asks no provider for money any more. Whoever
 * says that money went back by other means counts on it.
 */
const longestCallMs = 60_000;
const longestSweepMs = 240_000;

/** Runs what may ask a provider for money. */
function inTime<T>({ clock }: PaymentParts, forMs: number, work: () => Promise<T>): Promise<T> {
  return runOperation({ meter: newMeter(), deadlineMs: clock() + forMs }, work);
}

/** Takes money by the providers. */
function createTakingCalls(parts: PaymentParts, payments: PaymentService) {
  const within = <T>(work: () => Promise<T>): Promise<T> => inTime(parts, longestCallMs, work);
  return {
    /**
     * Starts the payment of a pending order: the provider's transaction, then order and holds extended to the payment's deadline
     * in one transaction. What comes back is for the shopper's browser. Two requests beside the provider's; repeated, it is
     * the same transaction.
     *
     * @throws OrderNotFound also when it is not the user's who was named
     * @throws OrderNotPayable when it is past pending or its time is over; nothing was changed
     * @throws PaymentMethodUnavailable for what the provider cannot take; nobody was asked
     * @throws ProviderFailed when the provider failed; order and holds stand as they were
     * @example const { clientSecret } = await payments.start(orderId, { userId: "ann" });
     */
    async start(orderId: string, wish: StartWish = {}): Promise<StartedPayment> {
      const { provider, actor: _actor, ...access } = wish;
      const method = provider === undefined ? undefined : parseProvider(provider);
      const caller = asCaller(access);
      return payments.initiate({ orderId, caller, method, actor: actorOf(wish) });
    },

    /**
     * Takes a provider's webhook in. When this resolves, what it says is done and durable, or was done before, however often and
     * in whatever order they come: answer 200. Two requests when it moves the order, one when it does not, none when it is not
     * genuine. Where money has come in vain, the provider is asked at once to pay it back.
     *
     * @throws BadSignature when the provider has not signed these very bytes; nothing was read or written: answer 401
     * @throws InvalidRequest when the body was parsed before it came here
     * @throws HoldfastError `TRY_AGAIN`, `PAYMENT_PROVIDER_ERROR`; nothing was done: answer 503, and it comes again
     * @example await payments.receive("stripe", { body: await request.text(), headers: request.headers });
     */
    async receive(provider: ProviderName, webhook: Webhook): Promise<WebhookTaken> {
      const name = parseProvider(provider);
      const delivery = readDelivery(webhook);
      const { order } = await within(() => payments.receive(name, delivery));
      return order ? { order: viewOrder(order) } : {};
    },

    /**
     * Takes what the provider gave the shopper's browser, checked with the provider: the same facts, the same result as the
     * webhook's. Whichever comes first does the work.
     *
     * @throws BadSignature when it is not genuine or about another payment; nothing was changed
     * @throws OrderNotFound also when it is not the user's who was named
     */
    async verify(orderId: string, wish: ReturnedWish): Promise<OrderView> {
      const { provider: named, returned, actor: _actor, ...access } = wish;
      const provider = parseProvider(named);
      const claim = { orderId, caller: asCaller(access), actor: actorOf(wish), provider };
      const brought = pickReturned(provider, returned);
      return answer(within(() => payments.verify({ ...claim, returned: brought })));
    },

    /**
     * Pays back what an order has cost, a part of it, or what lines that come back were paid with. What goes back into stock does
     * so in the transaction that makes the refund due; the money goes as soon as the provider does it, asked again by
     * `sweep` for as long as that takes: see `payment.refunds`. Two requests for a part of the money, three otherwise. What was marked
     * paid goes back by `markRefunded`.
     *
     * @throws HoldfastError `REFUND_EXCEEDED`, `RETURN_EXCEEDED` when there is not so much left; nothing was changed
     * @throws IdempotencyKeyReused when the reference was used for another refund; nothing was changed
     * @throws OrderNotPayable when no money came; nothing was changed
     */
    async refund(orderId: string, { actor, ...given }: RefundGiven): Promise<OrderView> {
      const wish = { ...parseAs(refundFields, given), orderId };
      const by = actor ?? { id: "payments" };
      return answer(within(() => payments.refund({ ...wish, actor: by })));
    },

    /** What the providers have sent about an order and what each did, newest first: for whoever has to explain it. Two requests. */
    async events(orderId: string, { limit = 20, cursor }: EventListing = {}) {
      return payments.listEvents({ orderId, limit, cursor });
    },
  };
}

/** Lets the sandbox's money come: only where there is a sandbox. */
function createSandboxCalls(parts: PaymentParts, receive: (webhook: Webhook) => Promise<unknown>) {
  return {
    /**
     * What a shopper does who pays by the sandbox, or fails to: its signed webhook goes to `receive`.
     *
     * @throws OrderNotFound when no order has this transaction
     * @throws Error where there is no sandbox
     */
    async payInSandbox(
      transactionId: string,
      outcome: "success" | "failure" = "success",
    ): Promise<void> {
      const { sandbox: keys } = parts.readers;
      if (!keys) throw new Error("There is no sandbox among the providers");
      const { createCashier } = await import("../shared/payments/cashier.ts");
      const deliver = async (webhook: Webhook): Promise<number> => {
        await receive(webhook);
        return 204;
      };
      const caller = asCaller({});
      await createCashier({ ...parts, keys, deliver }).pay({ transactionId, outcome, caller });
    },
  };
}

/** Makes the calls. */
export function createPaymentCalls(given: PaymentParts) {
  const payments = createPaymentService(given);
  const parts = { ...given, assertPayable: payments.assertPayable };
  const orders = createOrderService(parts);
  const cancelling = createCancelling({ ...parts, orders, payments });
  const sweep = createSweep({ ...parts, orders, payments });
  const taking = createTakingCalls(parts, payments);
  return {
    /**
     * Places an order: every line is held until its deadline, or none is. Two requests, three where expired holds have to be
     * taken over. Repeating it answers with the order as it is now, whatever things cost by then. One that comes to 0 is paid.
     *
     * @throws ItemsUnavailable naming every line that cannot be had; nothing was held
     * @throws IdempotencyKeyReused when the key came with another wish before; nothing was held
     * @throws PaymentMethodUnavailable for what the provider cannot take; nothing was held
     * @throws HoldfastError `TOTAL_CHANGED`, `LIMIT_EXCEEDED`, `TOO_LARGE`, `CURRENCY_MISMATCH`; nothing was held
     * @throws TryAgain when others kept getting in between; nothing was held
     */
    async place({ provider, ...wish }: PayableWish): Promise<OrderView> {
      return placeOrder(parts, wish, pickProvider(parts, provider));
    },

    ...createReadingCalls(orders),
    ...taking,

    /**
     * Ends a pending order: its provider is asked whether it was paid, its units are free from this instant, and where the provider
     * can, it takes no more money. Two requests beside the provider's; repeating it answers with the cancelled order. What is paid is
     * not cancelled but paid back: `refund`.
     *
     * @throws OrderNotFound also when it is not the user's who was named
     * @throws OrderNotPayable when it is past pending, a bank is at work on its payment, or it turned out to be paid: then it is settled
     * @throws ProviderFailed when it was paid, but the provider cannot say now whether that went back; nothing was changed
     */
    async cancel(orderId: string, wish: EndWish = {}): Promise<OrderView> {
      const { reason, actor: _actor, ...access } = wish;
      const caller = asCaller(access);
      const ending = { orderId, caller, actor: actorOf(wish), reason };
      return answer(inTime(parts, longestCallMs, () => cancelling.cancel(ending)));
    },

    ...createMoneyCalls(parts),
    ...createSandboxCalls(parts, (webhook) => taking.receive("sandbox", webhook)),

    /**
     * Asks providers again for every refund that is due, and asks them what came of payments that no webhook told of; then it says
     * `expired` of orders whose time is over. Run it every minute: money that is owed waits for it. Safe to repeat, and to run
     * twice at once. After four minutes it begins nothing more: the next one goes on.
     *
     * @returns how many orders it ended, how many turned out to be paid, for how many it asked for refunds, and how many it could not help
     *   now by a fault of ours
     */
    async sweep(actor: Actor = { id: "system:sweep" }) {
      const done = await inTime(parts, longestSweepMs, () => sweep(actor));
      const { expiredOrders, settledOrders, refundsTried, failures } = done;
      return { expiredOrders, settledOrders, refundsTried, failures };
    },
  };
}
