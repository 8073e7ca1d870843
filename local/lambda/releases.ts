/** Stands in for CodeDeploy: gives a new version a share of a function's requests, and takes it back when an alarm rings. */
import { setTimeout as sleep } from "node:timers/promises";
import type { TemplateResolver } from "../assembly/template.ts";
import { alarmName, type LocalAlarms } from "../observe/alarms.ts";
import type { LocalFunctions } from "./functions.ts";
import type { Environment } from "./versions.ts";

interface GroupProperties {
  readonly DeploymentConfigName: string;
  readonly AlarmConfiguration: { readonly Alarms: readonly { readonly Name: string }[] };
}

interface ConfigProperties {
  readonly TrafficRoutingConfig: {
    readonly TimeBasedCanary: {
      readonly CanaryPercentage: number;
      readonly CanaryInterval: number;
    };
  };
}

/** How a release ended. */
export interface ReleaseOutcome {
  /** The alarms that took it back; none where its time went by in silence. */
  readonly rang: readonly string[];
}

/** Releases as the template's deployment groups have them. */
export interface Releases {
  /**
   * Releases a build of a function that is told something else than the template's, and settles when it was taken back
   * or its time is over. Afterwards the template's version has everything again.
   *
   * @throws Error where the template has no deployment group for the function
   */
  run(functionName: string, environment: Environment): Promise<ReleaseOutcome>;
}

/** The group that moves a function's alias, by the alias' own update policy. */
function findGroup(template: TemplateResolver, functionLogicalId: string): GroupProperties {
  const alias = template
    .resources<{ FunctionName: string }>("AWS::Lambda::Alias")
    .find(({ properties }) => properties.FunctionName === functionLogicalId);
  const policy = template.resolve<{
    CodeDeployLambdaAliasUpdate?: { DeploymentGroupName: string };
  }>(alias?.resource.UpdatePolicy ?? {});
  const name = policy.CodeDeployLambdaAliasUpdate?.DeploymentGroupName;
  const group = template
    .resources<GroupProperties>("AWS::CodeDeploy::DeploymentGroup")
    .find(({ logicalId }) => template.resolve({ Ref: logicalId }) === name);
  if (!group) throw new Error(`the template releases ${functionLogicalId} all at once`);
  return group.properties;
}

/** Reads them. @param speed makes their minutes shorter, as it does those of the alarms */
export function createReleases({
  template,
  functions,
  alarms,
  speed = 1,
}: {
  template: TemplateResolver;
  functions: LocalFunctions;
  alarms: LocalAlarms;
  speed?: number | undefined;
}): Releases {
  return {
    async run(functionName, environment) {
      const handler = functions.find(functionName);
      if (!handler) throw new Error(`there is no function ${functionName}`);
      const group = findGroup(template, handler.logicalId);
      const config = template
        .resources<ConfigProperties>("AWS::CodeDeploy::DeploymentConfig")
        .find(
          ({ logicalId }) => template.resolve({ Ref: logicalId }) === group.DeploymentConfigName,
        )!;
      const { CanaryPercentage, CanaryInterval } =
        config.properties.TrafficRoutingConfig.TimeBasedCanary;
      const watched = new Set(group.AlarmConfiguration.Alarms.map(({ Name }) => alarmName(Name)));
      const untilMs = Date.now() + (CanaryInterval * 60_000) / speed;
      handler.versions.begin(CanaryPercentage, environment);
      try {
        for (;;) {
          const rang = alarms
            .look()
            .filter(({ name, state }) => state === "ALARM" && watched.has(name))
            .map(({ name }) => name);
          if (rang.length > 0 || Date.now() > untilMs) return { rang };
          await sleep(100);
        }
      } finally {
        handler.versions.end();
      }
    },
  };
}
