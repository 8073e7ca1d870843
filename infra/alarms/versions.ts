/** What a new version of a function does while it gets a share of the requests: the alarms that take it back. */
import { MathExpression, Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { Alarm, IMetric } from "aws-cdk-lib/aws-cloudwatch";
import type { AppFunction } from "../app-function.ts";
import type { Functions } from "../functions.ts";
import type { FunctionName } from "../permissions.ts";
import type { AlarmBook } from "./alarm.ts";
import { fiveMinutes, ownMetric, percentage } from "./metrics.ts";

/** Lambda counts by the version that ran only what was called through an alias, while that has two versions. */
function versionMetric(handler: AppFunction, version: string, metricName: string): Metric {
  return new Metric({
    namespace: "AWS/Lambda",
    metricName,
    dimensionsMap: {
      FunctionName: handler.functionName,
      // Not the alias' own metrics: those name its ARN, under which Lambda counts nothing.
      Resource: handler.targetName,
      ExecutedVersion: version,
    },
    statistic: Stats.SUM,
    period: fiveMinutes,
  });
}

/**
 * Invocations that failed, and those that met what nobody meant and still answered. The latter are told by a version
 * for as long as it lives: they count only while Lambda counts runs by version, too.
 */
function badRuns(handler: AppFunction, version: string): IMetric {
  const dimensionsMap = {
    service: "holdfast",
    FunctionName: handler.functionName,
    ExecutedVersion: version,
  };
  return new MathExpression({
    expression: "IF(FILL(whole, 0) > 0, FILL(failed, 0) + FILL(unmeant, 0), 0)",
    usingMetrics: {
      whole: versionMetric(handler, version, "Invocations"),
      failed: versionMetric(handler, version, "Errors"),
      unmeant: ownMetric("UnmeantErrors", { dimensionsMap }),
    },
    period: fiveMinutes,
    label: "Failures of the new version",
  });
}

/**
 * Creates an alarm for each function that is versioned: 5 % or more of what its newest version did in five minutes
 * failed, and three times at least. Silent while there is no newer version than the one that gets everything.
 */
export function watchVersions(
  book: AlarmBook,
  functions: Functions,
): ReadonlyMap<FunctionName, Alarm> {
  const watched = new Map<FunctionName, Alarm>();
  for (const [name, handler] of functions) {
    if (!handler.live) continue;
    const { version } = handler.live.version;
    const alarm = book.ring({
      id: `${handler.node.id}Version`,
      says: `The new version of functions/${name}.ts fails`,
      runbook: "A new version fails",
      metric: percentage({
        bad: badRuns(handler, version),
        whole: versionMetric(handler, version, "Invocations"),
        label: `${name}: failures of the new version in percent`,
      }),
      atLeast: 5,
    });
    watched.set(name, alarm);
  }
  return watched;
}
