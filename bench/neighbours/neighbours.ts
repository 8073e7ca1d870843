/**
 * Other people's locks and a cart whose lock covers only the write, through the same workloads as ours,
 * on DynamoDB Local: how often each broke a promise. `node bench/neighbours/neighbours.ts` prints and
 * keeps the result.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { startDynamoDbLocal } from "../../local/database/dynamodb-local.ts";
import { systemClock } from "../../shared/base/time.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { action, condition, pathsOf } from "../../shared/table/expression.ts";
import { update } from "../../shared/table/write.ts";
import { createTables, localClientSettings, type TableNames } from "../../test/support/tables.ts";
import { createWorldOver } from "../../test/support/world.ts";
import { deliveryHero, holdfast, type Locker, lockClient } from "./locks.ts";

const at = pathsOf<{ readonly content: number; readonly never?: number }>();

const holders = 6;
const rounds = 12;
/** Every so many turns a holder stands still for longer than its lease: a pause, a slow network. */
const pauseEvery = 4;

interface LockResult {
  readonly name: string;
  turns: number;
  lostUpdates: number;
  staleWrites: number;
  repeatedFences: number;
  hasFence: boolean;
}

class Refused extends Error {}

/** The protected thing: a counter that each holder reads, and writes back one higher. */
function createCounter(client: DynamoDBDocument, tables: TableNames) {
  const database = createDatabase({ client, tableName: (name) => tables[name] });
  const key = { documentId: "" };
  return {
    async read(resource: string): Promise<number> {
      const row = await database.get("Documents", { ...key, documentId: resource });
      return Number(row?.["content"] ?? 0);
    },
    async write(resource: string, value: number, guards: readonly unknown[]): Promise<void> {
      const write = update({
        table: "Documents",
        key: { documentId: resource },
        change: { set: [action`${at("content")} = ${value}`] },
        condition: condition`${at("never")} <> ${1}`,
        refused: () => new Refused() as never,
      });
      await database.transact([...(guards as (typeof write)[]), write]);
    },
  };
}

async function lockWorkload(
  locker: Locker,
  counter: ReturnType<typeof createCounter>,
): Promise<LockResult> {
  const { name, leaseMs } = locker;
  const result: LockResult = {
    name,
    turns: 0,
    lostUpdates: 0,
    staleWrites: 0,
    repeatedFences: 0,
    hasFence: false,
  };
  const resource = `counter of ${name}`;
  const fences: number[] = [];
  let turn = 0;
  /** Who took the lock last: whoever writes without being that one writes late. */
  let latest = 0;

  async function oneTurn(): Promise<void> {
    const held = await locker.acquire(resource);
    if (!held) {
      await sleep(5 + Math.random() * 20);
      return oneTurn();
    }
    turn += 1;
    const mine = turn;
    latest = mine;
    if (held.fence !== undefined) fences.push(held.fence);
    const value = await counter.read(resource);
    await sleep(mine % pauseEvery === 0 ? leaseMs * 1.6 : 10);
    try {
      await counter.write(resource, value + 1, held.guards());
      result.turns += 1;
      if (latest !== mine) result.staleWrites += 1;
    } catch {
      // Refused, because the lock was lost: nothing was written.
    }
    await held.release().catch(() => undefined);
  }

  await Promise.all(
    Array.from({ length: holders }, async () => {
      for (let round = 0; round < rounds; round += 1) await oneTurn();
    }),
  );
  result.lostUpdates = result.turns - (await counter.read(resource));
  result.hasFence = fences.length > 0;
  result.repeatedFences = fences.filter(
    (fence, index) => index > 0 && fence <= fences[index - 1]!,
  ).length;
  return result;
}

interface CartResult {
  readonly name: string;
  readonly writers: number;
  readonly lost: number;
}

/** Every writer reads the lines, adds its own and writes them back; how many are gone at the end. */
async function cartWorkload(
  name: string,
  writers: number,
  add: (writer: number) => Promise<void>,
  count: () => Promise<number>,
): Promise<CartResult> {
  await Promise.all(Array.from({ length: writers }, (_, writer) => add(writer)));
  return { name, writers, lost: writers - (await count()) };
}

async function acquired(locker: Locker, resource: string) {
  for (;;) {
    const held = await locker.acquire(resource);
    if (held) return held;
    await sleep(2 + Math.random() * 8);
  }
}

/** A cart as a list under one key, as many shops keep it. */
function plainCart(client: DynamoDBDocument, TableName: string, cartId: string) {
  const Key = { cartId };
  return {
    read: async () =>
      ((await client.get({ TableName, Key, ConsistentRead: true })).Item?.["lines"] ??
        []) as string[],
    write: async (lines: string[]) =>
      void (await client.put({ TableName, Item: { cartId, lines } })),
  };
}

