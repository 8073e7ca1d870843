/** One alarm the way all of ours are: told when it rings and when it is over, and where to read what to do. */
import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import type { IAlarm, IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

/** What is watched, and from where on it rings. */
export interface Watch {
  /** Unique in the stack; `Alarm` is put behind it. */
  readonly id: string;
  /** One sentence for whoever is woken. */
  readonly says: string;
  /** The heading of the entry in docs/runbook.md. */
  readonly runbook: string;
  readonly metric: IMetric;
  /** Rings at this value and above. */
  readonly atLeast: number;
  /** How many periods are looked at, and how many of them have to be too high; one of one by default. */
  readonly periods?: number;
  readonly ofWhich?: number;
  /** No data is itself the fault: for what reports by the clock. Otherwise no traffic is no fault. */
  readonly missingIsFault?: boolean;
}

/** Makes alarms that all act on one topic. */
export interface AlarmBook {
  ring(watch: Watch): Alarm;
  /** Rings while all of `parts` are too high; gives these, which ring nobody by themselves. */
  ringTogether(
    watch: Omit<Watch, "metric" | "atLeast">,
    parts: readonly PartWatch[],
  ): readonly Alarm[];
  readonly all: readonly IAlarm[];
}

/** A part of an alarm that rings only together with others. */
export type PartWatch = Pick<Watch, "id" | "metric" | "atLeast">;

const readMore = (runbook: string): string =>
  `docs/runbook.md#${runbook
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-")}`;

const describe = ({ says, runbook }: Pick<Watch, "says" | "runbook">): string =>
  `${says}. What to do: ${readMore(runbook)}`;

function createAlarm(scope: Construct, watch: Omit<Watch, "says" | "runbook">, about: string) {
  const { periods = 1, ofWhich = periods, missingIsFault = false } = watch;
  return new Alarm(scope, `${watch.id}Alarm`, {
    metric: watch.metric,
    alarmDescription: about,
    threshold: watch.atLeast,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: periods,
    datapointsToAlarm: ofWhich,
    treatMissingData: missingIsFault ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
  });
}

/** Opens the book of a stack's alarms. */
export function createAlarmBook(scope: Construct, topic: ITopic): AlarmBook {
  const action = new SnsAction(topic);
  const all: IAlarm[] = [];
  return {
    all,
    ring(watch) {
      const alarm = createAlarm(scope, watch, describe(watch));
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      all.push(alarm);
      return alarm;
    },
    ringTogether(watch, parts) {
      const about = `A part of ${watch.id}`;
      const alarms = parts.map((part) => createAlarm(scope, part, about));
      const together = new CompositeAlarm(scope, `${watch.id}Alarm`, {
        alarmDescription: describe(watch),
        alarmRule: AlarmRule.allOf(...alarms),
      });
      together.addAlarmAction(action);
      together.addOkAction(action);
      all.push(together);
      return alarms;
    },
  };
}
