/**
 * Acquire and release, side by side: what `npm pack` makes of ours, a bare conditional put and delete, two published lock
 * clients and Powertools' idempotency, on one DynamoDB Local. `node bench/locks.ts [engines] [rounds]` prints and keeps the
 * result.
 */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocument, PutCommand } from "@aws-sdk/lib-dynamodb";
import { startDynamoDbLocal } from "../local/database/dynamodb-local.ts";
import { localClientSettings } from "../test/support/tables.ts";
import { type Counted, startCounting } from "./neighbours/counting.ts";
import { powertools } from "./neighbours/idempotency.ts";
import { deliveryHero, lockClient, type Locker } from "./neighbours/locks.ts";
import { installPacked } from "./neighbours/packed.ts";

interface Contender {
  readonly name: string;
  /** Acquires and releases once, under a name that nobody else uses. */
  run(resource: string): Promise<void>;
}

interface Result extends Counted {
  readonly name: string;
  readonly timesMs: number[];
}

/** How often everything is done again on a new engine: each JVM compiles its own way, by some per cent. */
const engines = Number(process.argv[2] ?? 5);
const rounds = Number(process.argv[3] ?? 60);
const warmUps = 10;
const blockLength = 25;
const leaseMs = 30_000;

const packed = await installPacked();

/** Nothing but the two writes that no lock can do without. */
function bare(client: DynamoDBDocument, TableName: string): Contender {
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

/** Ours, with a client of its own, as `createLocks` makes it. */
function holdfast(endpoint: string, table: string): Contender {
  const locks = packed.createLocks({ table, dynamodb: localClientSettings(endpoint) });
  return {
    name: "holdfast/locks, packed",
    async run(resource) {
      const owner = { userId: randomUUID() };
      await locks.release(await locks.acquire({ resource, owner, leaseMs }));
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

/** Everybody, over an endpoint, with tables of their own. */
async function createContenders(endpoint: string): Promise<Contender[]> {
  const client = new DynamoDBClient(localClientSettings(endpoint));
  const document = DynamoDBDocument.from(client);
  const [ours, bares, theirs] = ["ours", "bare", "theirs"].map((name) => `${name}-${randomUUID()}`);
  await client.send(new CreateTableCommand(packed.locksTable(ours!)));
  for (const TableName of [bares!, theirs!]) {
    const key = { AttributeName: "resource" };
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ ...key, KeyType: "HASH" }],
        AttributeDefinitions: [{ ...key, AttributeType: "S" }],
      }),
    );
  }
  return [
    bare(document, bares!),
    holdfast(endpoint, ours!),
    createContender(lockClient(document, theirs!, leaseMs)),
    createContender(await deliveryHero(document, endpoint, leaseMs)),
    await powertools(client, leaseMs),
  ];
}

/** The numbers from 0 in any order. */
function shuffled(length: number): number[] {
  return Array.from({ length }, (_, index) => [Math.random(), index] as const)
    .toSorted(([one], [other]) => one - other)
    .map(([, index]) => index);
}

/** What acquiring and releasing once costs each, by a counter between it and the engine. */
async function countCosts(endpoint: string): Promise<Counted[]> {
  const counting = await startCounting(endpoint);
  try {
    const costs: Counted[] = [];
    for (const { run } of await createContenders(counting.endpoint)) {
      counting.take();
      await run("counted");
      costs.push(counting.take());
    }
    return costs;
  } finally {
    counting.stop();
  }
}

/**
 * Everybody a block of locks a round, in an order of chance: within a block caches are warm, as where
 * locks are all that a process does; between blocks everybody meets the same machine.
 */
async function measure(endpoint: string): Promise<Result[]> {
  const costs = await countCosts(endpoint);
  const contenders = await createContenders(endpoint);
  const results = contenders.map(({ name }, index): Result => {
    return { name, ...costs[index]!, timesMs: [] };
  });
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const index of shuffled(contenders.length)) {
      for (let lock = 0; lock < blockLength; lock += 1) {
        const startedMs = performance.now();
        await contenders[index]!.run(`lock-${index}-${round}-${lock}`);
        if (round >= 0) results[index]!.timesMs.push(performance.now() - startedMs);
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
  try {
    return await measure(dynamoDb.endpoint);
  } finally {
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
who released what and why. Ours is what \`npm pack\` makes, installed; four of its six write units are the entries of two
indexes, by which locks are listed and seen to end. Powertools' idempotency is no lock: it lets a function run once for a name
and remembers the outcome, so nobody can take the name again. It stands here because it is what many reach for.

Requests and units are those of one acquire and release, counted between client and engine; times were taken without
that. All use one copy of the SDK.
`;
writeFileSync(join(import.meta.dirname, "locks.md"), report);
