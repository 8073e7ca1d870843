/** The payment providers: the one list from which domain, contract, stack and tests take what they know of them. */

/** What is known of a provider without asking it. */
interface ProviderFacts {
  /** The keys of its secret that an operator fills in; the webhook secret beside them is generated. */
  readonly keys: readonly string[];
  /** What it gives the shopper's browser, by its own names: the longest that each may be, in characters. */
  readonly returned: {
    readonly required: Readonly<Record<string, number>>;
    readonly optional: Readonly<Record<string, number>>;
  };
  /** It moves no money, so it does not exist in production. */
  readonly outsideProduction?: true;
}

/** Every provider; a new one begins here, and `shared/providers/<name>.ts` says how it works. */
export const paymentProviders = {
  stripe: {
    keys: ["secretKey", "publishableKey"],
    returned: {
      required: {},
      optional: {
        paymentIntentId: 512,
        payment_intent: 512,
        payment_intent_client_secret: 512,
        redirect_status: 512,
      },
    },
  },
  razorpay: {
    keys: ["keyId", "keySecret"],
    returned: {
      required: { razorpay_order_id: 128, razorpay_payment_id: 128, razorpay_signature: 512 },
      optional: {},
    },
  },
  wompi: {
    keys: ["publicKey", "privateKey", "integritySecret"],
    returned: { required: {}, optional: { transactionId: 512, id: 512, env: 512 } },
  },
  mercadopago: {
    keys: ["publicKey", "accessToken"],
    returned: {
      required: {},
      optional: {
        payment_id: 128,
        collection_id: 128,
        preference_id: 128,
        external_reference: 128,
        merchant_order_id: 128,
        status: 128,
      },
    },
  },
  sandbox: {
    keys: [],
    returned: { required: {}, optional: { transactionId: 512 } },
    outsideProduction: true,
  },
} as const satisfies Record<string, ProviderFacts>;

/** The name of one of them. */
export type ProviderName = keyof typeof paymentProviders;

/** The names of all of them. */
export const providerNames = Object.keys(paymentProviders) as [ProviderName, ...ProviderName[]];

/** The names of those that exist in production: they move money. */
export const realProviderNames = providerNames.filter(
  (name) => !("outsideProduction" in paymentProviders[name]),
);
