/** Providers whose code is read when they are first asked: most cold starts never come to one. */
import type { Steps } from "./amounts.ts";
import type { PaymentProvider, ProviderName } from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";

/** Makes a provider from its keys. */
export type ProviderFactory = (options: ProviderOptions) => PaymentProvider;

/**
 * A factory that knows a provider's name and steps, and reads the rest at the first call. All calls go to the one
 * provider that is made then, so that its circuit breaker sees them all.
 */
export function whenAsked(
  name: ProviderName,
  steps: Steps,
  load: () => Promise<ProviderFactory>,
): ProviderFactory {
  return (options) => {
    let made: Promise<PaymentProvider> | undefined;
    const ask = (): Promise<PaymentProvider> =>
      (made ??= load().then((factory) => factory(options)));
    return {
      name,
      steps,
      whyNot: async (amount) => (await ask()).whyNot(amount),
      create: async (request) => (await ask()).create(request),
      readWebhook: async (delivery) => (await ask()).readWebhook(delivery),
      readReturn: async (order, returned) => (await ask()).readReturn(order, returned),
      fetch: async (payment) => (await ask()).fetch(payment),
      findPayment: async (transactionId) => (await ask()).findPayment(transactionId),
      listRecent: async (query) => (await ask()).listRecent(query),
      cancel: async (transactionId) => (await ask()).cancel(transactionId),
      refund: async (request) => (await ask()).refund(request),
      listRefunds: async (payment) => (await ask()).listRefunds(payment),
    };
  };
}
