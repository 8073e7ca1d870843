/** What leaves: the stage's bus with its archive, and the function that hands events on to it. */
import { Duration } from "aws-cdk-lib";
import { Archive, EventBus, type IEventBus } from "aws-cdk-lib/aws-events";
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
  /** A bus of the owner's own, instead of one for the stage. */
  readonly own: IEventBus | undefined;
}

/** For how long the archive keeps events to be replayed; the table has them as long. */
const archiveTime = Duration.days(90);

/**
 * Creates the bus and its archive unless there is one already, and maps the stream of events to the function that puts
 * them there and to the one that feeds webhooks. Rules are their owner's: see docs/events.md.
 */
export function createEvents(scope: Construct, props: EventsProps): IEventBus {
  const { tables, functions, deadRecords } = props;
  const bus = props.own ?? createBus(scope, props.settings);
  for (const [name, appFunction] of functions) {
    const { publishes }: Permissions = permissions[name as FunctionName];
    if (!publishes) continue;
    // By its name a bus of another account would not be found.
    appFunction.addEnvironment("EVENT_BUS", props.own ? bus.eventBusArn : bus.eventBusName);
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

function createBus(scope: Construct, { stage }: Settings): IEventBus {
  const eventBusName = `holdfast-${stage}`;
  const bus = new EventBus(scope, "EventBus", { eventBusName });
  new Archive(scope, "EventArchive", {
    sourceEventBus: bus,
    archiveName: eventBusName,
    description: "What happened in the shop, to be replayed",
    eventPattern: { source: ["holdfast"] },
    retention: archiveTime,
  });
  return bus as IEventBus;
}
