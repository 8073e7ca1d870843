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
import type { Settings } from "./settings/settings.ts";

/** The secrets of a stage; the sandbox has none in production, where there is no sandbox. */
export type ProviderSecrets = Partial<Readonly<Record<ProviderName, Secret>>>;

/** The providers of a stage: the sandbox is none of production's. */
export function listProviders({ production }: Settings): readonly ProviderName[] {
  return production ? realProviderNames : providerNames;
}

/**
 * Creates the secrets of the stage's providers, for an operator to fill in. The webhook secret is generated
 * at first, never empty: an empty one would let anybody sign a webhook until somebody remembers to set it.
 */
export function createSecrets(scope: Construct, settings: Settings): ProviderSecrets {
  return Object.fromEntries(
    listProviders(settings).map((name) => [name, createSecret(scope, name, settings.production)]),
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
