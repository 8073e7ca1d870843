/** What an operator is woken for. Every alarm goes to one topic; who listens to it is theirs to say. */
import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Metric,
  Stats,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import type { IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { Functions } from "./functions.ts";

/** What is watched. */
export interface AlarmsProps {
  readonly functions: Functions;
  readonly deadLetters: Readonly<Record<string, Queue>>;
}

const period = Duration.minutes(5);

/**
 * Creates the alarms: something in a dead-letter queue, a function that fails or is throttled, and a
 * captured payment whose amount is not the order's. Missing data is no alarm: no traffic, no fault.
 */
export function createAlarms(scope: Construct, props: AlarmsProps): Topic {
  const topic = new Topic(scope, "Alarms", { enforceSSL: true });
  const action = new SnsAction(topic);
  const alarm = (id: string, metric: IMetric, description: string): void => {
    new Alarm(scope, id, {
      metric,
      alarmDescription: description,
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(action);
  };
  for (const [name, queue] of Object.entries(props.deadLetters)) {
    const waiting = queue.metricApproximateNumberOfMessagesVisible({ period, statistic: "max" });
    alarm(`${name}DeadLettersAlarm`, waiting, `${name}: something could not be processed`);
  }
  for (const [name, handler] of props.functions) {
    const id = handler.node.id;
    alarm(`${id}ErrorsAlarm`, handler.metricErrors({ period }), `functions/${name}.ts failed`);
    alarm(
      `${id}ThrottlesAlarm`,
      handler.metricThrottles({ period }),
      `functions/${name}.ts was throttled`,
    );
  }
  alarm(
    "AmountMismatchAlarm",
    businessMetric("AmountMismatch"),
    "A provider captured an amount or currency that is not the order's: it will be refunded",
  );
  return topic;
}

/** A metric that the functions write themselves, under the one name they share. */
function businessMetric(metricName: string): Metric {
  return new Metric({
    namespace: "Holdfast",
    metricName,
    dimensionsMap: { service: "holdfast" },
    statistic: Stats.SUM,
    period,
  });
}
