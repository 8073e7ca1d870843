/** The names of providers, and what browsers may bring back from each: the bounds are those of the HTTP API. */
import * as z from "zod";
import { text } from "../shared/api/fields.ts";
import {
  paymentProviders,
  type ProviderName,
  providerNames,
} from "../shared/base/payment-providers.ts";
import type { BrowserReturn } from "../shared/providers/provider.ts";
import { parseAs } from "./parse-as.ts";

const named = z.object({ provider: z.enum(providerNames) });

/**
 * The name of a provider that Holdfast knows, whether or not there are keys for it: names may come from a path or a shopper.
 *
 * @throws InvalidRequest where it is none
 */
export const parseProvider = (provider: unknown): ProviderName =>
  parseAs(named, { provider }).provider;

/**
 * What of it is the provider's.
 *
 * @throws InvalidRequest where something of it is no text, or too long
 */
export function pickReturned(
  provider: ProviderName,
  returned: Readonly<Record<string, unknown>>,
): BrowserReturn {
  const { required, optional } = paymentProviders[provider].returned;
  const longest = Object.entries<number>({ ...required, ...optional });
  const fields = z.object(
    Object.fromEntries(longest.map(([name, most]) => [name, z.optional(text(most))])),
  );
  return parseAs(fields, returned);
}
