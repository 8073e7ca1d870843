/**
 * Acquire and release, side by side: ours, a bare conditional put and delete, and two published lock
 * clients, in one run on one DynamoDB Local. `node bench/locks.ts [engines] [rounds]` prints and keeps the result.
 */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import {
  DeleteCommand,
  DynamoDBDocument,
  type DynamoDBDocumentClient,
  PutCommand,
} from "@aws-sdk/lib-dynamodb";
import { startDynamoDbLocal } from "../local/database/dynamodb-local.ts";
import { createDocumentClient } from "../shared/table/client.ts";
import { newMeter, runOperation } from "../shared/table/operation.ts";
import { createTables, localClientSettings } from "../test/support/tables.ts";
import { deliveryHero, holdfast, lockClient, type Locker } from "./neighbours/locks.ts";

interface Contender {
  readonly name: string;
  /** Acquires and releases once, under a name that nobody else uses. */
  run(resource: string): Promise<void>;
}

interface Result {
  readonly name: string;
  readonly requests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly timesMs: number[];
}

/** How often everything is done again on a new engine: each JVM compiles its own way, by some per cent. */
const engines = Number(process.argv[2] ?? 5);
const rounds = Number(process.argv[3] ?? 60);
const warmUps = 10;
const blockLength = 25;
const leaseMs = 30_000;

/** Nothing but the two writes that no lock can do without. */
function bare(client: DynamoDBDocumentClient, TableName: string): Contender {
  return {
    name: "bare conditional put + delete",
    async run(resource) {
      const owner = randomUUID();
      const expiresAtMs = Date.now() + leaseMs;
      await client.send(
        new PutCommand({
          TableName,
          Item: { resource, owner, expiresAtMs },
          ConditionExpression: "attribute_not_exists(#r) OR #e <= :now",
          ExpressionAttributeNames: { "#r": "resource", "#e": "expiresAtMs" },
          ExpressionAttributeValues: { ":now": Date.now() },
        }),
      );
      await client.send(
        new DeleteCommand({
          TableName,
          Key: { resource },
          ConditionExpression: "#o = :owner",
          ExpressionAttributeNames: { "#o": "owner" },
          ExpressionAttributeValues: { ":owner": owner },
        }),
      );
    },
  };
}

/** A lock client's way to the same. */
function createContender({ name, acquire }: Locker): Contender {
  return {
    name,
    async run(resource) {
      const held = await acquire(resource);
      if (!held) throw new Error(`${name} did not get ${resource}`);
      await held.release();
    },
  };
}

/** The numbers from 0 in any order. */
function shuffled(length: number): number[] {
  return Array.from({ length }, (_, index) => [Math.random(), index] as const)
    .toSorted(([one], [other]) => one - other)
    .map(([, index]) => index);
}

/**
 * Everybody a block of locks a round, in an order of chance: within a block caches are warm, as where
 * locks are all that a process does; between blocks everybody meets the same machine.
 */
async function measure(contenders: readonly Contender[]): Promise<Result[]> {
  const results = contenders.map(({ name }) => {
    return { name, requests: 0, writeUnits: 0, readUnits: 0, timesMs: [] as number[] };
  });
  const locks = rounds * blockLength;
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const index of shuffled(contenders.length)) {
      for (let lock = 0; lock < blockLength; lock += 1) {
        const meter = newMeter();
        const operation = { meter, deadlineMs: Date.now() + 10_000 };
        const resource = `lock-${index}-${round}-${lock}`;
        const startedMs = performance.now();
        await runOperation(operation, () => contenders[index]!.run(resource));
        const tookMs = performance.now() - startedMs;
        if (round < 0) continue;
        const result = results[index]!;
        result.timesMs.push(tookMs);
        result.requests += meter.requests / locks;
        result.writeUnits += meter.writeUnits / locks;
        result.readUnits += meter.readUnits / locks;
      }
    }
  }
  return results;
}

function quantile(timesMs: readonly number[], share: number): number {
  const sorted = timesMs.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** The middle of the engines' ratios to bare at a quantile, and the lowest and highest of them. */
function ratioToBare(share: number, index: number, runs: readonly Result[][]): string {
  const ratios = runs
    .map((run) => quantile(run[index]!.timesMs, share) / quantile(run[0]!.timesMs, share))
    .toSorted((one, other) => one - other);
  const [low, high] = [ratios[0]!, ratios.at(-1)!];
  return `${quantile(ratios, 0.5).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function renderTable(runs: readonly Result[][]): string {
  const rows = runs[0]!.map(({ name, requests, writeUnits, readUnits }, index) => {
    const timesMs = runs.flatMap((run) => run[index]!.timesMs);
    const times = [0.1, 0.5, 0.95].map((share) => quantile(timesMs, share).toFixed(2));
    const counts = [requests, writeUnits, readUnits].map((count) => count.toFixed(1));
    const ratios = [0.1, 0.5].map((share) => ratioToBare(share, index, runs));
    return `| ${[name, ...counts, ...times, ...ratios].join(" | ")} |`;
  });
  return [
    "| acquire + release | requests | write units | read units | p10 ms | p50 ms | p95 ms | p10 : bare | p50 : bare |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

async function runOnNewEngine(): Promise<Result[]> {
  const dynamoDb = await startDynamoDbLocal();
  const client = createDocumentClient(localClientSettings(dynamoDb.endpoint));
  try {
    // The same client again, with the methods that the two libraries call.
    const withMethods = DynamoDBDocument.from(client as never);
    const tables = await createTables(dynamoDb.endpoint);
    return await measure([
      bare(client, tables.Locks),
      ...[
        holdfast(client, tables, leaseMs),
        lockClient(withMethods, tables.Locks, leaseMs),
        await deliveryHero(withMethods, dynamoDb.endpoint, leaseMs),
      ].map(createContender),
    ]);
  } finally {
    client.destroy();
    await dynamoDb.stop();
  }
}

const runs: Result[][] = [];
for (let engine = 1; engine <= engines; engine += 1) {
  runs.push(await runOnNewEngine());
  console.log(`Engine ${engine} of ${engines}: ${ratioToBare(0.5, 1, runs.slice(-1))} × bare`);
}
const table = renderTable(runs);
console.log(table);
const [cpu] = cpus();
const load = loadavg()[0]!.toFixed(1);
const report = `# Acquire and release

\`node bench/locks.ts ${engines} ${rounds}\`, on ${cpus().length} × ${cpu?.model.trim()}, Node ${process.version}, DynamoDB
Local in memory, started anew ${engines} times. On each, in each of ${rounds} rounds, every contender takes and releases
${blockLength} locks, each under a name of its own, in an order of chance; the first ${warmUps} rounds are not counted.
Ratios are the middle of the engines' (lowest to highest in brackets): each engine's JVM compiles
its own way, which moves them by some per cent. Load average at the end: ${load}.

${table}

The bare variant does the least that any lock must do: it keeps no fence, no tombstone, no index and no record of
who released what and why. Write units count the index entry that lists of owned locks need.
`;
writeFileSync(join(import.meta.dirname, "locks.md"), report);
