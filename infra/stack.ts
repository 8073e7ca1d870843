/** Puts the parts together; each part says for itself what it is. */
import { CfnOutput, Stack, Tags } from "aws-cdk-lib";
import type { App } from "aws-cdk-lib";
import { createAddress, publicUrl } from "./address.ts";
import { createAlarms } from "./alarms/alarms.ts";
import { createApi, createRoutes, selectRoutes } from "./api.ts";
import type { Route } from "./api.ts";
import { createTables } from "./data.ts";
import { createDeadLetters, createDeadRecords } from "./dead-letters.ts";
import { createEvents } from "./events.ts";
import { createFunctions, type Functions } from "./functions.ts";
import { scheduleJobs } from "./jobs.ts";
import { createLive } from "./live.ts";
import { backUp } from "./backups.ts";
import { createOriginSecret } from "./origin-secret.ts";
import { limitRoutes } from "./route-limits.ts";
import { releaseBySteps } from "./releases.ts";
import { createSecrets, listProviders } from "./secrets.ts";
import type { Settings } from "./settings/settings.ts";
import { createSignIn } from "./sign-in.ts";
import { followStreams } from "./streams.ts";

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
    const tables = createTables(this, settings);
    const secrets = createSecrets(this, settings);
    const { api, stage } = createApi(this, settings);
    const signIn = createSignIn(this, settings);
    const apiUrl = publicUrl(api, settings);
    const originSecret = createOriginSecret(this, settings);
    const functions = createFunctions(this, { settings, tables, secrets, apiUrl, originSecret });
    createAddress(this, { api, stage, settings, originSecret });
    createLive(this, { settings, functions });
    const served = selectRoutes(endpoints, settings.production);
    createRoutes(this, {
      api,
      stage,
      functions,
      endpoints: served,
      limits: limitRoutes(settings, endpoints),
      authorizer: signIn.authorizer,
    });
    const deadLetters = {
      Sweep: createDeadLetters(this, "SweepDeadLetters"),
      Changes: createDeadLetters(this, "ChangesDeadLetters"),
    };
    const deadRecords = createDeadRecords(this, deadLetters.Changes, settings);
    scheduleJobs(this, {
      cleanup: functions.get("cleanup")!,
      webhooks: functions.get("webhook-feed")!,
      deadLetters: deadLetters.Sweep,
      enabled: settings.sweep,
    });
    followStreams(this, {
      tables,
      changes: functions.get("changes")!,
      deadRecords,
    });
    const bus = createEvents(this, { settings, tables, functions, deadRecords });
    const alarms = createAlarms(this, { settings, api, endpoints: served, functions, deadLetters });
    releaseBySteps(this, { settings, functions, gates: alarms.gates, own: alarms.versions });
    for (const [key, value] of settings.tags) Tags.of(this).add(key, value);
    if (settings.backups) backUp(this, tables, settings);
    const providers = listProviders(settings);
    this.#output({
      ...Object.fromEntries(
        providers.map((name) => [`${name}WebhookUrl`, `${apiUrl}/webhooks/${name}`]),
      ),
      ...Object.fromEntries(
        providers.map((name) => [`${name}SecretName`, secrets[name]?.secretName]),
      ),
      SignInPages: signIn.pages,
      ApiUrl: apiUrl,
      Issuer: signIn.issuer,
      Audience: signIn.audience,
      AdminGroup: settings.adminGroup,
      UserPoolId: signIn.userPool?.pool.userPoolId,
      UserPoolClientId: signIn.userPool?.client.userPoolClientId,
      AlarmTopicArn: alarms.topic.topicArn,
      DeadRecordsBucket: deadRecords.bucket.bucketName,
      DeadRecordsQueueUrl: deadRecords.announcements.queueUrl,
      EventBusName: bus.eventBusName,
      EventBusArn: bus.eventBusArn,
      ...nameTargets(functions),
    });
  }

  #output(values: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) new CfnOutput(this, name, { value });
    }
  }
}
