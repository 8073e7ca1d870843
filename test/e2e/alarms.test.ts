/** A shop that answers nothing but 500s is heard: the stack's own alarms, over what was measured here. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" }, alarmSpeed: 60 });
});
afterAll(() => server.stop());

const ringing = (): string[] =>
  server.alarms
    .look()
    .filter(({ state, actions }) => state === "ALARM" && actions.length > 0)
    .map(({ name }) => name);

test("a total outage of 500s raises, though every error became an answer", async () => {
  const read = () => server.call("GET /orders/ord_none", { as: "alice" });
  await read();
  expect(ringing()).toEqual([]);
  const { name } = server.tables.find(({ logicalId }) => logicalId.startsWith("Orders"))!;
  const client = new DynamoDBClient({
    endpoint: server.dynamoDbEndpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  await client.send(new DeleteTableCommand({ TableName: name }));
  client.destroy();
  const answers = await Promise.all(Array.from({ length: 5 }, read));
  expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500]);
  expect(ringing().toSorted()).toEqual(["ApiFailures", "UnmeantErrors"]);
});

test("webhooks that nobody signed raise, and write nothing", async () => {
  const forged = () => server.call("POST /webhooks/stripe", { body: "{}" });
  const answers = await Promise.all(Array.from({ length: 4 }, forged));
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  expect(ringing()).toContain("BadSignatures");
});
