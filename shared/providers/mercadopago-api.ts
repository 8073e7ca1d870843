/** The calls to Mercado Pago that we need, by its official SDK, guarded and with tidy errors. */
import { currencyCode, foreignId } from "./foreign.ts";
import type { MercadoPagoConfig } from "mercadopago/dist/mercadoPagoConfig.js";
import type { Preference } from "mercadopago/dist/clients/preference/index.js";
import * as z from "zod";
import type { Guard } from "./guard.ts";
import { loadMercadopago, type MercadopagoSdk } from "./mercadopago-sdk.ts";
import { ProviderFailed } from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";

const refundSchema = z.object({
  id: z.union([z.int(), foreignId]).transform(String),
  amount: z.number(),
  status: z.string().nullish(),
});

/** A refund as Mercado Pago tells it. */
export type MercadopagoRefund = z.infer<typeof refundSchema>;

const paymentSchema = z.object({
  id: z.union([z.int(), foreignId]).transform(String),
  status: z.string(),
  external_reference: z.string().nullish(),
  transaction_amount: z.number(),
  currency_id: currencyCode,
  refunds: z.array(refundSchema).nullish(),
});

/** A payment as Mercado Pago tells it. */
export type MercadopagoPayment = z.infer<typeof paymentSchema>;

const listSchema = z.object({ results: z.array(paymentSchema) });
const preferenceSchema = z.object({ id: z.string(), init_point: z.string() });
const linesSchema = z.object({
  items: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      quantity: z.number(),
      unit_price: z.number(),
    }),
  ),
});
const preferencesSchema = z.object({ elements: z.array(z.object({ id: z.string() })).nullish() });
/** What a preference is made from. */
export type PreferenceWish = Parameters<Preference["create"]>[0]["body"];

/** Its own number for the cause where there is one, as 2063 for a payment whose state forbids this. */
function failed({ MercadoPagoError }: MercadopagoSdk, error: unknown): ProviderFailed {
  if (error instanceof ProviderFailed) return error;
  if (!(error instanceof MercadoPagoError) || error.status === 0) {
    return new ProviderFailed("mercadopago", "unreachable", true);
  }
  const { status, causes } = error;
  const code = (causes as readonly { code?: unknown }[])[0]?.code;
  const isCode = ["string", "number"].includes(typeof code) && /^\w{1,40}$/.test(String(code));
  const reason = status === 404 ? "not_found" : isCode ? `cause_${code}` : `http_${status}`;
  const retriable = status >= 500 || [409, 423, 424, 429].includes(status);
  return new ProviderFailed("mercadopago", reason, retriable);
}

/** A page of what changed between two instants, in the order in which it did. */
const makeRange = (since: string, until: string, offset: number) =>
  ({
    range: "date_last_updated",
    begin_date: since,
    end_date: until,
    sort: "date_last_updated",
    criteria: "asc",
    limit: 100,
    offset,
  }) as const;

const chargebacksSchema = z
  .object({ results: z.array(z.unknown()).nullish() })
  .transform(({ results }) => results ?? []);

/** Makes `call`, which asks by the SDK and reads the answer. */
function createCalling({ keys, baseUrl }: ProviderOptions, guard: Guard) {
  async function openSdk(): Promise<MercadopagoSdk> {
    const sdk = await loadMercadopago();
    // The SDK knows one address for the whole process; only stand-ins have another.
    if (baseUrl !== undefined) {
      Object.assign(sdk.AppConfig, { BASE_URL: baseUrl.replace(/\/$/, "") });
    }
    return sdk;
  }

  return function call<T>(
    schema: z.ZodType<T, unknown>,
    send: (sdk: MercadopagoSdk, config: MercadoPagoConfig) => Promise<unknown>,
    idempotencyKey?: string,
  ): Promise<T> {
    return guard(async () => {
      const [{ accessToken }] = await keys();
      if (!accessToken) throw new ProviderFailed("mercadopago", "not_configured", false);
      // Repetitions are the guard's: the SDK's own would wait for longer than a request lives.
      const options = { retries: 0, timeout: 10_000, ...(idempotencyKey && { idempotencyKey }) };
      const sdk = await openSdk();
      const config = new sdk.MercadoPagoConfig({ accessToken, options });
      const answer = schema.safeParse(
        await send(sdk, config).catch((error: unknown) => Promise.reject(failed(sdk, error))),
      );
      if (answer.success) return answer.data;
      throw new ProviderFailed("mercadopago", "unreadable", true);
    });
  };
}

