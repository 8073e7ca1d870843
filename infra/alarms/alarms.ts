/** What an operator is woken for: rates, not single errors, except where money is wrong. */
import { Duration } from "aws-cdk-lib";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import type { Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { Route } from "../api.ts";
import type { Functions } from "../functions.ts";
import type { FunctionName } from "../permissions.ts";
import type { Settings } from "../settings/settings.ts";
import { type AlarmBook, createAlarmBook } from "./alarm.ts";
import { createDashboard } from "./dashboard.ts";
import { watchJobs } from "./jobs.ts";
import { apiMetric, fiveMinutes, ownMetric, percentage } from "./metrics.ts";
import { objectives, watchObjective } from "./objectives.ts";
import { createAlarmTopic } from "./topic.ts";
import { watchVersions } from "./versions.ts";

/** What is watched. */
export interface AlarmsProps {
  readonly settings: Settings;
  readonly api: HttpApi;
  readonly endpoints: readonly Route[];
  readonly functions: Functions;
  readonly deadLetters: Readonly<Record<string, Queue>>;
}

/** What others of the stack need of its alarms. */
export interface Alarms {
  readonly topic: Topic;
  /** Those that take back what is being released: of all functions, and of each alone. */
  readonly gates: readonly Alarm[];
  readonly versions: ReadonlyMap<FunctionName, Alarm>;
}

/** Creates the topic, every alarm and the dashboard that shows what they look at. */
export function createAlarms(scope: Construct, props: AlarmsProps): Alarms {
  const topic = createAlarmTopic(scope, props.settings);
  const book = createAlarmBook(scope, topic);
  watchApi(book, props.api);
  const gates = objectives.map((objective) => {
    const route = props.endpoints.find(({ name }) => name === objective.endpoint);
    if (!route) throw new Error(`The contract has no endpoint ${objective.endpoint}`);
    return watchObjective(book, objective, { api: props.api, route });
  });
  watchFunctions(book, props.functions);
  const versions = watchVersions(book, props.functions);
  watchDatabase(book);
  watchMoney(book);
  watchProviders(book, props.functions);
  watchJobs(book, props);
  book.ring({
    id: "WebhookPaused",
    says: "An endpoint is told nothing any more, because nothing got through to it",
    runbook: "A webhook is paused",
    metric: ownMetric("WebhookPaused"),
    atLeast: 1,
  });
  createDashboard(scope, { ...props, alarms: book.all });
  return { topic, gates, versions };
}

function watchApi(book: AlarmBook, api: HttpApi): void {
  const requests = apiMetric(api, "Count");
  book.ring({
    id: "ApiFailures",
    says: "Requests end in 5xx",
    runbook: "Requests fail",
    metric: percentage({ bad: apiMetric(api, "5xx"), whole: requests, label: "5xx in percent" }),
    atLeast: 5,
  });
  book.ring({
    id: "UnmeantErrors",
    says: "Functions meet errors that nobody meant, and answer 500",
    runbook: "Requests fail",
    metric: percentage({
      bad: ownMetric("UnmeantErrors"),
      whole: requests,
      label: "Unmeant errors in percent",
    }),
    atLeast: 1,
  });
  book.ring({
    id: "ApiLatency",
    says: "One request of a hundred takes three seconds or more",
    runbook: "Requests are slow",
    metric: apiMetric(api, "Latency", { statistic: "p99" }),
    atLeast: 3_000,
    periods: 3,
  });
}

function watchFunctions(book: AlarmBook, functions: Functions): void {
  for (const [name, handler] of functions) {
    const { id } = handler.node;
    const calls = handler.metricInvocations({ period: fiveMinutes });
    book.ring({
      id: `${id}Errors`,
      says: `functions/${name}.ts fails, or runs out of time or memory`,
      runbook: "A function fails",
      metric: percentage({
        bad: handler.metricErrors({ period: fiveMinutes }),
        whole: calls,
        label: `${name}: failed invocations in percent`,
      }),
      atLeast: 5,
    });
    book.ring({
      id: `${id}Throttles`,
      says: `Lambda refuses to run functions/${name}.ts`,
      runbook: "A function is throttled",
      metric: percentage({
        bad: handler.metricThrottles({ period: fiveMinutes }),
        whole: calls,
        label: `${name}: refused invocations in percent`,
      }),
      atLeast: 1,
    });
  }
}

function watchDatabase(book: AlarmBook): void {
  const requests = ownMetric("DynamoDbRequests");
  const watch = (id: string, metricName: string, says: string, atLeast: number): void => {
    const bad = ownMetric(metricName);
    const metric = percentage({ bad, whole: requests, label: `${says}, in percent` });
    book.ring({ id, says, runbook: "DynamoDB is busy", metric, atLeast, periods: 3, ofWhich: 2 });
  };
  watch("DatabaseThrottles", "DynamoDbThrottles", "DynamoDB throttles requests", 1);
  watch("DatabaseConflicts", "DynamoDbConflicts", "Transactions meet one another", 20);
  watch("TriedInVain", "TriedInVain", "Requests give up after trying again and again", 1);
}

function watchMoney(book: AlarmBook): void {
  const hour = { period: Duration.hours(1), statistic: "max" };
  /** One is too many; its metric has the name of the alarm. */
  const ring = (id: string, says: string, runbook: string): void => {
    book.ring({ id, says, runbook, metric: ownMetric(id), atLeast: 1 });
  };
  ring(
    "AmountMismatch",
    "A provider captured an amount or currency that is not the order's: it goes back",
    "A wrong amount was captured",
  );
  ring(
    "PaymentDisputed",
    "A payment is disputed: its provider wants an answer within days",
    "A payment is disputed",
  );
  const notDone = "A refund does not get done";
  ring("RefundRefused", "A provider refuses to pay money back, and nobody asks again", notDone);
  ring(
    "RefundFailed",
    "A refund failed after it was taken on: the shopper has no money yet",
    notDone,
  );
  ring(
    "UnreadablePaymentEvent",
    "A provider tells of money in a way that cannot be read",
    "A payment event cannot be read",
  );
  ring("ReconcilerDifferences", "A provider's books and ours differ", "The books differ");
  book.ring({
    id: "RefundsDueLong",
    says: "Money that should be back with a shopper is not, after ten tries over hours",
    runbook: notDone,
    metric: ownMetric("RefundAttempts", hour),
    atLeast: 10,
    // The pause between tries grows to six hours: each must still be in sight at the next.
    periods: 7,
    ofWhich: 1,
  });
}

/** What comes from providers, and whether they can be reached. */
function watchProviders(book: AlarmBook, functions: Functions): void {
  book.ring({
    id: "UntoldCapture",
    says: "Money came that no webhook told of: they are refused, switched off or lost",
    runbook: "Webhooks do not come",
    metric: percentage({
      bad: ownMetric("UntoldCapture", { period: Duration.hours(1) }),
      whole: ownMetric("OrdersPaid", { period: Duration.hours(1) }),
      // The first order of a new deployment is already a sign; in a busy shop a late webhook is none.
      atLeast: 1,
      period: Duration.hours(1),
      label: "Paid orders that no webhook told of, in percent",
    }),
    atLeast: 10,
  });
  book.ring({
    id: "BadSignatures",
    says: "Webhooks are refused for their signatures",
    runbook: "Webhooks are refused",
    metric: percentage({
      bad: ownMetric("BadSignatures"),
      whole: functions.get("payment-webhooks")!.metricInvocations({ period: fiveMinutes }),
      label: "Webhooks with a bad signature in percent",
    }),
    atLeast: 20,
  });
  book.ring({
    id: "CircuitOpen",
    says: "A payment provider failed so often that it is not asked any more",
    runbook: "A payment provider is down",
    metric: ownMetric("CircuitOpen"),
    atLeast: 3,
  });
}
