/** Builds the providers and what they need, each only where the function was granted its secret. */
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { secondsToMs } from "../../shared/base/time.ts";
import { providerNames } from "../../shared/base/payment-providers.ts";
import { providerFactories } from "../../shared/providers/factories.ts";
import type { KeyReader, ProviderName, Providers } from "../../shared/providers/provider.ts";
import type { SignedEvent } from "../../shared/providers/sandbox.ts";
import type { PayingShopParts } from "../../shared/shop.ts";
import { env, optional } from "./env.ts";
import { createKeyReader } from "./provider-keys.ts";
import { shop } from "./wiring.ts";

const metrics = new Metrics();

/** Counts something that an operator is woken for; written to the log at once. */
function alarm(name: string): void {
  const metric = metrics.singleMetric();
  metric.addMetric(name, MetricUnit.Count, 1);
}

/** The sandbox signs its events with its keys; paying back and letting go takes none. */
const keylessSandbox: KeyReader = () =>
  Promise.reject(new Error("This function may not read the sandbox's keys"));

/** The keys of a provider, where this function can work with it. */
function findKeys(provider: ProviderName): KeyReader | undefined {
  const secretName = optional(`${provider.toUpperCase()}_SECRET_NAME`);
  if (secretName !== undefined) {
    const overlapMs = secondsToMs(3_600 * env.SECRET_OVERLAP_HOURS);
    return createKeyReader(secretName, { overlapMs });
  }
  return provider === "sandbox" && env.PRODUCTION === "off" ? keylessSandbox : undefined;
}

/** Every provider of this stage that the function can work with; calls go to `…_BASE_URL` if set. */
function buildProviders(): Providers {
  return Object.fromEntries(
    providerNames.flatMap((name) => {
      const keys = findKeys(name);
      const baseUrl = optional(`${name.toUpperCase()}_BASE_URL`);
      return keys ? [[name, providerFactories[name]({ keys, baseUrl })]] : [];
    }),
  );
}

/** Posts an event of the sandbox to our own webhook route, as a provider would. */
async function deliverSandboxEvent({ body, headers }: SignedEvent): Promise<number> {
  const url = `${env.API_URL.replace(/\/$/, "")}/webhooks/sandbox`;
  // A cold start of the webhook's function fits in, and so does it in the 29 s of this request.
  const signal = AbortSignal.timeout(secondsToMs(20));
  const response = await fetch(url, { method: "POST", headers, body, signal });
  await response.body?.cancel();
  return response.status;
}

const sandboxKeys = findKeys("sandbox");

/** The parts of services that deal with money; only functions that use them carry providers' SDKs. */
export const payingShop: PayingShopParts = {
  ...shop,
  providers: buildProviders(),
  alarm,
  ...(sandboxKeys ? { sandbox: { keys: sandboxKeys, deliver: deliverSandboxEvent } } : {}),
};
