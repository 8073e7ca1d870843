/** What every payment provider offers, in the same words; one file each implements it. */
import { HoldfastError } from "../base/errors.ts";
import type { ProviderName } from "../base/payment-providers.ts";
import type { EpochMs } from "../base/time.ts";
import type { Amount, Steps, UnavailableReason } from "./amounts.ts";
import type { ToldDispute } from "./dispute.ts";

export type { ProviderName };

/** Money for an order, to be asked for at the provider. */
export interface TransactionRequest {
  /** The reference by which the provider's events name the order. */
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** When the holds end; given on to providers that can stop taking money by then. */
  readonly expiresAtMs: EpochMs;
  /** What an earlier request for the same order and provider made; it is used again. */
  readonly transactionId?: string | undefined;
}

/** What a shopper's browser needs to pay; it never holds a secret of ours. */
export interface Transaction {
  readonly transactionId: string;
  readonly redirectUrl?: string;
  readonly clientSecret?: string;
  readonly publicKey?: string;
  readonly integritySignature?: string;
}

/** A webhook as it came: the very bytes of its body, and its headers in lower case. */
export interface WebhookDelivery {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A refund as its provider knows it; after `failed` the money is with us again. */
export interface ToldRefund {
  /** The provider's name for it. */
  readonly refundId: string;
  readonly amountMinor: number;
  readonly status: "requested" | "done" | "failed";
  /** Our own name for it, where we asked for it and the provider remembers. */
  readonly ourRefundId?: string | undefined;
  /** Its provider keeps no names of ours: nobody but what it paid back says whose it is. */
  readonly isNameless?: true;
}

/**
 * What happened to money, as the provider vouches for it.
 *
 * `transactionId` is what we asked for, `paymentId` one attempt to pay it, which may be the same. A fact is known
 * again by its kind and payment, whatever carried it.
 */
export interface PaymentFact {
  readonly kind: "processing" | "captured" | "failed" | "refunded" | "disputed";
  readonly provider: ProviderName;
  readonly orderId: string;
  readonly transactionId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What its own order asked for, where that is paid in full: by an offer with less, with a fee on top by more. */
  readonly orderedMinor?: number;
  /** Of `refunded`: the refunds that this is about, ours or not; the amount stays the payment's own. */
  readonly refunds?: readonly ToldRefund[];
  /** The one of them that the event is about, where it is about one. */
  readonly refundId?: string;
  /** Of `disputed`; the amount stays the payment's own. */
  readonly dispute?: ToldDispute;
  /** The provider's own word for it, for the record. */
  readonly type: string;
  /** The event that told it; an answer has none. */
  readonly eventId?: string;
  /**
   * False when the order is named by something that a shopper could have set; then the transaction
   * must be one that the order knows, or the fact be fetched from the provider.
   */
  readonly certain: boolean;
}

/** A genuine event that moves nothing: a type that we don't handle, or money that isn't ours. */
export interface NotedEvent {
  readonly kind: "noted";
  readonly provider: ProviderName;
  readonly eventId: string;
  readonly type: string;
  /** The order that it names, where it names one; nobody vouches for that. */
  readonly orderId?: string;
  /** It is about our money, but does not say what it must: somebody should look. */
  readonly isUnreadable?: true;
}

/** What a genuine webhook says. */
export type PaymentEvent = PaymentFact | NotedEvent;

/** What a provider gave the shopper's browser, as the browser brings it. */
export type BrowserReturn = Readonly<Record<string, string | undefined>>;

/** Money to be paid back: all of a payment or a part of it. */
export interface RefundRequest {
  readonly orderId: string;
  readonly transactionId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: string;
  /** The same key means the same refund, however often it is sent. */
  readonly idempotencyKey: string;
  /** Our name for the refund, for the provider to remember. */
  readonly ourRefundId: string;
  /** A refund that was asked for before and was not finished then. */
  readonly refundId?: string | undefined;
}

/** How far a refund is at the provider. After `failed` the money is still with us. */
export interface RefundState {
  readonly refundId: string;
  readonly status: "requested" | "done" | "failed";
}

/** The payments of a while, in no certain order, a page at a time. */
export interface RecentPayments {
  readonly facts: readonly PaymentFact[];
  /** Goes on behind this page; only this provider reads it. */
  readonly cursor?: string;
}

/** Which payments to list: those that began between two instants. */
export interface RecentQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly cursor?: string | undefined;
}

/**
 * What came of the wish to take no money any more: it is kept away, it is on its way or here already, or the
 * provider knows no such wish.
 */
