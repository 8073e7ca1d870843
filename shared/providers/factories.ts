/** How each provider is made, by its name. A bundle has only those that its function may work with (`infra/lean.ts`). */
import type { PaymentProvider, ProviderName } from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";
import { createMercadopago } from "./mercadopago.ts";
import { createRazorpay } from "./razorpay.ts";
import { createSandbox } from "./sandbox.ts";
import { createStripe } from "./stripe.ts";
import { createWompi } from "./wompi.ts";

/** Makes each provider; it is asked nothing yet. */
export const providerFactories = {
  stripe: createStripe,
  razorpay: createRazorpay,
  wompi: createWompi,
  mercadopago: createMercadopago,
  sandbox: createSandbox,
} satisfies Record<ProviderName, (options: ProviderOptions) => PaymentProvider>;
