/** Every setting of a deployment as data: what it takes, what it is when not given, what it does. */
import { providerNames } from "../../shared/api/payment-providers.ts";
import { addressDefinitions } from "./address-definitions.ts";
import { type Definition, isUrl } from "./definition.ts";
import { operationDefinitions } from "./operation-definitions.ts";
import { shopDefinitions } from "./shop-definitions.ts";
import { signInDefinitions } from "./sign-in-definitions.ts";

/** Every setting by its key, but for those of the payment providers. */
export const definitions = {
  ...shopDefinitions,
  ...signInDefinitions,
  ...addressDefinitions,
  ...operationDefinitions,
};

/** The settings that each payment provider has, under `payment.<provider>.`. */
export const providerDefinitions = {
  seconds: {
    section: "Orders and payment",
    kind: "number",
    unit: "seconds",
    least: 1,
    most: 86_400,
    does: "`paymentSeconds` for one provider",
  },
  maxHoldSeconds: {
    section: "Orders and payment",
    kind: "number",
    unit: "seconds",
    least: 1,
    most: 1_209_600,
    does: "`maxHoldSeconds` for one provider's payments that a bank is at work on",
  },
  baseUrl: {
    section: "Orders and payment",
    kind: "text",
    like: "a URL (https:, outside production also http:)",
    // Plain http is for stand-ins on this machine; a provider's real API never is.
    fits: isUrl("https:", "http:"),
    does: "another address for one provider, for tests",
  },
} as const satisfies Record<string, Definition>;

/** Every key that may be given. */
export const keys: readonly string[] = [
  ...Object.keys(definitions),
  ...providerNames.flatMap((name) =>
    Object.keys(providerDefinitions).map((part) => `payment.${name}.${part}`),
  ),
];