/** Makes the calls. Every one throws `ProviderFailed` and nothing else. */
export function createMercadopagoApi(how: ProviderOptions, guard: Guard) {
  const call = createCalling(how, guard);
  const fetchPayment = (id: string) =>
    call(paymentSchema, ({ Payment }, config) => new Payment(config).get({ id }));
  return {
    fetchPayment,
    fetchChargeback: (id: string) =>
      call(z.unknown(), ({ Chargeback }, config) => new Chargeback(config).get({ id })),
    searchChargebacks: (paymentId: string) =>
      call(chargebacksSchema, ({ Chargeback }, config) =>
        new Chargeback(config).search({ options: { payment_id: Number(paymentId) } }),
      ),
    makePreference: (body: PreferenceWish) =>
      call(preferenceSchema, ({ Preference }, config) => new Preference(config).create({ body })),
    async listPayments(orderId: string): Promise<MercadopagoPayment[]> {
      const options = { external_reference: orderId };
      return (
        await call(listSchema, ({ Payment }, config) => new Payment(config).search({ options }))
      ).results;
    },
    /** Payments of the account that changed between two instants; 100 from `offset` on. */
    async listRecent(since: string, until: string, offset: number): Promise<MercadopagoPayment[]> {
      const options = makeRange(since, until, offset);
      return (
        await call(listSchema, ({ Payment }, config) => new Payment(config).search({ options }))
      ).results;
    },
    async listPreferences(orderId: string): Promise<string[]> {
      const options = { external_reference: orderId };
      const { elements } = await call(preferencesSchema, ({ Preference }, config) =>
        new Preference(config).search({ options }),
      );
      return (elements ?? []).map(({ id }) => id);
    },
    /** Its lines have to be sent again: an update replaces them. */
    async closePreference(id: string, at: string): Promise<void> {
      const { items } = await call(linesSchema, ({ Preference }, config) =>
        new Preference(config).get({ preferenceId: id }),
      );
      const updatePreferenceRequest = { items, expires: true, expiration_date_to: at };
      await call(z.unknown(), ({ Preference }, config) =>
        new Preference(config).update({ id, updatePreferenceRequest }),
      );
    },
    cancelPayment: (id: string) =>
      call(paymentSchema, ({ Payment }, config) => new Payment(config).cancel({ id })),
    refund: (paymentId: string, amount: number, idempotencyKey: string) =>
      call(
        refundSchema,
        ({ PaymentRefund }, config) =>
          new PaymentRefund(config).create({ payment_id: paymentId, body: { amount } }),
        idempotencyKey,
      ),
    fetchRefund: (paymentId: string, refundId: string) =>
      call(refundSchema, ({ PaymentRefund }, config) =>
        new PaymentRefund(config).get({ payment_id: paymentId, refund_id: refundId }),
      ),
  };
}

/** See `createMercadopagoApi`. */
export type MercadopagoApi = ReturnType<typeof createMercadopagoApi>;

/** What it has by an id; undefined when there is nothing. */
export async function findBy<T>(
  fetch: (id: string) => Promise<T>,
  id: string,
): Promise<T | undefined> {
  try {
    return await fetch(id);
  } catch (error) {
    if (error instanceof ProviderFailed && error.reason === "not_found") return undefined;
    throw error;
  }
}
