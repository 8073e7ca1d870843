/** Fills the tables of a Holdfast that does not run yet with many live holds and locks: rows as the product makes them. */
import { pickShard, randomId } from "../../shared/base/ids.ts";
import { changeNote } from "../../shared/base/actor.ts";
import { epochMs, later, systemClock } from "../../shared/base/time.ts";
import { documentLockName } from "../../shared/documents/document.ts";
import { bucketKey, deadlineAfter } from "../../shared/inventory/deadline.ts";
import type { Stock } from "../../shared/inventory/stock.ts";
import { createStockWrite } from "../../shared/inventory/stock-store.ts";
import { nameResource } from "../../shared/locks/lock-group.ts";
import { listKindShards } from "../../shared/locks/lock-store.ts";
import { pickDueShard } from "../../shared/orders/due-shards.ts";
import type { Order, PendingOrder } from "../../shared/orders/order.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import type { Row } from "../../shared/table/write.ts";
import { type TableName, tableNames, tableShapes } from "../../infra/table-shapes.ts";
import type { Context } from "../../local/assembly/synth.ts";
import type { DynamoDbConnection } from "../../local/database/dynamodb-client.ts";
import { createTables, type LocalTable } from "../../local/database/tables.ts";
import { loadStack } from "../../local/stack.ts";
import { localClientSettings, type TableNames } from "./tables.ts";
import { createWorldOver, type World } from "./world.ts";

/** How much there shall be of what. */
export interface Crowd {
  /** Pending orders of one unit each, shared out to the items. */
  readonly holds: number;
  /** Half of them on documents, half on names. */
  readonly locks: number;
  readonly items: number;
}

/** The stack whose tables are filled, as it is started afterwards. */
export interface CrowdedStack {
  readonly dynamoDbEndpoint: string;
  readonly tablePrefix?: string;
  readonly context: Context;
}

const actor = { id: "crowd" };
/** Holds and leases end at twelve instants, the first long after whatever is looked at. */
const [shortestMs, apartMs, deadlines] = [2_400_000, 300_000, 12];
/** Batches that are written side by side. */
const lanes = 8;

const nameItem = (nth: number): string => `item-${String(nth).padStart(4, "0")}`;

function nameTables(tables: readonly LocalTable[]): TableNames {
  const named = tableNames.map((table) => {
    const found = tables.find(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/u, "") === table);
    return [table, found!.name] as const;
  });
  return Object.fromEntries(named) as Record<TableName, string>;
}

