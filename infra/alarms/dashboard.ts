/** One page for whoever was woken: what callers see, what the shop does, and what is behind it. */
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  PeriodOverride,
  SingleValueWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import type { IAlarm, IMetric, IWidget } from "aws-cdk-lib/aws-cloudwatch";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import type { Construct } from "constructs";
import type { Functions } from "../functions.ts";
import type { Settings } from "../settings/settings.ts";
import { apiMetric, fiveMinutes, ownMetric } from "./metrics.ts";

/** What the dashboard shows. */
export interface DashboardProps {
  readonly settings: Settings;
  readonly api: HttpApi;
  readonly functions: Functions;
  readonly alarms: readonly IAlarm[];
}

function graph(title: string, left: readonly IMetric[], right: readonly IMetric[] = []): IWidget {
  return new GraphWidget({ title, left: [...left], right: [...right], width: 8, height: 6 });
}

const own = (...names: readonly string[]): IMetric[] => names.map((name) => ownMetric(name));

/** Creates the dashboard `Holdfast-<stage>`: the alarms first, then from the caller inwards. */
export function createDashboard(scope: Construct, props: DashboardProps): Dashboard {
  const { settings, api, functions, alarms } = props;
  const dashboard = new Dashboard(scope, "Dashboard", {
    dashboardName: `Holdfast-${settings.stage}`,
    periodOverride: PeriodOverride.AUTO,
  });
  const slowest = (statistic: string): IMetric => apiMetric(api, "Latency", { statistic });
  const ofEach = (metricName: string, statistic = "sum"): IMetric[] =>
    [...functions].map(([name, handler]) =>
      handler.metric(metricName, { label: name, statistic, period: fiveMinutes }),
    );
  dashboard.addWidgets(
    new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: 24, height: 5 }),
  );
  dashboard.addWidgets(
    graph("Requests", [apiMetric(api, "Count")], [apiMetric(api, "4xx"), apiMetric(api, "5xx")]),
    graph("Latency", [slowest("p50"), slowest("p95"), slowest("p99")]),
    graph("Unmeant errors and refusals", own("UnmeantErrors", "TriedInVain", "BadSignatures")),
  );
  dashboard.addWidgets(
    graph("Orders", own("OrdersPlaced", "OrdersPaid", "OrdersFailed", "OrdersExpired")),
    graph("Money going back", own("OrdersRefundDue", "OrdersRefunded", "RefundsDue")),
    graph("Locks", own("LocksAcquired", "LocksRefused", "LocksLost", "LocksForced")),
  );
  dashboard.addWidgets(
    graph("Functions: errors", ofEach("Errors")),
    graph("Functions: p99 duration", ofEach("Duration", "p99")),
    graph("DynamoDB", own("DynamoDbRequests"), own("DynamoDbThrottles", "DynamoDbConflicts")),
  );
  dashboard.addWidgets(
    graph("Streams behind", [
      functions.get("changes")!.metric("IteratorAge", { statistic: "max", period: fiveMinutes }),
    ]),
    graph("Sweep", [ownMetric("SweepLag", { statistic: "max" })]),
    new SingleValueWidget({
      title: "Oldest lock",
      metrics: [ownMetric("OldestLockAge", { statistic: "max" })],
      width: 8,
      height: 6,
    }),
  );
  return dashboard;
}
