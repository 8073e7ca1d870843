/** The calls to Razorpay's API that we need, by the official SDK, guarded and with tidy errors. */
import type RazorpaySdk from "razorpay";
import type { Guard } from "./guard.ts";
import { notInstalled } from "./not-installed.ts";
import { ProviderFailed } from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";

/** A payment as Razorpay tells it. */
export interface RazorpayPayment {
  readonly id: string;
  readonly status: string;
  readonly amount: number | string;
  readonly amount_refunded?: number | null;
  readonly currency: string;
  readonly order_id?: string | null;
}

/** An order as Razorpay tells it. */
export interface RazorpayOrder {
  readonly id: string;
  readonly receipt?: string | null;
  readonly status?: string | undefined;
  readonly amount?: number | string | undefined;
  readonly amount_due?: number | string | undefined;
}

/** A refund as Razorpay tells it. */
export interface RazorpayRefund {
  readonly id: string;
  readonly status: string;
  readonly amount: number | string;
  readonly currency: string;
  readonly notes?: unknown;
  readonly payment_id?: string;
}

/** The part of the SDK that has no public setting: where it calls, and with which headers. */
interface SdkInside {
  readonly api: {
    readonly rq: {
      readonly defaults: { baseURL?: string; headers: { common: Record<string, string> } };
    };
  };
}

interface SdkFailure {
  readonly statusCode?: number;
  readonly error?: { readonly code?: string; readonly description?: string };
}

/** A failure without Razorpay's text; a lost connection reaches us as a TypeError of the SDK. */
function failed(error: unknown): ProviderFailed {
  if (error instanceof ProviderFailed) return error;
  const { statusCode, error: told } = error as SdkFailure;
  // One code stands for nearly everything; only the text tells that nothing is left.
  if (/fully refunded/i.test(told?.description ?? "")) {
    return new ProviderFailed("razorpay", "fully_refunded", false);
  }
  const retriable =
    statusCode === undefined || statusCode >= 500 || [409, 429].includes(statusCode);
  return new ProviderFailed("razorpay", told?.code ?? "unreachable", retriable);
}

async function openSdk(
  { keys, baseUrl }: ProviderOptions,
  headers: Readonly<Record<string, string>>,
): Promise<RazorpaySdk> {
  const [{ keyId, keySecret }] = await keys();
  if (!keyId || !keySecret) throw new ProviderFailed("razorpay", "not_configured", false);
  // Loaded when it is first called: webhooks are checked without it.
  const { default: Razorpay } = await import("razorpay").catch(notInstalled("razorpay"));
  const sdk = new Razorpay({ key_id: keyId, key_secret: keySecret });
  const { defaults } = (sdk as unknown as SdkInside).api.rq;
  if (baseUrl !== undefined) defaults.baseURL = baseUrl.replace(/\/$/, "");
  // The SDK passes two headers of its own choice; the one for idempotent refunds is not among them.
  Object.assign(defaults.headers.common, headers);
  return sdk;
}

/** Makes the calls. Every one throws `ProviderFailed` and nothing else. */
export function createRazorpayApi(options: ProviderOptions, guard: Guard) {
  const call = <T>(
    ask: (sdk: RazorpaySdk) => Promise<unknown>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> =>
    guard(async () => {
      try {
        return (await ask(await openSdk(options, headers))) as T;
      } catch (error) {
        throw failed(error);
      }
    });

  return {
    createOrder: (wish: {
      amount: number;
      currency: string;
      receipt: string;
      notes: Record<string, string>;
    }) =>
      call<RazorpayOrder>(({ orders }) =>
        // Captured by Razorpay itself: what nobody captures is given back after some days.
        orders.create({ ...wish, payment_capture: true } as never),
      ),
    fetchOrder: (orderId: string) => call<RazorpayOrder>(({ orders }) => orders.fetch(orderId)),
    listPayments: async (orderId: string) => {
      const ask = ({ orders }: RazorpaySdk) => orders.fetchPayments(orderId);
      return (await call<{ items: RazorpayPayment[] }>(ask)).items;
    },
    /** Every payment of the account that began between two instants, in seconds; 100 from `skip` on. */
    listAllPayments: async (range: { from: number; to: number; skip: number }) => {
      const ask = ({ payments }: RazorpaySdk) => payments.all({ ...range, count: 100 });
      return (await call<{ items: RazorpayPayment[] }>(ask)).items;
    },
    /** Every refund of the account that began between two instants. */
    listAllRefunds: async (range: { from: number; to: number; skip: number }) => {
      const ask = ({ refunds }: RazorpaySdk) => refunds.all({ ...range, count: 100 });
      return (await call<{ items: RazorpayRefund[] }>(ask)).items;
    },
    /** Every dispute of the account, newest first: there is no range to ask for. */
    listAllDisputes: async (skip: number) => {
      const ask = ({ disputes }: RazorpaySdk) => disputes.all({ skip, count: 100 } as never);
      return (await call<{ items: { created_at?: number }[] }>(ask)).items;
    },
    fetchPayment: (paymentId: string) =>
      call<RazorpayPayment>(({ payments }) => payments.fetch(paymentId)),
    refund: (
      paymentId: string,
      wish: { amount: number; notes: Record<string, string> },
      idempotencyKey: string,
    ) =>
      call<RazorpayRefund>(({ payments }) => payments.refund(paymentId, wish), {
        "X-Refund-Idempotency": idempotencyKey,
      }),
    fetchRefund: (paymentId: string, refundId: string) =>
      call<RazorpayRefund>(({ payments }) => payments.fetchRefund(paymentId, refundId)),
    listRefunds: async (paymentId: string) => {
      const ask = ({ payments }: RazorpaySdk) =>
        payments.fetchMultipleRefund(paymentId, { count: 100 });
      return (await call<{ items: RazorpayRefund[] }>(ask)).items;
    },
  };
}

/** See `createRazorpayApi`. */
export type RazorpayApi = ReturnType<typeof createRazorpayApi>;
