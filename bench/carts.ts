/**
 * What guards cost: edits of carts without a guard, under version checks and in locking mode, side by side
 * on one DynamoDB Local. `node bench/carts.ts [rounds]` prints tables and a chart, and keeps them.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { startDynamoDbLocal } from "../local/database/dynamodb-local.ts";
import { systemClock } from "../shared/base/time.ts";
import { makeCartId, selectInstance } from "../shared/carts/model/cart.ts";
import { parseReadCart } from "../shared/carts/storage/cart-row.ts";
import { makeEdit } from "../shared/carts/storage/cart-edits.ts";
import { replaceWrite, withInstance } from "../shared/carts/editing/cart-replacement.ts";
import { newMeter, runOperation } from "../shared/table/operation.ts";
import { makeRequest, type Write } from "../shared/table/write.ts";
import { changeQuantityWrite } from "../shared/carts/editing/cart-key-edits.ts";
import { type CartWorld, createCartWorld } from "../test/support/cart-world.ts";
import { giveItem } from "../test/support/world.ts";

const rounds = Number(process.argv[2] ?? 150);
const warmUps = 30;
/** Operations of one worker before the next contender's turn: one, so that all meet the same machine. */
const operations = 1;
const crowds = [1, 2, 5];
const lineCount = 5;

interface Place {
  readonly sessionId: string;
  readonly itemId: string;
  readonly step: number;
}

interface Contender {
  readonly name: string;
  run(place: Place): Promise<unknown>;
}

interface Result {
  readonly name: string;
  readonly workers: number;
  /** Milliseconds of each operation. */
  readonly timesMs: number[];
  requests: number;
  writeUnits: number;
}

const at = ({ sessionId }: Place) => ({
  userId: "bench",
  sessionId,
  instance: "menu",
  actor: { id: "bench" },
});

