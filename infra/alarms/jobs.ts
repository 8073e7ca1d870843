/** What runs without a request: streams that are behind, sweeps that are late, and whatever was put aside. */
import { MathExpression } from "aws-cdk-lib/aws-cloudwatch";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Functions } from "../functions.ts";
import type { Settings } from "../settings/settings.ts";
import type { AlarmBook } from "./alarm.ts";
import { fiveMinutes, ownMetric } from "./metrics.ts";

/** What is watched of them. */
interface JobAlarmsProps {
  readonly settings: Settings;
  readonly functions: Functions;
  readonly deadLetters: Readonly<Record<string, Queue>>;
}

/** Creates their alarms. */
export function watchJobs(
  book: AlarmBook,
  { settings, functions, deadLetters }: JobAlarmsProps,
): void {
  for (const [name, queue] of Object.entries(deadLetters)) {
    book.ring({
      id: `${name}DeadLetters`,
      says: `${name}: something could not be processed and was put aside`,
      runbook: `Dead letters of ${name.toLowerCase()}`,
      metric: queue.metricApproximateNumberOfMessagesVisible({
        period: fiveMinutes,
        statistic: "max",
      }),
      atLeast: 1,
    });
  }
  book.ring({
    id: "StreamBehind",
    says: "Changes reach the audit trail, the ledger and subscribers minutes late",
    runbook: "The streams are behind",
    metric: functions
      .get("changes")!
      .metric("IteratorAge", { period: fiveMinutes, statistic: "max" }),
    atLeast: 300_000,
    periods: 2,
  });
  if (!settings.sweep) return;
  book.ring({
    id: "SweepLag",
    says: "The sweep does not keep up: what is due waits for ten minutes",
    runbook: "The sweep is late",
    metric: ownMetric("SweepLag", { statistic: "max" }),
    atLeast: 600_000,
    periods: 2,
  });
  book.ring({
    id: "SweepStopped",
    says: "The sweep has not run to its end for ten minutes",
    runbook: "The sweep has stopped",
    // A sweep that ran counts as 0; the fault is the data that does not come.
    metric: new MathExpression({
      expression: "IF(sweeps > 0, 0, 1)",
      usingMetrics: { sweeps: ownMetric("SweepLag", { statistic: "n" }) },
      period: fiveMinutes,
      label: "Periods without a sweep",
    }),
    atLeast: 1,
    periods: 2,
    missingIsFault: true,
  });
}
