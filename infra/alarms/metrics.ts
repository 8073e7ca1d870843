/** The metrics that alarms and the dashboard look at: AWS's own, and those that the functions write. */
import { Duration } from "aws-cdk-lib";
import { MathExpression, Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { IMetric, MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";

/** What most alarms look at: long enough for a rate to mean something, short enough to be told in time. */
export const fiveMinutes = Duration.minutes(5);

/** A metric that the functions write themselves, under the one service name that they share. */
export function ownMetric(metricName: string, options: MetricOptions = {}): Metric {
  return new Metric({
    namespace: "Holdfast",
    metricName,
    dimensionsMap: { service: "holdfast" },
    statistic: Stats.SUM,
    period: fiveMinutes,
    ...options,
  });
}

/** The part of a route of the contract that its metrics are named by. */
export interface MeasuredRoute {
  readonly method: string;
  readonly path: string;
}

/** A metric of the whole API, or of one route whose detailed metrics are switched on. */
export function apiMetric(
  api: HttpApi,
  metricName: "Count" | "4xx" | "5xx" | "Latency",
  { route, ...options }: MetricOptions & { readonly route?: MeasuredRoute } = {},
): Metric {
  const place = route && { Method: route.method, Resource: route.path, Stage: "$default" };
  return new Metric({
    namespace: "AWS/ApiGateway",
    metricName,
    dimensionsMap: { ApiId: api.apiId, ...place },
    statistic: Stats.SUM,
    period: fiveMinutes,
    ...options,
  });
}

/** How much of a whole is bad, and from how many on that is more than bad luck. */
export interface Rate {
  readonly bad: IMetric;
  readonly whole: IMetric;
  /** Fewer bad ones in a period than this count as none: one error in a quiet night is no outage. */
  readonly atLeast?: number;
  readonly period?: Duration;
  readonly label: string;
}

/** The share of bad ones in percent; bad ones in a period without a whole count as more than all. */
export function percentage({ bad, whole, atLeast = 3, period = fiveMinutes, label }: Rate) {
  return new MathExpression({
    expression: `IF(FILL(bad, 0) >= ${atLeast}, 100 * bad / FILL(whole, 1), 0)`,
    usingMetrics: { bad, whole },
    period,
    label,
  });
}