/** The very same write with its condition taken off, and the placeholders that only it used. */
function unguarded({ tables }: CartWorld, write: Write): UpdateCommand | PutCommand {
  const request = makeRequest(write, (table) => tables[table]) as unknown as Record<
    string,
    unknown
  >;
  const { TableName, UpdateExpression = "" } = request;
  if (write.kind === "put")
    return new PutCommand({ TableName: String(TableName), Item: write.item });
  const used = new Set(String(UpdateExpression).match(/[#:][nv]\d+/g));
  const kept = (given: unknown) =>
    Object.fromEntries(Object.entries(given ?? {}).filter(([name]) => used.has(name)));
  return new UpdateCommand({
    TableName: String(TableName),
    Key: write.key,
    UpdateExpression: String(UpdateExpression),
    ExpressionAttributeNames: kept(request["ExpressionAttributeNames"]) as Record<string, string>,
    ExpressionAttributeValues: kept(request["ExpressionAttributeValues"]),
    ReturnValues: "ALL_NEW",
  });
}

/** A change of one line's quantity. */
function singleKeyEdits(world: CartWorld): Contender[] {
  const { client, shop } = world;
  return [
    {
      name: "no guard",
      async run(place) {
        const edit = {
          ...makeEdit(at(place), "cart.quantity_changed", systemClock()),
          lineId: place.itemId,
        };
        const write = changeQuantityWrite(edit, place.step);
        const { Attributes } = await client.send(unguarded(world, write) as UpdateCommand);
        return parseReadCart(makeCartId(edit.address.userId, place.sessionId), Attributes);
      },
    },
    {
      name: "guarded update",
      run: (place) => shop.changeQuantity(at(place), place.itemId, place.step),
    },
  ];
}

/** Read all lines, change one, replace them all. */
function replacements(world: CartWorld): Contender[] {
  const { contents, client, shop } = world;
  const locking = world.service("locking");
  const changed = <T extends { itemId: string }>(items: readonly T[], { itemId, step }: Place) =>
    items.map((item) => (item.itemId === itemId ? { ...item, quantity: step } : item)) as never;
  return [
    {
      name: "no guard",
      async run(place) {
        const request = at(place);
        const read = await contents.read([makeCartId(request.userId, request.sessionId)]);
        const cart = read.carts[0]!;
        const present = selectInstance(cart, request.instance);
        const next = { ...present, lines: changed(present.lines, place) };
        const edit = makeEdit(request, "cart.items_replaced", systemClock());
        const write = replaceWrite(edit, cart, withInstance(cart, next));
        await client.send(unguarded(world, write) as PutCommand);
        return parseReadCart(cart.cartId, write.kind === "put" ? write.item : undefined);
      },
    },
    {
      name: "version check",
      run: (place) => shop.updateItems(at(place), (items) => changed(items, place)),
    },
    {
      name: "locking mode",
      run: (place) => locking.updateItems(at(place), (items) => changed(items, place)),
    },
  ];
}

async function fill({ shop }: CartWorld, sessionId: string): Promise<void> {
  for (let index = 0; index < lineCount; index += 1) {
    const place = { sessionId, itemId: `item-${index}`, step: 1 };
    await shop.addLine(at(place), { itemId: place.itemId, quantity: 1 });
  }
}

/** One block: every worker does its operations, one after the other. */
async function block(
  contender: Contender,
  workers: number,
  session: (worker: number) => string,
): Promise<{ timesMs: number[]; requests: number; writeUnits: number }> {
  const meter = newMeter();
  const operation = { meter, deadlineMs: Date.now() + 120_000 };
  const timesMs: number[] = [];
  await runOperation(operation, () =>
    Promise.all(
      Array.from({ length: workers }, async (_, worker) => {
        for (let step = 1; step <= operations; step += 1) {
          const itemId = `item-${worker % lineCount}`;
          const startedMs = performance.now();
          await contender.run({ sessionId: session(worker), itemId, step });
          timesMs.push(performance.now() - startedMs);
        }
      }),
    ),
  );
  return { ...meter, timesMs };
}

/** The contenders take turns in an order that changes, so that none always runs on a warmer engine. */
async function measure(
  contenders: readonly Contender[],
  session: (worker: number) => string,
): Promise<Result[]> {
  const results = crowds.flatMap((workers) =>
    contenders.map(({ name }): Result => {
      return { name, workers, timesMs: [], requests: 0, writeUnits: 0 };
    }),
  );
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const workers of crowds) {
      for (let turn = 0; turn < contenders.length; turn += 1) {
        const contender = contenders[(turn + round + warmUps) % contenders.length]!;
        const { timesMs, requests, writeUnits } = await block(contender, workers, session);
        if (round < 0) continue;
        const total = rounds * workers * operations;
        const result = results.find(
          (each) => each.name === contender.name && each.workers === workers,
        )!;
        result.timesMs.push(...timesMs);
        result.requests += requests / total;
        result.writeUnits += writeUnits / total;
      }
    }
  }
  return results;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
const resample = (values: readonly number[]): number[] =>
  values.map(() => values[Math.floor(Math.random() * values.length)]!);

/** The ratio of medians, and the range that nine of ten resamples fall into. */
function computeRatio(result: Result, results: readonly Result[]) {
  const reference = results.find(
    ({ name, workers }) => name === "no guard" && workers === result.workers,
  )!;
  const ratios = Array.from(
    { length: 200 },
    () => median(resample(result.timesMs)) / median(resample(reference.timesMs)),
  );
  const ratio = median(result.timesMs) / median(reference.timesMs);
  return { ratio, low: quantile(ratios, 0.05), high: quantile(ratios, 0.95) };
}

function renderTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { name, workers, timesMs, requests, writeUnits } = result;
    const { ratio, low, high } = computeRatio(result, results);
    const ratios = `${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
    const times = [median(timesMs), quantile(timesMs, 0.95)];
    const counts = [requests, writeUnits, ...times].map((count) => count.toFixed(2));
    return `| ${[workers, name, ...counts, ratios].join(" | ")} |`;
  });
  return [
    "| workers | guard | requests | write units | median ms | p95 ms | median : no guard |",
    "|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function renderChart(results: readonly Result[]): string {
  const bars = results.map((result) => {
    const { ratio } = computeRatio(result, results);
    const label = `${result.workers} × ${result.name}`.padEnd(18);
    return `${label} ${"█".repeat(Math.round(ratio * 20))} ${ratio.toFixed(2)}`;
  });
  return ["```", ...bars, "```"].join("\n");
}

const dynamoDb = await startDynamoDbLocal();
try {
  const world = await createCartWorld(dynamoDb.endpoint, systemClock, { lockTimeoutMs: 60_000 });
  for (let index = 0; index < lineCount; index += 1) {
    await giveItem(world, { itemId: `item-${index}` });
  }
  const apart = (worker: number): string => `own-${worker}`;
  for (const worker of [0, 1, 2, 3, 4]) await fill(world, apart(worker));
  await fill(world, "shared");
  const sections: [string, Contender[], (worker: number) => string][] = [
    [
      "One line's quantity changed, every worker in a cart of its own",
      singleKeyEdits(world),
      apart,
    ],
    ["One line's quantity changed, all in one cart", singleKeyEdits(world), () => "shared"],
    ["All lines read and replaced, every worker in a cart of its own", replacements(world), apart],
    ["All lines read and replaced, all in one cart", replacements(world), () => "shared"],
  ];
  const parts: string[] = [];
  for (const [title, contenders, session] of sections) {
    const results = await measure(contenders, session);
    parts.push(`## ${title}\n\n${renderTable(results)}\n\n${renderChart(results)}\n`);
    console.log(parts.at(-1));
  }
  const [cpu] = cpus();
  const report = `# What guards of carts cost

\`node bench/carts.ts ${rounds}\`, on ${cpus().length} × ${cpu?.model.trim()}, Node ${process.version}, DynamoDB
Local in memory. ${rounds} rounds (${rounds * operations} operations of each worker) on carts of ${lineCount} lines. In a round all workers
do one operation at once under the one guard, then under the next, in an order that changes; the first
${warmUps} rounds are not counted. In brackets: 90 % of 200 resamples of the
operations. "No guard" is the same write with its condition taken off.

${parts.join("\n")}
In one cart, unguarded replacements are quick because they lose each other's changes; version checks try
again until nothing is lost, and locks wait about 100 ms between two looks.
`;
  writeFileSync(join(import.meta.dirname, "carts.md"), report);
} finally {
  await dynamoDb.stop();
}
