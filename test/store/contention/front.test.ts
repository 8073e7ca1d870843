/** The contention model in front of DynamoDB Local: the real SDK meets the service's refusals, the data stays right. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type ContentionFront, createContentionFront } from "../../../local/contention/front.ts";
import { type ContentionSettings, defaultContention } from "../../../local/contention/settings.ts";
import {
  connectDynamoDb,
  type DynamoDbConnection,
} from "../../../local/database/dynamodb-client.ts";
import { parseFailure } from "../../../shared/table/failures.ts";
import { localClientSettings } from "../../support/tables.ts";

const TableName = `contention-${randomUUID()}`;
/** Longer than anything this machine may take in between. */
const busyMs = 1_500;
const exactly = (medianMs: number) => ({ medianMs, p99Ms: medianMs });
const settings: ContentionSettings = {
  ...defaultContention,
  busy: exactly(busyMs),
  cancel: exactly(0),
  way: exactly(0),
  read: exactly(0),
  write: exactly(0),
  // No bucket fills again while a test looks at it.
  partitionWriteUnits: 0.001,
  partitionReadUnits: 0.001,
  burstSeconds: 20_000,
};

let dynamoDb: DynamoDbConnection;
let front: ContentionFront;
let server: Server;
let client: DynamoDBDocumentClient;

/** An SDK client whose requests go through the front. */
async function connect(): Promise<void> {
  server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const target = String(incoming.headers["x-amz-target"]);
    const { status, body } = await front.forward(target, Buffer.concat(chunks));
    outgoing.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(body);
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bare = new DynamoDBClient({ ...localClientSettings(endpoint), maxAttempts: 1 });
  client = DynamoDBDocumentClient.from(bare);
}

beforeAll(async () => {
  dynamoDb = connectDynamoDb(inject("dynamoDbEndpoint"));
  const key = (name: string, type: "HASH" | "RANGE") => ({ AttributeName: name, KeyType: type });
  await dynamoDb.call("CreateTable", {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [key("id", "HASH")],
    AttributeDefinitions: [
      { AttributeName: "id", AttributeType: "S" },
      { AttributeName: "group", AttributeType: "S" },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: "byGroup",
        KeySchema: [key("group", "HASH")],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  });
  front = await createContentionFront(dynamoDb, [{ name: TableName }], settings);
  await connect();
});

afterAll(async () => {
  client.destroy();
  server.close();
  await dynamoDb.call("DeleteTable", { TableName });
  dynamoDb.close();
});

const counting = (id: string) => ({
  TableName,
  Key: { id },
  UpdateExpression: "SET n = if_not_exists(n, :zero) + :one",
  ExpressionAttributeValues: { ":zero": 0, ":one": 1 },
});

const transact = (...ids: string[]) =>
  client.send(
    new TransactWriteCommand({ TransactItems: ids.map((id) => ({ Update: counting(id) })) }),
  );

async function errorOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error("It was let in");
  return outcome as Error & Record<string, unknown>;
}

async function count(id: string): Promise<unknown> {
  const { Item } = await client.send(new GetCommand({ TableName, Key: { id } }));
  return Item?.["n"];
}

describe("while a transaction is under way", () => {
  test("another one and a plain write are refused as the SDK knows it, and the product retries both @long", async () => {
    const { requests } = front.model.counts();
    const first = transact("a", "b");
    while (front.model.counts().requests === requests) await sleep(5);
    const second = await errorOf(transact("c", "a"));
    expect(second).toMatchObject({
      name: "TransactionCanceledException",
      CancellationReasons: [{ Code: "None" }, { Code: "TransactionConflict" }],
    });
    const plain = await errorOf(client.send(new UpdateCommand(counting("b"))));
    expect(plain.name).toBe("TransactionConflictException");
    expect([second, plain].map(parseFailure)).toMatchObject([{ kind: "busy" }, { kind: "busy" }]);
    expect(await count("c")).toBeUndefined();
    await first;
    await client.send(new UpdateCommand(counting("b")));
    expect([await count("a"), await count("b")]).toEqual([1, 2]);
  });

  test("its answer comes when the items are free again @long", async () => {
    const startedMs = performance.now();
    await transact("timed");
    expect(performance.now() - startedMs).toBeGreaterThan(busyMs - 10);
  });

  test("a transaction whose condition fails is told so, and its item stays free", async () => {
    const Update = { ...counting("free"), ConditionExpression: "attribute_exists(never)" };
    const refused = await errorOf(
      client.send(new TransactWriteCommand({ TransactItems: [{ Update }] })),
    );
    expect(refused).toMatchObject({ CancellationReasons: [{ Code: "ConditionalCheckFailed" }] });
    await client.send(new UpdateCommand(counting("free")));
  });
});

describe("capacity", () => {
  /** The bucket holds 20 units: a row of 19 KB leaves one of them. */
  const heavy = (id: string) =>
    client.send(new PutCommand({ TableName, Item: { id, filling: "x".repeat(18_900) } }));

  test("what items weigh is charged, and the partition that has nothing left throttles", async () => {
    await heavy("heavy");
    await client.send(new UpdateCommand(counting("heavy")));
    const throttled = await errorOf(client.send(new UpdateCommand(counting("heavy"))));
    expect(throttled.name).toBe("ThrottlingException");
    expect(parseFailure(throttled)).toMatchObject({ kind: "busy" });
    await client.send(new UpdateCommand(counting("light")));
    expect(await count("heavy")).toBe(1);
  });

  test("of a batch the throttled keys are left over for the SDK to ask again", async () => {
    const get = (id: string) => new GetCommand({ TableName, Key: { id }, ConsistentRead: true });
    for (let unit = 0; unit < 20; unit += 1) await client.send(get("read-often"));
    await client.send(new UpdateCommand(counting("seldom")));
    const Keys = [{ id: "read-often" }, { id: "seldom" }];
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }),
    );
    expect(Responses?.[TableName]).toEqual([{ id: "seldom", n: 1 }]);
    expect(UnprocessedKeys?.[TableName]?.Keys).toEqual([{ id: "read-often" }]);
  });

  test("an index that is behind throttles the writes to its group", async () => {
    const own = { ...settings, indexBacklogUnits: 2 };
    front = await createContentionFront(dynamoDb, [{ name: TableName }], own);
    const put = (id: string) =>
      client.send(new PutCommand({ TableName, Item: { id, group: "crowded" } }));
    for (let index = 0; index < 22; index += 1) await put(`grouped-${index}`);
    expect((await errorOf(put("one-more"))).name).toBe("ThrottlingException");
    expect(front.model.counts()).toMatchObject({ behindIndex: 1 });
    const { Count } = await client.send(
      new QueryCommand({
        TableName,
        IndexName: "byGroup",
        KeyConditionExpression: "#group = :group",
        ExpressionAttributeNames: { "#group": "group" },
        ExpressionAttributeValues: { ":group": "crowded" },
      }),
    );
    expect(Count).toBe(22);
  });
});

test("requests to other tables pass through untouched", async () => {
  const other = await errorOf(
    client.send(new GetCommand({ TableName: "nowhere", Key: { id: "a" } })),
  );
  expect(other.name).toBe("ResourceNotFoundException");
});
