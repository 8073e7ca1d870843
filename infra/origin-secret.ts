/** The secret by which functions know that a request came through CloudFront. */
import { RemovalPolicy, Validations } from "aws-cdk-lib";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { Settings } from "./settings/settings.ts";

/** The header in which CloudFront says it; whatever a caller says there is replaced by CloudFront. */
export const originHeader = "x-origin-secret";

/** A reference that CloudFormation puts the value in for; the template itself never has it. */
export type OriginSecret = string;

/** Makes up the secret, where there is an edge. Both who says it and who checks it get it from the same place. */
export function createOriginSecret(
  scope: Construct,
  { address }: Pick<Settings, "address">,
): OriginSecret | undefined {
  if (!address?.edge) return undefined;
  const secret = new Secret(scope, "OriginSecret", {
    description: "Told by CloudFront to the functions, so that nobody comes around the firewall",
    generateSecretString: { passwordLength: 44, excludePunctuation: true },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  Validations.of(secret).acknowledge({
    id: "AwsSolutions-SMG4",
    reason: "CloudFront and the functions take it over in one deployment, not at a turn of a clock",
  });
  // It opens no data, only a way around the rate rules: as variable of a function it is well enough kept.
  return secret.secretValue.unsafeUnwrap();
}
