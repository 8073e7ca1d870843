/** What runs by the clock: the sweep, once a minute. Nothing is wrong while it is off, only late. */
import { Duration, Stack } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Schedule, ScheduleExpression, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

/** What the sweep's schedule is made from. */
export interface SweepProps {
  readonly cleanup: IFunction;
  readonly deadLetters: Queue;
  /** With false the schedule exists but never fires, so that it can be switched on by hand. */
  readonly enabled: boolean;
}

/**
 * Schedules the sweep. A run that fails is tried again twice within five minutes, not for longer: the
 * next minute's run does the same work.
 */
export function scheduleSweep(scope: Construct, props: SweepProps): Schedule {
  const { cleanup, deadLetters } = props;
  // A role of our own: the construct's one may also invoke every version (`function:*`).
  const role = new Role(scope, "SweepScheduleRole", {
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
    inlinePolicies: {
      Sweep: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ["lambda:InvokeFunction"],
            resources: [cleanup.functionArn],
          }),
          new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [deadLetters.queueArn] }),
        ],
      }),
    },
  });
  return new Schedule(scope, "Sweep", {
    description: "Expires orders that are due and retries refunds",
    schedule: ScheduleExpression.rate(Duration.minutes(1)),
    enabled: props.enabled,
    target: new LambdaInvoke(cleanup, {
      role: role.withoutPolicyUpdates(),
      deadLetterQueue: deadLetters,
      retryAttempts: 2,
      maxEventAge: Duration.minutes(5),
      input: ScheduleTargetInput.fromObject({ job: "sweep" }),
    }),
  });
}
