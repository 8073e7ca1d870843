/** Reads one DynamoDB stream from its shards, parents before children, and remembers how far it got. */
import { type DynamoDbConnection, DynamoDbFailure } from "../database/dynamodb-client.ts";

/** A record in the wire format of DynamoDB Streams. */
export interface WireRecord {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventVersion: string;
  readonly dynamodb: {
    SequenceNumber: string;
    ApproximateCreationDateTime: number;
    [field: string]: unknown;
  };
  readonly userIdentity?: {
    PrincipalId?: string;
    Type?: string;
    principalId?: string;
    type?: string;
  };
}

/** How far each shard was read: the last sequence number that was dealt with. */
export type Checkpoints = Record<string, string>;

/** A stream that is being read. */
export interface StreamReader {
  /** The next records of the oldest shard that has any; empty when there is nothing new. */
  read(limit: number): Promise<{ shardId: string; records: WireRecord[] }>;
  /** Says that everything up to this record was dealt with. */
  checkpoint(shardId: string, sequenceNumber: string): void;
}

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

interface StreamPage {
  readonly StreamDescription: { Shards?: Shard[]; LastEvaluatedShardId?: string };
}

/** New shards appear when old ones close; now and then somebody has to look. */
const LOOK_AGAIN_MS = 30_000;

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof DynamoDbFailure && codes.includes(error.code);
}

async function listShards(dynamoDb: DynamoDbConnection, streamArn: string): Promise<Shard[]> {
  const found: Shard[] = [];
  let last: string | undefined;
  do {
    const { StreamDescription: page } = await dynamoDb.call<StreamPage>("DescribeStream", {
      StreamArn: streamArn,
      ...(last && { ExclusiveStartShardId: last }),
    });
    found.push(...(page.Shards ?? []));
    last = page.LastEvaluatedShardId;
  } while (last);
  return found;
}

/** Makes a reader that starts behind the checkpoints, or else at the given end of the stream. */
export function createStreamReader({
  dynamoDb,
  streamArn,
  start,
  checkpoints,
}: {
  dynamoDb: DynamoDbConnection;
  streamArn: string;
  start: "TRIM_HORIZON" | "LATEST";
  checkpoints: Checkpoints;
}): StreamReader {
  let shards: Shard[] = [];
  let lookedAtMs = 0;
  const iterators = new Map<string, string>();
  const finished = new Set<string>();

  async function fetchIterator(shardId: string, isFirst: boolean): Promise<string> {
    const known = iterators.get(shardId);
    if (known) return known;
    const after = checkpoints[shardId];
    const { ShardIterator } = await dynamoDb.call<{ ShardIterator: string }>("GetShardIterator", {
      StreamArn: streamArn,
      ShardId: shardId,
      ...(after
        ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: after }
        : { ShardIteratorType: isFirst ? start : "TRIM_HORIZON" }),
    });
    iterators.set(shardId, ShardIterator);
    return ShardIterator;
  }

  async function readShard(shardId: string, isFirst: boolean, limit: number) {
    try {
      const page = await dynamoDb.call<{ Records: WireRecord[]; NextShardIterator?: string }>(
        "GetRecords",
        { ShardIterator: await fetchIterator(shardId, isFirst), Limit: limit },
      );
      if (page.NextShardIterator) iterators.set(shardId, page.NextShardIterator);
      else finished.add(shardId);
      return page.Records;
    } catch (error) {
      // Old positions are forgotten after a while: the next read starts from the checkpoint again.
      if (!isCode(error, "ExpiredIteratorException", "TrimmedDataAccessException")) throw error;
      iterators.delete(shardId);
      if (isCode(error, "TrimmedDataAccessException")) delete checkpoints[shardId];
      return [];
    }
  }

  return {
    async read(limit) {
      const open = shards.filter(({ ShardId }) => !finished.has(ShardId));
      if (open.length === 0 || Date.now() - lookedAtMs > LOOK_AGAIN_MS) {
        shards = await listShards(dynamoDb, streamArn);
        lookedAtMs = Date.now();
      }
      const known = new Set(shards.map(({ ShardId }) => ShardId));
      for (const { ShardId, ParentShardId } of shards) {
        const isFirst = ParentShardId === undefined || !known.has(ParentShardId);
        if (finished.has(ShardId) || !(isFirst || finished.has(ParentShardId))) continue;
        const records = await readShard(ShardId, isFirst, limit);
        if (records.length > 0) return { shardId: ShardId, records };
      }
      return { shardId: "", records: [] };
    },
    checkpoint(shardId, sequenceNumber) {
      checkpoints[shardId] = sequenceNumber;
    },
  };
}
