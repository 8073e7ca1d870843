/** A change of a row that a later release has laid out is told by nobody who cannot read it: it comes again, and others with it. */
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Context, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { expect, test } from "vitest";
import { createEventHandler } from "../../../functions/runtime/event-stream.ts";
import { createStreamHandler } from "../../../functions/runtime/stream.ts";
import type { Row } from "../../../shared/table/write.ts";

const context = { getRemainingTimeInMillis: () => 10_000, awsRequestId: "r1" } as Context;

function recordOf(sequence: number, before: Row | undefined, after: Row | undefined) {
  const images = {
    ...(before && { OldImage: marshall(before) }),
    ...(after && { NewImage: marshall(after) }),
  };
  const dynamodb = { SequenceNumber: String(sequence), Keys: marshall({ itemId: "mug" }) };
  return { eventID: `e${sequence}`, dynamodb: { ...dynamodb, ...images } } as DynamoDBRecord;
}

const known = { itemId: "mug", schemaVersion: 2 };
const later = { itemId: "mug", schemaVersion: 3 };
const batches: readonly (readonly [string, Row | undefined, Row | undefined])[] = [
  ["made", undefined, later],
  ["changed", known, later],
  ["laid out as before", later, known],
  ["removed", later, undefined],
];

test.each(batches)(
  "one that was %s is told by nobody, and what came before it is",
  async (_, ...images) => {
    const told: string[] = [];
    const handler = createStreamHandler({
      work: async ({ sequence }) => {
        told.push(sequence);
        return [];
      },
      record: async () => ({ failed: [] }),
      count: async () => {},
      announce: async () => {},
    });
    const event: DynamoDBStreamEvent = {
      Records: [recordOf(1, undefined, known), recordOf(2, ...images)],
    };
    expect(await handler(event, context)).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }] });
    expect(told).toEqual(["1"]);
  },
);

test("an event of a later release stays where it is", async () => {
  const handed: unknown[] = [];
  const handler = createEventHandler("event-bus", async (events) => {
    handed.push(...events);
    return [];
  });
  const event = { Records: [recordOf(1, undefined, { ...later, id: "evt_1" })] };
  await expect(handler(event, context)).rejects.toThrow("A row has layout 3");
  expect(handed).toEqual([]);
});
