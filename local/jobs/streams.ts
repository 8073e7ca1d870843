/** Lambda's event source mappings on table streams: collects records into batches and hands them to the function. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { makeStreamArn } from "../assembly/resource-values.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import { fitsPattern } from "../aws/event-pattern.ts";
import type { Buckets } from "../aws/buckets.ts";
import type { Permissions } from "../aws/permissions.ts";
import type { Queues } from "../aws/queues.ts";
import type { DynamoDbConnection } from "../database/dynamodb-client.ts";
import type { LocalTable } from "../database/tables.ts";
import type { LocalFunction, LocalFunctions } from "../lambda/functions.ts";
import { deliver, type DeliveryRules } from "./batch-delivery.ts";
import { failureNote, lambdaRecord } from "./stream-records.ts";
import { type Checkpoints, createStreamReader, type WireRecord } from "./stream-reader.ts";

interface MappingProperties {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly Enabled?: boolean;
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly StartingPosition?: "TRIM_HORIZON" | "LATEST";
  readonly BisectBatchOnFunctionError?: boolean;
  readonly FunctionResponseTypes?: string[];
  readonly MaximumRetryAttempts?: number;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern: string }[] };
  readonly DestinationConfig?: { OnFailure?: { Destination?: string } };
}

/** The pollers of all mappings. */
export interface Streams {
  /** Says that a table was written to, so that its poller looks at once. */
  wake(tableArn: string): void;
  /** Settles when the records that are on their way to a function have arrived. */
  stop(): Promise<void>;
}

/** What the pollers work with. */
export interface StreamParts {
  readonly template: TemplateResolver;
  readonly tables: LocalTable[];
  readonly dynamoDb: DynamoDbConnection;
  readonly functions: LocalFunctions;
  readonly permissions: Permissions;
  readonly queues: Queues;
  readonly buckets: Buckets;
  readonly checkpoints: Record<string, Checkpoints>;
  onProgress(): void;
  report(text: string): void;
  /** How old the newest record of a batch was when its function got it. */
  onBatch(functionLogicalId: string, ageMs: number): void;
}

/** A poller with nothing to do asks this often; a write through the local AWS address wakes it at once. */
const IDLE_MS = 1000;

/** How long stopping waits for functions that are at work on a batch. */
const STOP_LIMIT_MS = 3000;

/** The most that GetRecords gives. */
const MOST_RECORDS = 1000;

const NEEDED = ["DescribeStream", "GetRecords", "GetShardIterator"];

function parseRules(properties: MappingProperties): DeliveryRules {
  return {
    bisectOnError: properties.BisectBatchOnFunctionError ?? false,
    reportsItemFailures: (properties.FunctionResponseTypes ?? []).includes(
      "ReportBatchItemFailures",
    ),
    maximumRetries: properties.MaximumRetryAttempts ?? -1,
    maximumAgeSeconds: properties.MaximumRecordAgeInSeconds ?? -1,
  };
}

/** A queue gets the note of where the records are, a bucket also the records. */
async function putAside(
  arn: string,
  handler: LocalFunction,
  note: object,
  records: readonly WireRecord[],
  { permissions, queues, buckets }: StreamParts,
): Promise<void> {
  if (!arn.startsWith("arn:aws:s3:")) {
    if (await permissions.allows(handler.roleArn, "sqs:SendMessage", arn)) {
      queues.send(arn, JSON.stringify(note));
    }
    return;
  }
  const key = `aws/lambda/${handler.name}/${randomUUID()}`;
  if (!(await permissions.allows(handler.roleArn, "s3:PutObject", `${arn}/${key}`))) return;
  const payload = JSON.stringify({ Records: records });
  buckets.put(arn, key, JSON.stringify({ ...note, payload }));
}

/** One mapping at work: who gets the records of which table. */
interface Mapping {
  readonly properties: MappingProperties;
  readonly handler: LocalFunction;
  readonly table: LocalTable;
  readonly parts: StreamParts;
}

/** The records that the function is to see; a mapping without filters takes all. */
function passing(records: WireRecord[], { FilterCriteria }: MappingProperties): WireRecord[] {
  const patterns = (FilterCriteria?.Filters ?? []).map(
    ({ Pattern }) => JSON.parse(Pattern) as Record<string, unknown>,
  );
  if (patterns.length === 0) return records;
  return records.filter((record) => patterns.some((pattern) => fitsPattern(pattern, record)));
}

