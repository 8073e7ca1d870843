/** `npm run test-locks`: acquire and release, expiry, reservation, concurrency, statistics, over DynamoDB on this machine. */
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
} from "@aws-sdk/client-dynamodb";
import { startDynamoDbLocal } from "../local/database/dynamodb-local.ts";
import { ensureJava } from "../local/database/java.ts";
import { onStopRequest } from "../local/stop-request.ts";
import { createAtomicCache } from "../package/compat/atomic-cache.ts";
import { locksTable } from "../package/locks.ts";
import { trySubjects } from "./test-locks/subjects.ts";

const usage = `npm run test-locks [-- --endpoint URL]

  --endpoint URL   a DynamoDB Local that runs already (default: starts its own)

Tries item locks in a table of its own, which is gone afterwards. Exits with 1 when anything failed.`;

function parse() {
  const options = { endpoint: { type: "string" }, help: { type: "boolean" } } as const;
  return parseArgs({ options }).values;
}

/** Where DynamoDB answers, and how to be rid of it. */
async function openDatabase(endpoint: string | undefined, signal: AbortSignal) {
  if (endpoint !== undefined) return { endpoint, stop: async () => {} };
  await ensureJava((text) => console.log(text), signal);
  return startDynamoDbLocal();
}

async function testLocks(dynamodb: DynamoDBClientConfig): Promise<string[]> {
  const TableName = `test-locks-${randomUUID().slice(0, 8)}`;
  const client = new DynamoDBClient(dynamodb);
  try {
    await client.send(new CreateTableCommand(locksTable(TableName)));
    const cache = createAtomicCache({ table: TableName, dynamodb });
    return await trySubjects(cache, (line) => console.log(line));
  } finally {
    await client.send(new DeleteTableCommand({ TableName })).catch(() => undefined);
    client.destroy();
  }
}

async function tryAll(given: string | undefined, signal: AbortSignal): Promise<number> {
  const { endpoint, stop } = await openDatabase(given, signal);
  try {
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const failed = await testLocks({ endpoint, region: "local", credentials });
    console.log(failed.length === 0 ? "All of it works." : `Failed: ${failed.join(", ")}.`);
    return failed.length === 0 ? 0 : 1;
  } finally {
    await stop();
  }
}

async function main(): Promise<number> {
  const { endpoint, help } = parse();
  if (help) {
    console.log(usage);
    return 0;
  }
  const abort = new AbortController();
  const stopped = new Promise<number>((settle) => {
    onStopRequest(() => {
      abort.abort(new Error("stopped"));
      settle(1);
    });
  });
  return Promise.race([tryAll(endpoint, abort.signal), stopped]);
}

try {
  process.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
