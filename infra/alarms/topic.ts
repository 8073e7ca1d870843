/** The one topic that every alarm goes to, whom it lets publish, and who hears it. */
import { Annotations, ArnFormat, Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import type { Settings } from "../settings/settings.ts";

/**
 * Creates the topic. Any policy of one's own replaces the one that SNS would give it, so the permission
 * of CloudWatch stands here by name: for this account's alarms in this region, over TLS only.
 *
 * A production stack without `alarmEmail` says so while it is synthesized, and `npm run deploy` refuses it.
 */
export function createAlarmTopic(scope: Construct, settings: Settings): Topic {
  const topic = new Topic(scope, "Alarms", { enforceSSL: true });
  const stack = Stack.of(scope);
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "AlarmsMayPublish",
      effect: Effect.ALLOW,
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { "aws:SourceAccount": stack.account },
        ArnLike: {
          "aws:SourceArn": stack.formatArn({
            service: "cloudwatch",
            resource: "alarm",
            resourceName: "*",
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        },
      },
    }),
  );
  for (const address of settings.alarmEmail) {
    topic.addSubscription(new EmailSubscription(address));
  }
  if (settings.production && settings.alarmEmail.length === 0) {
    Annotations.of(topic).addWarningV2(
      "holdfast:alarms-unheard",
      "Nobody hears the alarms: set -c alarmEmail=you@example.com",
    );
  }
  return topic;
}
