/**
 * How new versions get their requests: a share first, all of them minutes later, none where an alarm rings meanwhile.
 *
 * @see docs/go-live.md#changing-it
 */
import { type Alarm } from "aws-cdk-lib/aws-cloudwatch";
import {
  CfnApplication,
  CfnDeploymentConfig,
  CfnDeploymentGroup,
} from "aws-cdk-lib/aws-codedeploy";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { CfnAlias } from "aws-cdk-lib/aws-lambda";
import { Stack, Validations } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { AppFunction } from "./app-function.ts";
import type { Functions } from "./functions.ts";
import type { FunctionName } from "./permissions.ts";
import type { Settings } from "./settings/settings.ts";

/** What releases are made from. */
export interface ReleasesProps {
  readonly settings: Settings;
  readonly functions: Functions;
  /** Alarms that take back whatever is being released. */
  readonly gates: readonly Alarm[];
  /** Alarms that take back one function alone; each versioned function has one. */
  readonly own: ReadonlyMap<FunctionName, Alarm>;
}

/**
 * Has CodeDeploy move each function's alias from version to version, and back at the first alarm. Each has a group of its
 * own: a group does one deployment at a time, and CloudFormation begins those of one update all together.
 *
 * Without a step nothing of it is made, and CloudFormation sets each alias at once.
 */
export function releaseBySteps(scope: Construct, props: ReleasesProps): void {
  const { step } = props.settings.canary;
  const released = [...props.functions].filter(([, { live }]) => live);
  if (!step || released.length === 0) return;
  const application = new CfnApplication(scope, "Releases", { computePlatform: "Lambda" });
  const config = new CfnDeploymentConfig(scope, "ReleaseSteps", {
    computePlatform: "Lambda",
    trafficRoutingConfig: {
      type: "TimeBasedCanary",
      timeBasedCanary: { canaryPercentage: step.percent, canaryInterval: step.minutes },
    },
  });
  const role = createReleaseRole(
    scope,
    released.map(([, handler]) => handler),
  );
  for (const [name, handler] of released) {
    const alarms = [props.own.get(name)!, ...props.gates];
    const group = new CfnDeploymentGroup(scope, `${handler.node.id}Release`, {
      applicationName: application.ref,
      deploymentConfigName: config.ref,
      deploymentStyle: {
        deploymentType: "BLUE_GREEN",
        deploymentOption: "WITH_TRAFFIC_CONTROL",
      },
      serviceRoleArn: role.roleArn,
      alarmConfiguration: {
        enabled: true,
        alarms: alarms.map(({ alarmName }) => ({ name: alarmName })),
      },
      autoRollbackConfiguration: {
        enabled: true,
        events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
      },
    });
    (handler.live!.node.defaultChild as CfnAlias).cfnOptions.updatePolicy = {
      codeDeployLambdaAliasUpdate: {
        applicationName: application.ref,
        deploymentGroupName: group.ref,
      },
    };
  }
}

/** What AWS's own policy for this (AWSCodeDeployRoleForLambdaLimited) allows on everything, on these functions alone. */
function createReleaseRole(scope: Construct, handlers: readonly AppFunction[]): Role {
  const role = new Role(scope, "ReleaseRole", {
    description: "Moves the aliases of functions from version to version",
    assumedBy: new ServicePrincipal("codedeploy.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
    inlinePolicies: {
      Release: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: [
              "lambda:GetAlias",
              "lambda:GetProvisionedConcurrencyConfig",
              "lambda:UpdateAlias",
            ],
            resources: handlers.flatMap(({ functionArn, targetArn }) => [functionArn, targetArn]),
          }),
          new PolicyStatement({ actions: ["cloudwatch:DescribeAlarms"], resources: ["*"] }),
        ],
      }),
    },
  });
  Validations.of(role).acknowledge({
    id: "AwsSolutions-IAM5[Resource::*]",
    reason: "CodeDeploy looks at alarms by a list, which knows no resources; it reads no more",
  });
  return role;
}
