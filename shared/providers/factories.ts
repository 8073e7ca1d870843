/** How each provider is made, by its name. A bundle has only those that its function may work with (`infra/lean.ts`). */
import { mercadopagoAmounts } from "./mercadopago-currencies.ts";
import { razorpayAmounts } from "./razorpay-currencies.ts";
import { stripeAmounts } from "./stripe-currencies.ts";
import { wompiAmounts } from "./wompi-currencies.ts";
import type { ProviderName } from "./provider.ts";
import { type ProviderFactory, whenAsked } from "./when-asked.ts";

/** Makes each provider; nobody is asked anything yet, and its code is read when it first is. */
export const providerFactories = {
  stripe: whenAsked(
    "stripe",
    stripeAmounts.steps,
    async () => (await import("./stripe.ts")).createStripe,
  ),
  razorpay: whenAsked(
    "razorpay",
    razorpayAmounts.steps,
    async () => (await import("./razorpay.ts")).createRazorpay,
  ),
  wompi: whenAsked(
    "wompi",
    wompiAmounts.steps,
    async () => (await import("./wompi.ts")).createWompi,
  ),
  mercadopago: whenAsked(
    "mercadopago",
    mercadopagoAmounts.steps,
    async () => (await import("./mercadopago.ts")).createMercadopago,
  ),
  sandbox: whenAsked("sandbox", {}, async () => (await import("./sandbox.ts")).createSandbox),
} satisfies Record<ProviderName, ProviderFactory>;
