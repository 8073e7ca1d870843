/**
 * What the shop promises in numbers, and alarms on how fast the errors that it may make are used up: fast burning
 * rings within minutes, slow burning within hours, and neither rings for a fault that is over already.
 */
import { Duration } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import type { AlarmBook } from "./alarm.ts";
import { apiMetric, type MeasuredRoute, percentage } from "./metrics.ts";

/** A promise about one route: so many of a hundred requests are answered without a fault of ours. */
export interface Objective {
  /** As alarms and the dashboard call it. */
  readonly name: "Orders" | "Webhooks";
  /** The name of the endpoint in the contract. */
  readonly endpoint: string;
  readonly targetPercent: number;
}

/** The objectives over 30 days. Measured at API Gateway: what callers saw, whoever was at fault. */
export const objectives = [
  { name: "Orders", endpoint: "placeOrder", targetPercent: 99.9 },
  { name: "Webhooks", endpoint: "receiveWebhook", targetPercent: 99.9 },
] as const satisfies readonly Objective[];

/**
 * Burn rates and their two windows, after the Site Reliability Workbook (chapter 5): at 14.4 a month's allowance
 * is gone in two days, at 6 in five. The short window makes the alarm end soon after the fault does.
 */
const burns = [
  { speed: "Fast", rate: 14.4, long: Duration.hours(1), short: Duration.minutes(5) },
  { speed: "Slow", rate: 6, long: Duration.hours(6), short: Duration.minutes(30) },
] as const;

/**
 * Creates a fast and a slow alarm for an objective, and gives the first sign of them: that the budget burns fast over the
 * last five minutes. (CodeDeploy looks at alarms of one metric alone, not at those that are put together.)
 */
export function watchObjective(
  book: AlarmBook,
  objective: Objective,
  { api, route }: { readonly api: HttpApi; readonly route: MeasuredRoute },
): Alarm {
  const { name, targetPercent } = objective;
  const allowedPercent = 100 - targetPercent;
  const firstSigns = burns.map(({ speed, rate, long, short }) => {
    const id = `${name}Budget${speed}`;
    const part = (window: "Long" | "Short", period: Duration) => ({
      id: `${id}${window}`,
      metric: percentage({
        bad: apiMetric(api, "5xx", { route }),
        whole: apiMetric(api, "Count", { route }),
        period,
        label: `${name}: failed requests in percent`,
      }),
      atLeast: Number((allowedPercent * rate).toFixed(3)),
    });
    const [, sign] = book.ringTogether(
      {
        id,
        says: `${name} fail ${rate} times as often as ${targetPercent} % allows`,
        runbook: `${name} fail too often`,
      },
      [part("Long", long), part("Short", short)],
    );
    return sign!;
  });
  return firstSigns[0]!;
}