export type Cancellation = "cancelled" | "too_late" | "impossible";

/**
 * One payment provider. Every call to the outside is retried with backoff, cut off in time and
 * stopped for a while by a circuit breaker when the provider is down.
 */
export interface PaymentProvider {
  readonly name: ProviderName;
  /** The amounts that it can be asked for and pay back, by its tables. */
  readonly steps: Steps;
  /**
   * Why this amount cannot be paid by this provider here; undefined when it can. Known from its tables
   * and from whether it has keys: nobody is asked.
   */
  whyNot(amount: Amount): Promise<UnavailableReason | undefined>;
  /**
   * Makes the transaction, or finds the one that was made before.
   *
   * @throws PaymentMethodUnavailable for what `whyNot` refuses, when nobody was asked, or what the account does
   */
  create(request: TransactionRequest): Promise<Transaction>;
  /**
   * What a webhook says.
   *
   * @throws BadSignature unless these very bytes were signed by the provider, recently
   */
  readWebhook(delivery: WebhookDelivery): Promise<PaymentEvent>;
  /**
   * What the browser brings back, checked with the provider; undefined while nothing is decided.
   *
   * @throws BadSignature when it was not signed by the provider, or is about another payment
   */
  readReturn(
    order: { orderId: string; transactionId: string | undefined },
    returned: BrowserReturn,
  ): Promise<PaymentFact | undefined>;
  /** How a payment stands at the provider; undefined while nothing is decided. */
  fetch(payment: { transactionId: string; paymentId: string }): Promise<PaymentFact | undefined>;
  /**
   * What came of a transaction at the provider, whoever told of it or not: the payment that was
   * captured, or else one that a bank is at work on. Undefined while there is neither, and where the
   * provider keeps no books.
   */
  findPayment(transactionId: string): Promise<PaymentFact | undefined>;
  /** How payments that are ours stand; none where the provider keeps no books. At most 100 a page. */
  listRecent(query: RecentQuery): Promise<RecentPayments>;
  /** Keeps money from coming late, where there is a way to do so. */
  cancel(transactionId: string): Promise<Cancellation>;
  /** Pays back, once for each idempotency key. */
  refund(request: RefundRequest): Promise<RefundState>;
  /**
   * Every refund of a captured payment that the provider knows, wherever it was asked for; what is gone in any
   * other way is none. Empty where the provider keeps no books.
   */
  listRefunds(payment: { transactionId: string; paymentId: string }): Promise<ToldRefund[]>;
}

/** The providers of a stage; one that it lacks cannot be paid with. */
export type Providers = Readonly<Partial<Record<ProviderName, PaymentProvider>>>;

/** The keys of a provider, by the names of the fields in its secret. */
export type ProviderKeys = Readonly<Record<string, string>>;

/** Reads a provider's keys: the current version first, then, during a rotation, the one before. */
export type KeyReader = () => Promise<readonly [ProviderKeys, ...ProviderKeys[]]>;

/** A webhook or a browser's return that its provider did not sign; nothing was read or written. */
export class BadSignature extends HoldfastError {
  constructor(provider: ProviderName) {
    super("BAD_SIGNATURE", "This was not signed by the provider", { provider });
  }
}

/** This way of paying cannot be had for this amount; nothing was held, locked or asked for. */
export class PaymentMethodUnavailable extends HoldfastError {
  constructor(paymentMethod: string, reason: UnavailableReason) {
    const told: Readonly<Record<UnavailableReason, string>> = {
      currency_unsupported: "does not take this currency",
      amount_too_small: "does not take so small an amount",
      amount_too_large: "does not take so large an amount",
      amount_not_representable: "cannot take exactly this amount",
      not_configured: "is not set up here",
    };
    super("PAYMENT_METHOD_UNAVAILABLE", `${paymentMethod} ${told[reason]}`, {
      paymentMethod,
      reason,
    });
  }
}

/**
 * The provider failed or could not be reached; order and holds stand. `retriable` is false when it
 * understood and said no. It never carries what the provider wrote: that may hold keys.
 */
export class ProviderFailed extends HoldfastError {
  readonly retriable: boolean;
  /** The provider's own code, for example `charge_already_refunded`. */
  readonly reason: string;

  constructor(provider: ProviderName, reason: string, retriable: boolean) {
    super("PAYMENT_PROVIDER_ERROR", `The payment provider ${provider} failed`, {
      provider,
      reason,
      retriable,
    });
    this.retriable = retriable;
    this.reason = reason;
  }
}
