/** The payment providers as the contract knows them: their names, and what each gives the shopper's browser. */
import * as z from "zod";
import { paymentProviders, type ProviderName, providerNames } from "../base/payment-providers.ts";
import { identifier, text } from "./fields.ts";

export {
  paymentProviders,
  type ProviderName,
  providerNames,
  realProviderNames,
} from "../base/payment-providers.ts";

type Returned<Name extends ProviderName> = (typeof paymentProviders)[Name]["returned"];

/** The body of one provider; for a union of names, the union of their bodies. */
type VerifyBody<Name extends ProviderName> = Name extends ProviderName
  ? z.ZodObject<
      { orderId: typeof identifier; provider: z.ZodLiteral<Name> } & {
        [Field in keyof Returned<Name>["required"]]: z.ZodString;
      } & { [Field in keyof Returned<Name>["optional"]]: z.ZodOptional<z.ZodString> },
      z.core.$strict
    >
  : never;

function makeTexts(longest: Readonly<Record<string, number>>): Record<string, z.ZodString> {
  return Object.fromEntries(Object.entries(longest).map(([name, most]) => [name, text(most)]));
}

function makeVerifyBody(provider: ProviderName): VerifyBody<ProviderName> {
  const { required, optional } = paymentProviders[provider].returned;
  return z.strictObject({
    orderId: identifier,
    provider: z.literal(provider),
    ...makeTexts(required),
    ...z.object(makeTexts(optional)).partial().shape,
  }) as unknown as VerifyBody<ProviderName>;
}

const [first, ...others] = providerNames;

/** What each provider gives the browser, under the names that it uses itself. */
export const verifyPaymentBody = z.discriminatedUnion("provider", [
  makeVerifyBody(first),
  ...others.map(makeVerifyBody),
]);
