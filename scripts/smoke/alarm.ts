/** Sets an alarm off on purpose, and sees that the topic was told and that somebody hears it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CallAws } from "./aws-cli.ts";
import { Missing } from "./missing.ts";

interface Alarm {
  readonly AlarmName: string;
  readonly StateValue: string;
  readonly AlarmActions?: readonly string[];
}

/** CloudWatch acts within seconds; it has a minute. */
const patienceMs = 60_000;
const pauseMs = 2_000;

async function findAlarm(callAws: CallAws, stack: string, topic: string): Promise<Alarm> {
  const { MetricAlarms = [] } = await callAws<{ MetricAlarms?: Alarm[] }>(
    "cloudwatch",
    "describe-alarms",
    { AlarmNamePrefix: `${stack}-`, AlarmTypes: ["MetricAlarm"] },
  );
  const alarm = MetricAlarms.find(
    ({ AlarmActions = [], StateValue }) => AlarmActions.includes(topic) && StateValue !== "ALARM",
  );
  if (alarm) return alarm;
  throw new Missing(
    `No quiet alarm of ${stack} acts on ${topic}: ${MetricAlarms.length} looked at`,
  );
}

async function checkSubscribers(callAws: CallAws, topic: string): Promise<number> {
  const { Subscriptions = [] } = await callAws<{ Subscriptions?: { SubscriptionArn: string }[] }>(
    "sns",
    "list-subscriptions-by-topic",
    { TopicArn: topic },
  );
  const confirmed = Subscriptions.filter(({ SubscriptionArn }) =>
    SubscriptionArn.startsWith("arn:"),
  );
  if (confirmed.length > 0) return confirmed.length;
  const why =
    Subscriptions.length === 0
      ? "deploy with -c alarmEmail=you@example.com"
      : "each address has to confirm by the mail from AWS";
  throw new Missing(`Nobody hears the alarms: ${why}`);
}

/** What CloudWatch notes of an action that it took; its words say whether it reached the topic. */
async function untilTold(callAws: CallAws, alarm: Alarm, sinceMs: number): Promise<boolean> {
  for (const untilMs = Date.now() + patienceMs; Date.now() < untilMs; await sleep(pauseMs)) {
    const { AlarmHistoryItems = [] } = await callAws<{
      AlarmHistoryItems?: { HistorySummary: string }[];
    }>("cloudwatch", "describe-alarm-history", {
      AlarmName: alarm.AlarmName,
      HistoryItemType: "Action",
      StartDate: new Date(sinceMs).toISOString(),
    });
    const told = AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary);
    if (told.some((summary) => /^Successfully executed/i.test(summary))) return true;
    const failed = told.find((summary) => /^Failed/i.test(summary));
    if (failed) throw new Error(`CloudWatch could not tell the topic: ${failed}`);
  }
  return false;
}

/**
 * Sets one of the stage's alarms off and back again; whoever hears it gets two mails.
 *
 * @returns what was seen, in a few words
 * @throws Missing when nobody has confirmed to hear it; Error when CloudWatch did not reach the topic
 */
export async function tryAlarm(callAws: CallAws, stack: string, topic: string): Promise<string> {
  const hearing = await checkSubscribers(callAws, topic);
  const alarm = await findAlarm(callAws, stack, topic);
  const set = (StateValue: "ALARM" | "OK") =>
    callAws("cloudwatch", "set-alarm-state", {
      AlarmName: alarm.AlarmName,
      StateValue,
      StateReason: "npm run smoke: a test, nothing is wrong",
    });
  const sinceMs = Date.now();
  await set("ALARM");
  try {
    if (await untilTold(callAws, alarm, sinceMs))
      return `${alarm.AlarmName} reached the topic, which ${hearing} hear`;
  } finally {
    await set("OK");
  }
  throw new Error(`${alarm.AlarmName} was set off and did not reach ${topic} within a minute`);
}
