/** A change of an item as its table's stream tells it, freed from the wire format. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { type EpochMs, epochMs } from "../base/time.ts";
import { knownRow } from "./layout.ts";
import type { Key, Row } from "./write.ts";

/** A stream record as Lambda hands it over, as far as it is used here. */
export interface StreamRecord {
  readonly eventID?: string;
  readonly eventName?: "INSERT" | "MODIFY" | "REMOVE";
  readonly userIdentity?: { readonly principalId?: string; readonly type?: string };
  readonly dynamodb?: {
    readonly ApproximateCreationDateTime?: number;
    readonly SequenceNumber?: string;
    readonly Keys?: object;
    readonly OldImage?: object;
    readonly NewImage?: object;
  };
}

/** One change of one item: what it was before and is after, in the order of the stream. */
export interface ItemChange {
  readonly eventId: string;
  /** Grows from change to change of the same item; digits, to be compared by length first. */
  readonly sequence: string;
  readonly key: Key;
  readonly before?: Row;
  readonly after?: Row;
  /** When the stream noticed it, in whole seconds. */
  readonly atMs: EpochMs;
  /** DynamoDB itself deleted the item because its time had come. */
  readonly byTtl: boolean;
}

function parseRow(image: object | undefined): Row | undefined {
  return knownRow(image && unmarshall(image as Record<string, AttributeValue>));
}

/**
 * The change that a record tells.
 *
 * @throws Error when the record is not one of a table's stream; LayoutUnknown when it tells of a later release's row
 */
export function parseItemChange(record: StreamRecord): ItemChange {
  const { eventID, dynamodb, userIdentity } = record;
  const { SequenceNumber, Keys, OldImage, NewImage } = dynamodb ?? {};
  if (!eventID || !SequenceNumber || !Keys) throw new Error("This is no record of a stream");
  const before = parseRow(OldImage);
  const after = parseRow(NewImage);
  return {
    eventId: eventID,
    sequence: SequenceNumber,
    key: parseRow(Keys) as Key,
    ...(before && { before }),
    ...(after && { after }),
    atMs: epochMs((dynamodb?.ApproximateCreationDateTime ?? 0) * 1000),
    byTtl: userIdentity?.principalId === "dynamodb.amazonaws.com",
  };
}
