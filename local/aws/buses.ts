/** Stands in for EventBridge: buses with their rules and archives from the template, in memory. */
import { randomUUID } from "node:crypto";
import { ACCOUNT, localArn, REGION } from "../assembly/local-account.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import type { LocalFunctions } from "../lambda/functions.ts";
import { fitsPattern } from "./event-pattern.ts";
import { type AwsAnswer, awsError, type AwsRequest } from "./protocol.ts";
import type { Queues } from "./queues.ts";

/** An event as a bus hands it on. */
export interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly "detail-type": string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
  readonly "replay-name"?: string;
}

/** The buses of the template. */
export interface Buses {
  readonly names: readonly string[];
  findArn(name: string): string | undefined;
  /** Takes an event to every rule that it fits; false while the bus refuses, or where there is none. */
  put(bus: string, event: BusEvent): boolean;
  /** The latest events of all buses behind so many, the latest last, and how many there have been with them. */
  list(
    after: number,
    most: number,
  ): { readonly events: readonly BusEvent[]; readonly next: number };
  /** Sends what an archive has from an instant on to the rules once more, in its order; how many those were. */
  replay(fromMs: number): number;
  /** Refuses everything from now on, or takes it again. */
  refuse(isRefusing: boolean): void;
}

interface RuleProperties {
  readonly EventBusName?: string;
  readonly EventPattern?: Readonly<Record<string, unknown>>;
  readonly State?: string;
  readonly Targets?: readonly { readonly Arn: string }[];
}

interface ArchiveProperties {
  readonly SourceArn: string;
  readonly EventPattern?: Readonly<Record<string, unknown>>;
}

/** So many events are kept here; an archive on AWS keeps all. */
const mostKept = 10_000;

/** What a bus has taken. */
interface Taken {
  readonly bus: string;
  readonly event: BusEvent;
}

/** The latest of what was taken, numbered from the first that ever was. */
function createJournal() {
  const entries: Taken[] = [];
  let forgotten = 0;
  return {
    add(taken: Taken): void {
      entries.push(taken);
      if (entries.length <= mostKept) return;
      entries.shift();
      forgotten += 1;
    },
    /** So many at the most behind a number, and the number of the last of them. */
    list(after: number, most: number) {
      const first = Math.max(0, after - forgotten);
      const listed = entries.slice(first, first + most);
      return { entries: listed, next: forgotten + first + listed.length };
    },
  };
}

/** Makes the template's buses, empty. */
export function createBuses(
  template: TemplateResolver,
  { queues, functions }: { queues: Queues; functions: LocalFunctions },
): Buses {
  const named = template.resources<{ Name?: string }>("AWS::Events::EventBus");
  const names = named.map(({ properties, logicalId }) => properties.Name ?? logicalId);
  const rules = template.resources<RuleProperties>("AWS::Events::Rule");
  const archives = template.resources<ArchiveProperties>("AWS::Events::Archive");
  const makeArn = (name: string): string => localArn("events", `event-bus/${name}`);
  const find = (bus: string): string | undefined =>
    names.find((name) => name === bus || makeArn(name) === bus);
  const [kept, archived] = [createJournal(), createJournal()];
  let isRefusing = false;

  function deliver(bus: string, event: BusEvent): void {
    for (const { properties } of rules) {
      const { EventBusName, EventPattern = {}, State, Targets = [] } = properties;
      if (find(EventBusName ?? "default") !== bus || State === "DISABLED") continue;
      if (!fitsPattern(EventPattern, event)) continue;
      const text = JSON.stringify({ version: "0", account: ACCOUNT, region: REGION, ...event });
      for (const { Arn } of Targets) {
        if (queues.findArn(Arn) !== undefined) queues.send(Arn, text);
        else
          void functions
            .find(Arn)
            ?.invoke(text)
            .catch(() => undefined);
      }
    }
  }

  return {
    names,
    findArn: (name) => (find(name) === undefined ? undefined : makeArn(find(name)!)),
    put(given, event) {
      const bus = find(given);
      if (bus === undefined || isRefusing) return false;
      kept.add({ bus, event });
      const isArchived = archives.some(
        ({ properties: { SourceArn, EventPattern = {} } }) =>
          find(SourceArn) === bus && fitsPattern(EventPattern, event),
      );
      if (isArchived) archived.add({ bus, event });
      deliver(bus, event);
      return true;
    },
    list(after, most) {
      const { entries, next } = kept.list(after, most);
      return { events: entries.map(({ event }) => event), next };
    },
    replay(fromMs) {
      const again = archived
        .list(0, mostKept)
        .entries.filter(({ event }) => Date.parse(event.time) >= fromMs);
      const name = `replay-${randomUUID()}`;
      for (const { bus, event } of again) {
        const replayed = { ...event, "replay-name": name };
        kept.add({ bus, event: replayed });
        deliver(bus, replayed);
      }
      return again.length;
    },
    refuse(next) {
      isRefusing = next;
    },
  };
}

interface Entry {
  readonly EventBusName?: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Resources?: readonly string[];
  readonly Time?: number;
  readonly Detail: string;
}

/** Answers PutEvents. */
export function answerBusRequest({ operation, input }: AwsRequest, buses: Buses): AwsAnswer {
  if (operation !== "PutEvents") {
    return awsError("UnknownOperationException", `the local bus has no ${operation}`);
  }
  const { Entries } = input as { Entries: readonly Entry[] };
  const answers = Entries.map(({ EventBusName = "default", ...entry }) => {
    const event: BusEvent = {
      id: randomUUID(),
      source: entry.Source,
      "detail-type": entry.DetailType,
      time: new Date((entry.Time ?? Date.now() / 1000) * 1000).toISOString(),
      resources: entry.Resources ?? [],
      detail: JSON.parse(entry.Detail) as unknown,
    };
    const isTaken = buses.put(EventBusName, event);
    return isTaken
      ? { EventId: event.id }
      : { ErrorCode: "InternalFailure", ErrorMessage: "the bus takes nothing" };
  });
  const FailedEntryCount = answers.filter((answer) => "ErrorCode" in answer).length;
  return { status: 200, body: JSON.stringify({ FailedEntryCount, Entries: answers }) };
}
