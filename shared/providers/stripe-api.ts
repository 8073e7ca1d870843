/** The calls to Stripe's API that we need, by the official SDK, guarded and with tidy errors. */
import { foreignWords } from "./foreign.ts";
import type StripeSdk from "stripe";
import type { Guard } from "./guard.ts";
import { notInstalled } from "./not-installed.ts";
import { ProviderFailed, type RefundState } from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";

interface SdkFailure {
  readonly statusCode?: number;
  readonly code?: string;
}

/** A failure of the SDK without what it carries: request ids, headers and texts stay out of our logs. */
function failed(error: unknown): ProviderFailed {
  const { statusCode, code } = error as SdkFailure;
  if (statusCode === undefined) return new ProviderFailed("stripe", "unreachable", true);
  const retriable = statusCode >= 500 || [409, 429].includes(statusCode);
  // Some refusals come without a code, such as a refund of more than is left.
  return new ProviderFailed("stripe", code ?? (retriable ? "unavailable" : "refused"), retriable);
}

async function openSdk(key: string, baseUrl: string | undefined): Promise<StripeSdk> {
  // Loaded when it is first called: webhooks are checked without it.
  const { default: Stripe } = await import("stripe").catch(notInstalled("stripe"));
  const options = { maxNetworkRetries: 0, telemetry: false };
  if (baseUrl === undefined) return new Stripe(key, options);
  const { protocol, hostname: host, port } = new URL(baseUrl);
  const name = protocol === "http:" ? "http" : "https";
  const at = { host, protocol: name, port: port || (name === "http" ? 80 : 443) } as const;
  return new Stripe(key, { ...options, ...at });
}

function createSdkReader({ keys, baseUrl }: ProviderOptions): () => Promise<StripeSdk> {
  let open: { readonly key: string; readonly sdk: Promise<StripeSdk> } | undefined;
  return async () => {
    const [{ secretKey: key }] = await keys();
    if (!key) throw new ProviderFailed("stripe", "not_configured", false);
    if (open?.key !== key) open = { key, sdk: openSdk(key, baseUrl) };
    return open.sdk;
  };
}

const refundStatuses = foreignWords<RefundState["status"]>({
  succeeded: "done",
  failed: "failed",
  canceled: "failed",
});

/** How far a refund is, in our words. */
export function refundState({ id, status }: { id: string; status: string | null }): RefundState {
  return { refundId: id, status: refundStatuses[status ?? ""] ?? "requested" };
}

/** A page of what began between two instants, in seconds, with the intent that each is about. */
const makePage = (gte: number, lte: number, after: string | undefined) => ({
  created: { gte, lte },
  limit: 100,
  expand: ["data.payment_intent"],
  ...(after === undefined ? {} : { starting_after: after }),
});

/** Makes the calls. Every one throws `ProviderFailed` and nothing else. */
export function createStripeApi(options: ProviderOptions, guard: Guard) {
  const readSdk = createSdkReader(options);

  const call = <T>(ask: (sdk: StripeSdk) => Promise<T>): Promise<T> =>
    guard(async () => {
      const sdk = await readSdk();
      return ask(sdk).catch((error: unknown) => {
        throw failed(error);
      });
    });

  return {
    createIntent: (wish: StripeSdk.PaymentIntentCreateParams, idempotencyKey: string) =>
      call(({ paymentIntents }) => paymentIntents.create(wish, { idempotencyKey })),
    fetchIntent: (intentId: string) =>
      call(({ paymentIntents }) => paymentIntents.retrieve(intentId)),
    listIntents: (since: number, until: number, after: string | undefined) =>
      call(({ paymentIntents }) =>
        paymentIntents.list({
          created: { gte: since, lte: until },
          limit: 100,
          ...(after === undefined ? {} : { starting_after: after }),
        }),
      ),
    /** Refunds that began between two instants, each with its intent. */
    listRecentRefunds: (since: number, until: number, after: string | undefined) =>
      call(({ refunds }) => refunds.list(makePage(since, until, after))),
    /** The same of disputes. */
    listRecentDisputes: (since: number, until: number, after: string | undefined) =>
      call(({ disputes }) => disputes.list(makePage(since, until, after))),
    cancelIntent: (intentId: string) =>
      call(({ paymentIntents }) => paymentIntents.cancel(intentId)),
    refund: async (wish: StripeSdk.RefundCreateParams, idempotencyKey: string) =>
      refundState(await call(({ refunds }) => refunds.create(wish, { idempotencyKey }))),
    fetchRefund: async (refundId: string) =>
      refundState(await call(({ refunds }) => refunds.retrieve(refundId))),
    listRefunds: async (intentId: string) => {
      const list = { payment_intent: intentId, limit: 100 };
      const { data } = await call(({ refunds }) => refunds.list(list));
      return data;
    },
  };
}

/** See `createStripeApi`. */
export type StripeApi = ReturnType<typeof createStripeApi>;
