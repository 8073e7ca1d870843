/** A shop in a stack of its own, with the outputs that our own commands and whoever sets it up ask for. */
import { CfnOutput, Stack, Tags } from "aws-cdk-lib";
import type { App } from "aws-cdk-lib";
import type { Route } from "./api.ts";
import { bundleFunctions } from "./bundles.ts";
import { bundled, type Functions } from "./functions.ts";
import { functionNames } from "./permissions.ts";
import { listProviders } from "./secrets.ts";
import type { Settings } from "./settings/settings.ts";
import { Shop } from "./shop.ts";

/** What a stack is made from: the settings of its stage and the endpoints of the contract. */
export interface HoldfastStackProps {
  readonly settings: Settings;
  readonly endpoints: readonly Route[];
}

/** Names what operators call by hand: who follows streams (`npm run redrive`), and who reconciles. */
function nameTargets(functions: Functions): Record<string, string> {
  const called = ["changes", "event-bus", "webhook-feed", "cleanup"] as const;
  return Object.fromEntries(
    called.map((name) => {
      const handler = functions.get(name)!;
      return [`${handler.node.id}Name`, handler.targetName];
    }),
  );
}

/** The whole of Holdfast in one stack, named after its stage, so that stages share an account. */
export class HoldfastStack extends Stack {
  constructor(app: App, { settings, endpoints }: HoldfastStackProps) {
    super(app, `Holdfast-${settings.stage}`, {
      description: "Holdfast: orders, carts, stock and locks on DynamoDB",
      terminationProtection: settings.production,
    });
    const bundles = bundleFunctions(this, functionNames(settings.production).map(bundled));
    // By this name it is no part of logical ids: what keeps state has those that it always had.
    const shop = new Shop(this, "Default", { settings, endpoints, bundles });
    for (const [key, value] of settings.tags) Tags.of(this).add(key, value);
    const { signIn, deadRecords } = shop;
    const providers = listProviders(settings);
    this.#output({
      DomainTarget: shop.domainTarget,
      ...Object.fromEntries(
        providers.map((name) => [`${name}WebhookUrl`, `${shop.url}/webhooks/${name}`]),
      ),
      ...Object.fromEntries(
        providers.map((name) => [`${name}SecretName`, shop.secrets[name]?.secretName]),
      ),
      SignInPages: signIn.pages,
      PagesUrl: shop.pages?.url,
      PagesBucket: shop.pages?.bucket.bucketName,
      PagesClientId: signIn.pagesClient,
      ApiUrl: shop.url,
      Issuer: signIn.issuer,
      Audience: signIn.audience,
      AdminGroup: settings.adminGroup,
      UserPoolId: signIn.userPool?.pool.userPoolId,
      UserPoolClientId: signIn.userPool?.client.userPoolClientId,
      AlarmTopicArn: shop.alarmTopic.topicArn,
      DeadRecordsBucket: deadRecords.bucket.bucketName,
      DeadRecordsQueueUrl: deadRecords.announcements.queueUrl,
      EventBusName: shop.eventBus.eventBusName,
      EventBusArn: shop.eventBus.eventBusArn,
      ...nameTargets(shop.functions),
    });
  }

  #output(values: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) new CfnOutput(this, name, { value });
    }
  }
}