async function cartResults(
  client: DynamoDBDocument,
  tables: TableNames,
  locker: Locker,
): Promise<CartResult[]> {
  const writers = 40;
  const { carts } = createWorldOver({ client, tables, clock: systemClock });
  await Promise.all(
    Array.from({ length: writers }, (_, writer) =>
      client.put({
        TableName: tables.Stock,
        Item: {
          itemId: `item-${writer}`,
          shard: 0,
          name: "item",
          kind: "Menu",
          vendorId: null,
          amountMinor: 100,
          currency: "EUR",
          holds: {},
        },
      }),
    ),
  );
  const unguarded = plainCart(client, tables.Carts, "unguarded");
  const guarded = plainCart(client, tables.Carts, "lock around the write");
  const around = plainCart(client, tables.Carts, "lock around all");
  const request = { userId: "team", sessionId: "desk", instance: "menu", actor: { id: "team" } };
  return [
    await cartWorkload(
      "no guard",
      writers,
      async (writer) => {
        const lines = await unguarded.read();
        await unguarded.write([...lines, `item-${writer}`]);
      },
      async () => (await unguarded.read()).length,
    ),
    await cartWorkload(
      "a lock around the write",
      writers,
      async (writer) => {
        const lines = await guarded.read();
        const held = await acquired(locker, "cart-write");
        await guarded.write([...lines, `item-${writer}`]);
        await held.release().catch(() => undefined);
      },
      async () => (await guarded.read()).length,
    ),
    await cartWorkload(
      "a lock around read and write",
      writers,
      async (writer) => {
        const held = await acquired(locker, "cart-all");
        const lines = await around.read();
        await around.write([...lines, `item-${writer}`]);
        await held.release().catch(() => undefined);
      },
      async () => (await around.read()).length,
    ),
    await cartWorkload(
      "Holdfast, read and replaced",
      writers,
      async (writer) => {
        const add = () =>
          carts.updateItems(request, (items) => [
            ...items.map(({ itemId, quantity }) => ({ itemId, quantity })),
            { itemId: `item-${writer}`, quantity: 1 },
          ]);
        // Busy means that nothing was changed: the client repeats.
        while (!(await add().catch(() => undefined))) await sleep(Math.random() * 50);
      },
      async () => (await carts.getItems(request)).items.length,
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const database = await startDynamoDbLocal();
try {
  const { endpoint } = database;
  const client = createDocumentClient(localClientSettings(endpoint)) as DynamoDBDocument;
  const tables = await createTables(endpoint);
  const { DynamoDBDocument: Document } = await import("@aws-sdk/lib-dynamodb");
  const document = Document.from(client as never) as DynamoDBDocument;
  const lockers = [
    holdfast(document, tables),
    lockClient(document, tables.Locks),
    await deliveryHero(document, endpoint),
  ];
  const counter = createCounter(document, tables);
  const locks: LockResult[] = [];
  for (const locker of lockers) locks.push(await lockWorkload(locker, counter));
  const carts = await cartResults(document, tables, lockers[1]!);
  const text = `# Neighbours in the same harness

Made by \`node bench/neighbours/neighbours.ts\` on ${new Date().toISOString().slice(0, 10)}, on DynamoDB Local.

## Locks

${holders} holders take turns at one counter, ${rounds} turns each: acquire, read, write one higher, release. Every
${pauseEvery}th turn its holder stands still for longer than its lease, as a paused process does. A write counts when
it was accepted; all of them together should be the counter's value.

${table(
  ["client", "writes accepted", "updates lost", "late writes accepted", "fences that did not grow"],
  locks.map(({ name, turns, lostUpdates, staleWrites, repeatedFences, hasFence }) => [
    name,
    turns,
    lostUpdates,
    staleWrites,
    hasFence ? repeatedFences : "no fences",
  ]),
)}

Holdfast's write carries the check of its lock in the same transaction. The other two hand out a lock
and leave the write to the caller, as their documentation shows it; they were given no heartbeat,
since a process that stands still sends none.

## Carts

${carts[0]!.writers} writers at once read the lines of one cart, add one of their own and write them back.

${table(
  ["guard", "lines lost"],
  carts.map(({ name, lost }) => [name, lost]),
)}

The locks of this table are those of ${lockers[1]!.name}.
`;
  console.log(text);
  writeFileSync(join(import.meta.dirname, "neighbours.md"), text);
} finally {
  await database.stop();
}
process.exit(0);
