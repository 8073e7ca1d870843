/** One secret per payment provider. Their values are never in the template: operators put them in. */
import { RemovalPolicy, Validations } from "aws-cdk-lib";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import {
  paymentProviders,
  type ProviderName,
  providerNames,
  realProviderNames,
} from "../shared/api/payment-providers.ts";
import { type Settings, SettingsError } from "./settings/settings.ts";

/** The secrets of the providers that a stage has. */
export type ProviderSecrets = Partial<Readonly<Record<ProviderName, Secret>>>;

/**
 * The providers of a stage: all of them unless some are asked for. The sandbox is none of production's, and one of every
 * other stage's.
 *
 * @throws SettingsError when production asks for the sandbox, or when nobody is asked for
 */
export function listProviders(
  { production }: Pick<Settings, "production">,
  asked?: readonly ProviderName[],
): readonly ProviderName[] {
  const known = production ? realProviderNames : providerNames;
  const unknown = asked?.find((name) => !(known as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new SettingsError([`providers must be of ${known.join(", ")}, not "${unknown}"`]);
  }
  if (asked?.length === 0) throw new SettingsError(["providers must name one at least"]);
  return known.filter((name) => name === "sandbox" || (asked?.includes(name) ?? true));
}

/**
 * Creates the secrets of providers, for an operator to fill in. The webhook secret is generated
 * at first, never empty: an empty one would let anybody sign a webhook until somebody remembers to set it.
 */
export function createSecrets(
  scope: Construct,
  { production }: Pick<Settings, "production">,
  providers: readonly ProviderName[],
): ProviderSecrets {
  return Object.fromEntries(
    providers.map((name) => [name, createSecret(scope, name, production)]),
  ) as ProviderSecrets;
}

function createSecret(scope: Construct, name: ProviderName, production: boolean): Secret {
  const secret = new Secret(scope, `${name[0]!.toUpperCase()}${name.slice(1)}Secret`, {
    description: `Keys of the payment provider ${name}`,
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    generateSecretString: {
      secretStringTemplate: JSON.stringify(
        Object.fromEntries(paymentProviders[name].keys.map((key) => [key, ""])),
      ),
      generateStringKey: "webhookSecret",
      // 44 letters and digits are valid base64 for 33 bytes, as Standard Webhooks asks for (24 to 64).
      passwordLength: 44,
      excludePunctuation: true,
    },
  });
  Validations.of(secret).acknowledge({
    id: "AwsSolutions-SMG4",
    reason:
      "The provider issues these keys: rotation starts there; two versions are valid meanwhile",
  });
  return secret;
}