/** Hands one batch to the function, by the mapping's rules; what it gives up is reported and put aside. */
async function deliverBatch(
  { properties, handler, table, parts }: Mapping,
  shardId: string,
  batch: readonly WireRecord[],
  hasStopped: () => boolean,
): Promise<void> {
  const streamArn = properties.EventSourceArn;
  const destination = properties.DestinationConfig?.OnFailure?.Destination;
  const all = batch.map((record) => lambdaRecord(record, streamArn));
  const records = passing(all, properties);
  await deliver(records, parseRules(properties), {
    invoke(some) {
      const newest = some.at(-1)!.dynamodb.ApproximateCreationDateTime;
      parts.onBatch(handler.logicalId, Date.now() - newest * 1000);
      return handler.invoke(JSON.stringify({ Records: some }));
    },
    hasStopped,
    async giveUp(some, condition, attempts) {
      parts.report(`${handler.name} gave up ${some.length} records of ${table.name}: ${condition}`);
      const given = { functionArn: handler.arn, streamArn, shardId, condition, attempts };
      if (!destination) return;
      await putAside(destination, handler, failureNote(some, given), some, parts);
    },
  });
}

/** Follows one stream until it is stopped. */
function startPoller(mapping: Mapping) {
  const { properties, table, parts } = mapping;
  const reader = createStreamReader({
    dynamoDb: parts.dynamoDb,
    streamArn: table.streamArn!,
    start: properties.StartingPosition ?? "LATEST",
    checkpoints: (parts.checkpoints[table.streamArn!] ??= {}),
  });
  const batchSize = properties.BatchSize ?? 100;
  const windowMs = (properties.MaximumBatchingWindowInSeconds ?? 0) * 1000;
  const stopping = new AbortController();
  const hasStopped = () => stopping.signal.aborted;
  let wake = () => {};

  async function pause(ms: number): Promise<void> {
    const interrupted = new Promise<void>((settle) => (wake = settle));
    await Promise.race([sleep(ms, undefined, { ref: false }), interrupted]);
  }

  async function deliverAll(shardId: string, records: WireRecord[]): Promise<void> {
    for (let start = 0; start < records.length && !hasStopped(); start += batchSize) {
      const batch = records.slice(start, start + batchSize);
      await deliverBatch(mapping, shardId, batch, hasStopped);
      if (hasStopped()) return;
      reader.checkpoint(shardId, batch.at(-1)!.dynamodb.SequenceNumber);
      parts.onProgress();
    }
  }

  /** Waits, within the batching window, for more records to fill the batch. */
  async function collect(first: { shardId: string; records: WireRecord[] }): Promise<void> {
    const deadlineMs = Date.now() + windowMs;
    const { shardId, records } = first;
    while (records.length < batchSize && Date.now() < deadlineMs && !hasStopped()) {
      await sleep(Math.min(100, windowMs), undefined, { ref: false });
      const more = await reader.read(MOST_RECORDS);
      if (more.records.length > 0 && more.shardId !== shardId) {
        await deliverAll(shardId, records);
        return collect(more);
      }
      records.push(...more.records);
    }
    await deliverAll(shardId, records);
  }

  async function run(): Promise<void> {
    while (!hasStopped()) {
      try {
        const next = await reader.read(MOST_RECORDS);
        if (next.records.length > 0) await collect(next);
        else await pause(IDLE_MS);
      } catch (error) {
        if (!hasStopped()) parts.report(`stream of ${table.name}: ${String(error)}`);
        await pause(IDLE_MS);
      }
    }
  }

  const running = run();
  return {
    wake: () => wake(),
    async stop() {
      stopping.abort();
      wake();
      await running;
    },
  };
}

/**
 * Starts a poller for every mapping of the template.
 * @throws Error when a mapping asks for what this runner cannot do, or its role may not read the stream.
 */
export async function startStreams(parts: StreamParts): Promise<Streams> {
  const { template, tables, functions, permissions } = parts;
  const pollers = new Map<string, ReturnType<typeof startPoller>[]>();
  const mappings = template.resources<MappingProperties>("AWS::Lambda::EventSourceMapping");
  for (const { logicalId, properties } of mappings) {
    if (properties.Enabled === false) continue;
    const handler = functions.find(properties.FunctionName);
    const table = tables.find(({ name }) => makeStreamArn(name) === properties.EventSourceArn);
    if (!handler || !table?.streamArn) {
      throw new Error(
        `${logicalId}: ${properties.EventSourceArn} is not the stream of a table here`,
      );
    }
    const source = properties.EventSourceArn;
    for (const action of NEEDED) {
      if (!(await permissions.allows(handler.roleArn, `dynamodb:${action}`, source))) {
        throw new Error(`${logicalId}: the role of ${handler.name} lacks dynamodb:${action} on it`);
      }
    }
    const poller = startPoller({ properties, handler, table, parts });
    const tableArn = properties.EventSourceArn.replace(/\/stream\/.*$/u, "");
    pollers.set(tableArn, [...(pollers.get(tableArn) ?? []), poller]);
  }
  return {
    wake(tableArn) {
      for (const poller of pollers.get(tableArn) ?? []) poller.wake();
    },
    async stop() {
      const stopping = [...pollers.values()].flat().map((poller) => poller.stop());
      // A function that hangs is ended with all others right after this.
      await Promise.race([Promise.all(stopping), sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    },
  };
}
