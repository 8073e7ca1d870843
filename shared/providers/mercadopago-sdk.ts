/** The parts of Mercado Pago's SDK that we need, loaded when they are first called. */
import { notInstalled } from "./not-installed.ts";

const missing = notInstalled("mercadopago");

/** The SDK is CommonJS: of a file of it that is loaded later, esbuild hands out what Node calls `default`, and no names beside it. */
const whole = <T extends object>(loaded: T): T =>
  "default" in loaded ? (loaded.default as T) : loaded;

/** Each by the file that it is in: the index of the SDK loads all of it. */
export async function loadMercadopago() {
  const [refunds, chargebacks, payments, preferences, configs, apps, errors] = await Promise.all([
    import("mercadopago/dist/clients/paymentRefund/index.js").catch(missing).then(whole),
    import("mercadopago/dist/clients/chargeback/index.js").catch(missing).then(whole),
    import("mercadopago/dist/clients/payment/index.js").catch(missing).then(whole),
    import("mercadopago/dist/clients/preference/index.js").catch(missing).then(whole),
    import("mercadopago/dist/mercadoPagoConfig.js").catch(missing).then(whole),
    import("mercadopago/dist/utils/config/index.js").catch(missing).then(whole),
    import("mercadopago/dist/utils/errors/index.js").catch(missing).then(whole),
  ]);
  return {
    PaymentRefund: refunds.PaymentRefund,
    Chargeback: chargebacks.Chargeback,
    Payment: payments.Payment,
    Preference: preferences.Preference,
    MercadoPagoConfig: configs.MercadoPagoConfig,
    AppConfig: apps.AppConfig,
    MercadoPagoError: errors.MercadoPagoError,
  };
}

/** See `loadMercadopago`. */
export type MercadopagoSdk = Awaited<ReturnType<typeof loadMercadopago>>;

/** What checks that a notification was signed. */
export async function loadMercadopagoValidator() {
  const loaded = await import("mercadopago/dist/utils/webhook/index.js").catch(missing);
  return whole(loaded).WebhookSignatureValidator;
}
