/** What `holdfast/locks` makes: each maker brings what it needs and no more, and does what its page says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, inject, test } from "vitest";
import {
  createLocks,
  createLockService,
  lockRequestsTable,
  locksTable,
} from "../../package/locks.ts";
import { readPage } from "../support/docs/blocks.ts";
import { localClientSettings } from "../support/tables.ts";
import { bundleOf } from "./bundle-of.ts";
import { root } from "./packed.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
};

describe("a bundle has of locks what is imported", () => {
  // The SDK brings the handler of HTTP by itself.
  const peers = [...Object.keys(manifest.peerDependencies), "@smithy/node-http-handler"];
  const row = /^\| `(\w+(?:, \w+)*)` +\|.*\| ([\d.]+) KB +\| ([\d.]+) KB +\|$/gm;
  const told = [...readPage("docs/package.md").matchAll(row)].map(
    ([, names = "", most, gzipped]) => [names, Number(most), Number(gzipped)] as const,
  );

  test("the page tells it of each maker", () => {
    expect(told.map(([names]) => names)).toEqual([
      "createLocks",
      "createLocks, locksTable",
      "createLocks, createLockList",
      "createLockService",
    ]);
  });

  test.each(told)("%s: at most %d KB minified, %d KB gzipped", async (names, most, gzipped) => {
    const found = await bundleOf("locks", peers, names);
    expect(found.bytes / 1_024).toBeLessThanOrEqual(most);
    expect(found.gzipped / 1_024).toBeLessThanOrEqual(gzipped);
    // What has become smaller is told as well.
    expect(found.bytes / 1_024).toBeGreaterThan(0.95 * most);
    expect(found.gzipped / 1_024).toBeGreaterThan(0.9 * gzipped);
  });

  test("plain locks bring the SDK's own packages alone", async () => {
    const { packages } = await bundleOf("locks", ["*"], "createLocks");
    expect(packages.filter((name) => !name.startsWith("@aws-sdk/"))).toEqual([]);
  });
});

test("a key needs a table to be remembered in, and works with it", async () => {
  const endpoint = inject("dynamoDbEndpoint");
  const connection = { dynamodb: localClientSettings(endpoint) };
  const [table, requestsTable] = ["package-locks", "package-requests"];
  const client = new DynamoDBClient(connection.dynamodb);
  for (const input of [locksTable(table), lockRequestsTable(requestsTable)]) {
    await client.send(new CreateTableCommand(input));
  }
  const [bare, whole] = [
    createLockService({ table, ...connection }),
    createLockService({ table, requestsTable, ...connection }),
  ];
  const lock = await bare.acquire({ resource: "report", owner: { userId: "ann" } });
  const release = { ...lock, idempotencyKey: "k" };
  await expect(bare.release(release)).rejects.toThrow("Say what the table Requests is called");
  await whole.release(release);
  // The same request again is the same release.
  await whole.release(release);
  client.destroy();
});

test("a lock is proved in somebody's own transaction, which fails when it is lost", async () => {
  const connection = { dynamodb: localClientSettings(inject("dynamoDbEndpoint")) };
  const table = "package-proofs";
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(connection.dynamodb));
  await client.send(new CreateTableCommand(locksTable(table)));
  const locks = createLocks({ table, ...connection });
  const lock = await locks.acquire({ resource: "report", owner: { userId: "ann" } });
  const Put = { TableName: table, Item: { resource: "what is protected" } };
  const save = () =>
    client.send(new TransactWriteCommand({ TransactItems: [...locks.checkItems(lock), { Put }] }));
  await save();
  await locks.release(lock);
  await expect(save()).rejects.toThrow("ConditionalCheckFailed");
  client.destroy();
});

test("of a tree lock each name above is proved as well", () => {
  const owner = { userId: "ann" };
  const tree = { resource: "shelf/9", owner, scope: "tree" as const };
  const checks = createLockService({ table: "any" }).checkItems(tree);
  expect(checks).toMatchObject(
    ["shelf/9", "shelf"].map((resource) => ({
      ConditionCheck: { TableName: "any", Key: { resource } },
    })),
  );
});

test("limits are not ignored by what counts nothing", () => {
  expect(() => createLocks({ table: "any", limits: {} } as never)).toThrow("createLockService");
});
