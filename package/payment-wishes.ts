/** What callers of payments say, besides what callers of orders do. */
import type { Actor } from "../shared/base/actor.ts";
import type { ProviderName } from "../shared/base/payment-providers.ts";
import type { OrderView } from "./order-parts.ts";
import type { OrderAccess, OrderWish } from "./order-wishes.ts";

/** What somebody orders, and by whom it will be paid. */
export interface PayableWish extends OrderWish {
  /** Has to be said where there are several: what it would not take is refused before anything is held. */
  readonly provider?: ProviderName;
}

/** Whose order is to be paid, and by whom. */
export interface StartWish extends OrderAccess {
  /** Another provider than before or than was ordered with; the one of then by default. */
  readonly provider?: ProviderName;
  readonly actor?: Actor;
}

/** With what a shopper's browser came back from the provider. */
export interface ReturnedWish extends OrderAccess {
  readonly provider: ProviderName;
  /** By the provider's own names, like the query of the page that it leads back to; what else is in it is passed over. */
  readonly returned: Readonly<Record<string, string | undefined>>;
  readonly actor?: Actor;
}

/** What a webhook came to: the order that it is about, if it is about one. */
export interface WebhookTaken {
  readonly order?: OrderView;
}

/** What providers have sent of an order. */
export interface EventListing {
  /** At most so many a page; 20 by default. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** How an order is ended that waits for its money. */
export interface EndWish extends OrderAccess {
  readonly reason?: string;
  readonly actor?: Actor;
}
