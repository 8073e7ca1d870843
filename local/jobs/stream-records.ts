/** Writes stream records the way Lambda hands them over, and the note that it leaves about those it gave up. */
import { randomUUID } from "node:crypto";
import { REGION } from "../assembly/local-account.ts";
import type { WireRecord } from "./stream-reader.ts";

type AttributeValue = { M?: Record<string, AttributeValue>; L?: AttributeValue[] };

/** DynamoDB Local writes an empty map as `{}` in its streams, where DynamoDB writes `{"M":{}}`. */
function restoreEmptyMaps(value: AttributeValue): AttributeValue {
  if (value.M) return { M: restoreImage(value.M) };
  if (value.L) return { L: value.L.map(restoreEmptyMaps) };
  return Object.keys(value).length === 0 ? { M: {} } : value;
}

function restoreImage(image: Record<string, AttributeValue>): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(image).map(([name, value]) => [name, restoreEmptyMaps(value)]),
  );
}

/** A record as Lambda hands it over. */
export function lambdaRecord(record: WireRecord, eventSourceARN: string): WireRecord {
  const { userIdentity, dynamodb, ...rest } = record;
  const images = ["NewImage", "OldImage"].filter((name) => dynamodb[name]);
  const restored = images.map((name) => [
    name,
    restoreImage(dynamodb[name] as Record<string, AttributeValue>),
  ]);
  return {
    ...rest,
    dynamodb: { ...dynamodb, ...(Object.fromEntries(restored) as object) },
    eventSource: "aws:dynamodb",
    awsRegion: REGION,
    eventSourceARN,
    ...(userIdentity && {
      userIdentity: {
        principalId: userIdentity.PrincipalId ?? userIdentity.principalId ?? "",
        type: userIdentity.Type ?? userIdentity.type ?? "",
      },
    }),
  } as WireRecord;
}

/** Which records were given up, and why. */
export interface GivenUp {
  readonly functionArn: string;
  readonly streamArn: string;
  readonly shardId: string;
  readonly condition: string;
  readonly attempts: number;
}

/** What Lambda writes to the on-failure destination: where the records are. Only a bucket gets the records, too. */
export function failureNote(records: WireRecord[], given: GivenUp): object {
  const first = records[0]!.dynamodb;
  const last = records.at(-1)!.dynamodb;
  const arrival = (seconds: number) => new Date(seconds * 1000).toISOString();
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: given.functionArn,
      condition: given.condition,
      approximateInvokeCount: given.attempts,
    },
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    version: "1.0",
    timestamp: new Date().toISOString(),
    DDBStreamBatchInfo: {
      shardId: given.shardId,
      startSequenceNumber: first.SequenceNumber,
      endSequenceNumber: last.SequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first.ApproximateCreationDateTime),
      approximateArrivalOfLastRecord: arrival(last.ApproximateCreationDateTime),
      batchSize: records.length,
      streamArn: given.streamArn,
    },
  };
}
