/** EventBridge Scheduler on this machine: a timer for each `rate(…)`, retries and the dead-letter queue as declared. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { TemplateResolver } from "../assembly/template.ts";
import type { Permissions } from "../aws/permissions.ts";
import type { Queues } from "../aws/queues.ts";
import { friendlyName, type LocalFunctions } from "../lambda/functions.ts";

interface ScheduleProperties {
  readonly ScheduleExpression: string;
  readonly State?: "ENABLED" | "DISABLED";
  readonly Target: {
    Arn: string;
    RoleArn: string;
    Input?: string;
    RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
    DeadLetterConfig?: { Arn?: string };
  };
}

/** A schedule of the template. */
export interface LocalSchedule {
  readonly name: string;
  readonly expression: string;
  readonly enabled: boolean;
  /** Runs the target now, whether the schedule is enabled or not; settles when it succeeded or was given up. */
  run(): Promise<"succeeded" | "given up">;
}

/** All schedules of the template. */
export interface Schedules {
  readonly all: readonly LocalSchedule[];
  stop(): void;
}

const UNITS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** AWS retries up to 185 times over a day unless told otherwise. */
const DEFAULT_RETRIES = 185;
const DEFAULT_AGE_SECONDS = 86_400;

/** The time between two runs of `rate(5 minutes)`; undefined for other expressions. */
function rateMs(expression: string): number | undefined {
  const match = /^rate\((\d+) (minute|hour|day)s?\)$/u.exec(expression);
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined;
}

/** Scheduler fills these in before it calls the target. */
function fillIn(input: string, name: string): string {
  return input
    .replaceAll("<aws.scheduler.schedule-arn>", name)
    .replaceAll("<aws.scheduler.scheduled-time>", new Date().toISOString())
    .replaceAll("<aws.scheduler.execution-id>", randomUUID())
    .replaceAll("<aws.scheduler.attempt-number>", "1");
}

interface ScheduleParts {
  readonly template: TemplateResolver;
  readonly functions: LocalFunctions;
  readonly permissions: Permissions;
  readonly queues: Queues;
  report(text: string): void;
}

/** Calls the target once, and says what went wrong, if anything did. */
async function attempt(
  { Target }: ScheduleProperties,
  name: string,
  { functions, permissions }: ScheduleParts,
): Promise<string | undefined> {
  const handler = functions.find(Target.Arn);
  if (!handler) return `there is no function ${Target.Arn}`;
  if (!(await permissions.allows(Target.RoleArn, "lambda:InvokeFunction", handler.arn))) {
    return `its role may not invoke ${handler.name}`;
  }
  const { error } = await handler.invoke(fillIn(Target.Input ?? "{}", name));
  return error && `${error.errorType}: ${error.errorMessage}`;
}

async function giveUp(
  { Target }: ScheduleProperties,
  name: string,
  problem: string,
  { permissions, queues, report }: ScheduleParts,
): Promise<void> {
  report(`schedule ${name} gave up: ${problem}`);
  const queue = Target.DeadLetterConfig?.Arn;
  if (!queue || !(await permissions.allows(Target.RoleArn, "sqs:SendMessage", queue))) return;
  queues.send(queue, Target.Input ?? "{}", { ERROR_MESSAGE: problem, TARGET_ARN: Target.Arn });
}

/** Starts a timer for every enabled schedule of the template. */
export function startSchedules(parts: ScheduleParts): Schedules {
  const { template, report } = parts;
  let stopped = false;

  async function run(properties: ScheduleProperties, name: string) {
    const retry = properties.Target.RetryPolicy;
    const retries = retry?.MaximumRetryAttempts ?? DEFAULT_RETRIES;
    const deadlineMs = Date.now() + (retry?.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS) * 1000;
    for (let tries = 0; ; tries += 1) {
      const problem = await attempt(properties, name, parts);
      if (!problem) return "succeeded";
      if (stopped || tries >= retries || Date.now() > deadlineMs) {
        await giveUp(properties, name, problem, parts);
        return "given up";
      }
      await sleep(Math.min(1000 * 2 ** tries, 60_000), undefined, { ref: false });
    }
  }

  const timers: NodeJS.Timeout[] = [];
  const all = template
    .resources<ScheduleProperties>("AWS::Scheduler::Schedule")
    .map(({ logicalId, properties }): LocalSchedule => {
      const name = friendlyName(logicalId);
      const schedule: LocalSchedule = {
        name,
        expression: properties.ScheduleExpression,
        enabled: properties.State !== "DISABLED",
        run: () => run(properties, name),
      };
      const everyMs = rateMs(schedule.expression);
      if (schedule.enabled && everyMs === undefined) {
        report(
          `schedule ${name}: ${schedule.expression} does not run on this machine, only rate(…)`,
        );
      }
      if (schedule.enabled && everyMs !== undefined) {
        const timer = setInterval(() => void schedule.run(), everyMs);
        timers.push(timer.unref());
      }
      return schedule;
    });
  return {
    all,
    stop() {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
    },
  };
}
