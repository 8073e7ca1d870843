/** What runs by the clock: the sweeps, once a minute; the reconciler and the learner, once an hour. Off, things are only late. */
import { Duration, Stack } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Schedule, ScheduleExpression, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { AppFunction } from "./app-function.ts";

/** What the schedules are made from. */
export interface JobsProps {
  readonly cleanup: AppFunction;
  /** Knows which webhooks have something to be told. */
  readonly webhooks: AppFunction;
  readonly deadLetters: Queue;
  /** With false the schedules exist but never fire, so that they can be switched on by hand. */
  readonly enabled: boolean;
}

/**
 * Schedules them. A run that fails is tried again twice within five minutes, not for longer: the next run does the
 * same work.
 */
export function scheduleJobs(scope: Construct, props: JobsProps): void {
  const role = createScheduleRole(scope, props);
  schedule(scope, props, role, {
    id: "Sweep",
    description: "Expires orders that are due and retries refunds",
    every: Duration.minutes(1),
    job: "sweep",
  });
  schedule(scope, props, role, {
    id: "WebhooksDue",
    description: "Has webhooks told what is due for them",
    every: Duration.minutes(1),
    job: "due",
    target: props.webhooks,
  });
  schedule(scope, props, role, {
    id: "Reconcile",
    description: "Holds providers' payments against orders and stock",
    every: Duration.hours(1),
    job: "reconcile",
  });
  schedule(scope, props, role, {
    id: "Learn",
    description: "Decides once a day about learned hold times",
    every: Duration.hours(1),
    job: "learn",
  });
}

/** A role of our own: the construct's one may also invoke every version (`function:*`). */
function createScheduleRole(scope: Construct, props: JobsProps): Role {
  const { cleanup, webhooks, deadLetters } = props;
  return new Role(scope, "SweepScheduleRole", {
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
    inlinePolicies: {
      Sweep: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ["lambda:InvokeFunction"],
            resources: [cleanup.targetArn, webhooks.targetArn],
          }),
          new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [deadLetters.queueArn] }),
        ],
      }),
    },
  });
}

interface Job {
  readonly id: string;
  readonly description: string;
  readonly every: Duration;
  readonly job: string;
  /** `cleanup` where nothing is said. */
  readonly target?: AppFunction;
}

function schedule(
  scope: Construct,
  props: JobsProps,
  role: Role,
  { id, every, ...what }: Job,
): void {
  const { cleanup, deadLetters, enabled } = props;
  new Schedule(scope, id, {
    description: what.description,
    schedule: ScheduleExpression.rate(every),
    enabled,
    target: new LambdaInvoke((what.target ?? cleanup).target, {
      role: role.withoutPolicyUpdates(),
      deadLetterQueue: deadLetters,
      retryAttempts: 2,
      maxEventAge: Duration.minutes(5),
      input: ScheduleTargetInput.fromObject({ job: what.job }),
    }),
  });
}