/** What is written while there is no stream is told to nobody. */
async function setStreams(
  dynamoDb: DynamoDbConnection,
  names: TableNames,
  isOn: boolean,
): Promise<void> {
  const StreamSpecification = isOn
    ? { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" }
    : { StreamEnabled: false };
  for (const table of tableNames.filter((name) => tableShapes[name].stream)) {
    await dynamoDb.call("UpdateTable", { TableName: names[table], StreamSpecification });
  }
}

async function strewAll({ database }: World, table: TableName, rows: readonly Row[]) {
  const share = Math.ceil(rows.length / lanes);
  const parts = Array.from({ length: lanes }, (_, nth) =>
    rows.slice(nth * share, (nth + 1) * share),
  );
  await Promise.all(parts.map((put) => database.strew(table, { put })));
}

/** Puts an item on the shelf. */
async function giveItem({ database }: World, itemId: string, more: Partial<Stock>): Promise<void> {
  const facts = { name: itemId, kind: "Retail", vendorId: null, holdPolicy: "counted" } as const;
  const price = { amountMinor: 1_000, currency: "EUR", createdAtMs: systemClock() };
  const levels = { available: 1, sold: 0, received: 1, adjusted: 0, held: 0 };
  const stock = { itemId, ...facts, ...price, ...levels, due: {}, reclaimedThroughMs: 0, ...more };
  await database.apply(createStockWrite(stock, changeNote("item.create", actor, systemClock())));
}

/** An order as the shop places it. */
async function placePattern(world: World): Promise<PendingOrder> {
  const itemId = nameItem(0);
  await giveItem(world, itemId, {});
  const { order } = await world.orders.place({
    userId: "pattern",
    actor,
    source: { kind: "items", items: [{ itemId, quantity: 1 }] },
    paymentMethod: "sandbox",
    idempotencyKey: "pattern",
  });
  return order as PendingOrder;
}

/** Orders like the pattern, under names, shoppers and deadlines of their own. */
function copyOrders(pattern: Order, itemId: string, count: number): Order[] {
  const nowMs = systemClock();
  return Array.from({ length: count }, (_, nth) => {
    const orderId = randomId("ord");
    const expiresAtMs = deadlineAfter(nowMs, shortestMs + (nth % deadlines) * apartMs);
    const lines = pattern.lines.map((line) => ({ ...line, lineId: itemId, itemId, name: itemId }));
    const own = { orderId, userId: `shopper-${nth}`, lines, dueShard: pickDueShard({ orderId }) };
    const createdAtMs = epochMs(nowMs - nth);
    return { ...pattern, ...own, createdAtMs, expiresAtMs, dueAtMs: expiresAtMs } as Order;
  });
}

/** Items, and the orders that hold their units: what an item's row counts is what they hold. */
async function fillItems(world: World, { holds, items }: Crowd): Promise<void> {
  const { change, ...pattern } = (await world.database.get("Orders", {
    orderId: (await placePattern(world)).orderId,
  }))! as unknown as Order & Row;
  for (let nth = 1; nth <= items; nth += 1) {
    const itemId = nameItem(nth);
    const orders = copyOrders(pattern, itemId, holds / items);
    const byBucket = Map.groupBy(orders, ({ expiresAtMs }) => bucketKey(expiresAtMs));
    const due = Object.fromEntries([...byBucket].map(([key, same]) => [key, same.length]));
    const held = orders.length;
    await giveItem(world, itemId, { available: held, received: held * 2, held, due });
    await strewAll(
      world,
      "Orders",
      orders.map((order) => ({ ...order, change })),
    );
  }
}

/** A lock as the product takes it, and copies of its row under names, owners and ends of their own. */
async function copyLocks(world: World, kind: "document" | "custom", count: number): Promise<void> {
  const makeName = (nth: number): string =>
    kind === "document" ? documentLockName(`doc-${nth}`) : nameResource(`job-${nth}`);
  const owner = { userId: "editor-0", username: "Editor 0" };
  await world.locks.acquire({ resource: makeName(0), owner, kind, leaseMs: shortestMs });
  const row = (await world.database.get("Locks", { resource: makeName(0) }))!;
  const shards = listKindShards(kind);
  const copies = Array.from({ length: count - 1 }, (_, before) => {
    const nth = before + 1;
    const resource = makeName(nth);
    const own = { owner: `editor-${nth}`, ownerName: `Editor ${nth}` };
    const expiresAtMs = later(epochMs(Number(row["expiresAtMs"])), nth * 100);
    const kindShard = shards[pickShard(resource, shards.length)]!;
    return { ...row, resource, ...own, expiresAtMs, kindShard };
  });
  await strewAll(world, "Locks", copies);
}

/**
 * Makes the tables of a stack, fills them, and lets their streams begin behind that: whoever is started on them has
 * nothing to catch up with. One order more than asked for is the pattern of the others. About 25 rows a request.
 */
export async function fillTables(stack: CrowdedStack, crowd: Crowd): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const nowhere = { apiUrl: "http://127.0.0.1", awsUrl: "http://127.0.0.1" };
  const { dynamoDb, template } = await loadStack(stack, nowhere, cleanup);
  const names = nameTables(await createTables(dynamoDb, template));
  await setStreams(dynamoDb, names, false);
  const client = createDocumentClient(localClientSettings(stack.dynamoDbEndpoint));
  const world = createWorldOver({ client, tables: names, clock: systemClock });
  await fillItems(world, crowd);
  await copyLocks(world, "document", crowd.locks / 2);
  await copyLocks(world, "custom", crowd.locks / 2);
  client.destroy();
  await setStreams(dynamoDb, names, true);
}
