/** The firewall of a stage's CloudFront: how much one address may ask for, webhooks counted by themselves. */
import { ArnFormat, CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import type { App } from "aws-cdk-lib";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnLoggingConfiguration, CfnWebACL } from "aws-cdk-lib/aws-wafv2";
import type { FirewallSettings } from "./settings/address.ts";

/** What the stack of a firewall is made from. */
export interface FirewallProps extends FirewallSettings {
  readonly stage: string;
  readonly production: boolean;
  /** The number of the account, where it is known. */
  readonly account: string | undefined;
}

/** The path of every webhook of a payment provider begins so. */
const webhooksPath = "/webhooks/";

const areWebhooks: CfnWebACL.StatementProperty = {
  byteMatchStatement: {
    fieldToMatch: { uriPath: {} },
    positionalConstraint: "STARTS_WITH",
    searchString: webhooksPath,
    textTransformations: [{ priority: 0, type: "NORMALIZE_PATH" }],
  },
};

/** Beyond the limit of an address its requests get 429 until they are fewer. The limit is one of a minute. */
function limit(
  name: string,
  priority: number,
  of: { readonly perMinute: number; readonly among: CfnWebACL.StatementProperty },
): CfnWebACL.RuleProperty {
  return {
    name,
    priority,
    action: {
      block: { customResponse: { responseCode: 429, customResponseBodyKey: "TooMany" } },
    },
    statement: {
      rateBasedStatement: {
        limit: of.perMinute,
        evaluationWindowSec: 60,
        aggregateKeyType: "IP",
        scopeDownStatement: of.among,
      },
    },
    visibilityConfig: see(name),
  };
}

function see(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true };
}

/**
 * A stack of its own, because CloudFront takes firewalls of us-east-1 only, wherever the shop is. Its output
 * `WebAclArn` goes into the setting `webAcl`. Refused requests are logged, without tokens; others are not.
 */
export class FirewallStack extends Stack {
  constructor(app: App, props: FirewallProps) {
    super(app, `Holdfast-${props.stage}-firewall`, {
      description: "Holdfast: the firewall before the API",
      terminationProtection: props.production,
      env: { region: "us-east-1", ...(props.account && { account: props.account }) },
    });
    const acl = new CfnWebACL(this, "WebAcl", {
      name: `holdfast-${props.stage}`,
      scope: "CLOUDFRONT",
      defaultAction: { allow: {} },
      // What API Gateway says when it has too many.
      customResponseBodies: {
        TooMany: { contentType: "APPLICATION_JSON", content: '{"message":"Too Many Requests"}' },
      },
      rules: [
        limit("Webhooks", 0, { perMinute: props.webhookAddressPerMinute, among: areWebhooks }),
        limit("Addresses", 1, {
          perMinute: props.addressPerMinute,
          among: { notStatement: { statement: areWebhooks } },
        }),
      ],
      visibilityConfig: see(`holdfast-${props.stage}`),
    });
    const logs = new LogGroup(this, "Logs", {
      // WAF takes no log group of another prefix.
      logGroupName: `aws-waf-logs-holdfast-${props.stage}`,
      retention: props.production ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK,
      removalPolicy: props.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    new CfnLoggingConfiguration(this, "Logging", {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [
        // The group's own ARN ends in ":*", which WAF does not take.
        this.formatArn({
          service: "logs",
          resource: "log-group",
          resourceName: logs.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      redactedFields: [{ singleHeader: { Name: "authorization" } }],
      loggingFilter: {
        DefaultBehavior: "DROP",
        Filters: [
          {
            Behavior: "KEEP",
            Requirement: "MEETS_ANY",
            Conditions: [{ ActionCondition: { Action: "BLOCK" } }],
          },
        ],
      },
    });
    new CfnOutput(this, "WebAclArn", { value: acl.attrArn });
  }
}
