/** What leaves: the stage's bus with its archive, and the function that hands events on to it. */
import { Duration } from "aws-cdk-lib";
import { Archive, EventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { FilterCriteria, FilterRule } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { outbox, type Tables } from "./data.ts";
import type { DeadRecords } from "./dead-letters.ts";
import type { Functions } from "./functions.ts";
import { type FunctionName, permissions } from "./permissions.ts";
import type { Permissions } from "./rights.ts";
import type { Settings } from "./settings/settings.ts";
import { followStream } from "./streams.ts";

/** What events are made from. */
export interface EventsProps {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly functions: Functions;
  readonly deadRecords: DeadRecords;
}

/** For how long the archive keeps events to be replayed; the table has them as long. */
const archiveTime = Duration.days(90);

/**
 * Creates the bus and its archive, and maps the stream of events to the function that puts them there and to the one
 * that feeds webhooks. Rules are their owner's: see docs/events.md.
 */
export function createEvents(scope: Construct, props: EventsProps): EventBus {
  const { settings, tables, functions, deadRecords } = props;
  const eventBusName = `holdfast-${settings.stage}`;
  const bus = new EventBus(scope, "EventBus", { eventBusName });
  new Archive(scope, "EventArchive", {
    sourceEventBus: bus,
    archiveName: eventBusName,
    description: "What happened in the shop, to be replayed",
    eventPattern: { source: ["holdfast"] },
    retention: archiveTime,
  });
  for (const [name, appFunction] of functions) {
    const { publishes }: Permissions = permissions[name as FunctionName];
    if (!publishes) continue;
    appFunction.addEnvironment("EVENT_BUS", bus.eventBusName);
    appFunction.addToRolePolicy(
      new PolicyStatement({ actions: ["events:PutEvents"], resources: [bus.eventBusArn] }),
    );
  }
  // New rows that are events: how far they have left is a row, too.
  const isEvent = FilterCriteria.filter({
    eventName: FilterRule.isEqual("INSERT"),
    dynamodb: { NewImage: { id: { S: FilterRule.exists() } } },
  });
  for (const [id, name] of [
    ["EventsOut", "event-bus"],
    ["WebhooksOut", "webhook-feed"],
  ] as const) {
    const follower = functions.get(name)!;
    const mapping = { filters: [isEvent] };
    followStream(scope, { id, table: tables[outbox], follower, deadRecords, mapping });
  }
  // A hint; what it was about is found by the sweep.
  functions.get("webhook-sender")!.forgetLateCalls("WebhookSenderCalls", Duration.seconds(60));
  return bus;
}
