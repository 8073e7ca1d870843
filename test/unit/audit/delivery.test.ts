/**
 * The trail after thousands of random operations whose streams came twice, in pieces and with a bad record
 * among them. The operations run against the simulated engine, which tells every change it makes; the
 * records go through the function's own handler under Lambda's rules for batches.
 */
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Context, DynamoDBRecord } from "aws-lambda";
import { beforeAll, expect, test } from "vitest";
import { createStreamHandler } from "../../../functions/runtime/stream.ts";
import { deliver } from "../../../local/jobs/batch-delivery.ts";
import type { AuditEntry } from "../../../shared/audit/audit.ts";
import { auditActions } from "../../../shared/base/audit-action.ts";
import { afterSteps } from "../../../shared/audit/difference.ts";
import type { Contention, ContentionKind } from "../../../shared/insight/contention.ts";
import { sumCounts } from "../../../shared/insight/histogram.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { silentLogger } from "../../../shared/base/logger.ts";
import { createContentionService } from "../../../shared/insight/contention-service.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Row } from "../../../shared/table/write.ts";
import { Engine } from "../../sim/engine/engine.ts";
import type { ChangeRecord } from "../../sim/engine/table.ts";
import { type Random, seededRandom } from "../../sim/random.ts";
import { simulatedTables } from "../../sim/tables.ts";
import { createSystem, defaultSettings } from "../../sim/workloads/system.ts";
import { effort } from "../../support/effort.ts";

const operations = effort({ part: 1_500, all: 5_000 });
const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);
const streamed = new Set(["Locks", "Stock", "Carts", "Orders", "Documents"]);

type Shop = ReturnType<typeof openShop>;

function openShop(seed: number) {
  const random = seededRandom(seed);
  const changes: ChangeRecord[] = [];
  let nowMs = startMs;
  const clock = () => epochMs(nowMs);
  const engine = new Engine({
    tables: simulatedTables,
    nowMs: () => nowMs,
    onChange: (change) => {
      if (streamed.has(change.table)) changes.push(structuredClone(change));
    },
  });
  const client = { send: async (command: never) => engine.execute(command) };
  const surroundings = { client, clock, sleep: async () => {}, random: () => random.next() };
  const system = createSystem({ process: () => surroundings } as never, defaultSettings);
  const pass = (durationMs: number) => (nowMs += durationMs);
  return { random, changes, engine, system, pass };
}

const items = Array.from({ length: 8 }, (_, index) => `item-${index}`);
const users = ["alice", "bob", "carol"];

/** One operation of somebody; most of them can be refused, and a refusal leaves nothing to tell. */
async function operate({ random, system, engine, pass }: Shop, step: number): Promise<unknown> {
  const userId = random.pick(users);
  const actor = { id: userId, requestId: `request-${step}` };
  const session = { userId, sessionId: "s" };
  const itemId = random.pick(items);
  const lock = { resource: `document/${random.int(1, 5)}`, owner: { userId } };
  const orders = engine.table("Orders").items() as unknown as { orderId: string; userId: string }[];
  pass(random.int(1, 4_000));
  const choices = {
    order: () =>
      system.orders.place({
        userId,
        actor,
        source: { kind: "items", items: [{ itemId, quantity: random.int(1, 3) }] },
        paymentMethod: "sandbox",
        vendorId: undefined,
        idempotencyKey: undefined,
      }),
    orderCart: () =>
      system.orders.place({
        userId,
        actor,
        source: { kind: "cart", sessionId: "s" },
        paymentMethod: "sandbox",
        vendorId: undefined,
        idempotencyKey: undefined,
      }),
    cancel: () => {
      const order = random.pick(orders.slice(-10));
      return system.orders.cancel(order.orderId, { ...order, isAdmin: false }, actor, "a reason");
    },
    sweep: () => system.sweep({ id: "system:sweep" }),
    sell: () => {
      const move = { itemId, quantity: random.int(1, 3), reference: `sell-${step}`, actor };
      return system.ledger.move({ ...move, kind: "sold" });
    },
    adjust: () => {
      const move = { itemId, quantity: random.int(1, 9), reference: `more-${step}`, actor };
      return system.ledger.move({ ...move, kind: "adjusted", reason: "counted" });
    },
    rename: () => system.inventory.change(itemId, { name: `Name ${step}` }, actor),
    addLine: () =>
      system.carts.addLine({ ...session, instance: "menu", actor }, { itemId, quantity: 1 }),
    acquire: () => system.locks.acquire({ ...lock, leaseMs: 10_000, kind: "document" }),
    renew: () => system.locks.renew(lock),
    release: () => system.locks.release(lock),
    force: () => system.locks.forceRelease({ ...lock, actor: { id: "root" }, reason: "on leave" }),
    forget: async () => {
      pass(2 * dayMs);
      engine.deleteExpired(() => random.chance(0.5));
    },
  };
  const ofItems = { order: 20, orderCart: 6, cancel: 8, sweep: 4, sell: 12, adjust: 10, rename: 4 };
  const ofLocks = { acquire: 12, renew: 6, release: 8, force: 3, forget: 0.4 };
  const weights = { ...ofItems, ...ofLocks, addLine: 14 };
  return choices[random.weighted(weights)]();
}

function recordOf(change: ChangeRecord): DynamoDBRecord {
  const image = (item: object | undefined) =>
    item && marshall(item, { removeUndefinedValues: true, convertEmptyValues: false });
  const { sequence, oldImage, newImage, key, atMs, isTtlDeletion } = change;
  return {
    eventID: `event-${sequence}`,
    eventName: oldImage ? (newImage ? "MODIFY" : "REMOVE") : "INSERT",
    ...(isTtlDeletion && {
      userIdentity: { type: "Service", principalId: "dynamodb.amazonaws.com" },
    }),
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(atMs / 1000),
      SequenceNumber: String(sequence),
      Keys: image(key),
      OldImage: image(oldImage),
      NewImage: image(newImage),
    },
  } as DynamoDBRecord;
}

interface Told {
  readonly due?: Readonly<Record<string, number>>;
  readonly status?: string;
  readonly lines?: readonly { readonly itemId: string }[];
  readonly owner?: string;
  readonly change?: { readonly action: string };
}

/** What an outsider would call the state changes of one record: some tell of two things or more. */
function eventsIn({ table, oldImage, newImage }: ChangeRecord): number {
  const [before, after] = [oldImage, newImage] as unknown as [Told | undefined, Told | undefined];
  const action = after?.change?.action;
  if (table === "Stock") {
    const takesOver = Object.keys(before?.due ?? {}).some((key) => !(key in after!.due!));
    return takesOver && action !== "hold.reclaimed" ? 2 : 1;
  }
  if (table === "Orders" && before?.status === "pending" && after?.status === "expired") {
    return 1 + new Set(after.lines?.map(({ itemId }) => itemId)).size;
  }
  const tookOver = action === "lock.acquired" && before?.owner !== undefined;
  return table === "Locks" && tookOver ? 2 : 1;
}

/** The batches of one delivery of a table's stream: in order, split at random. */
function split(records: readonly DynamoDBRecord[], random: Random): DynamoDBRecord[][] {
  const batches: DynamoDBRecord[][] = [];
  for (let start = 0; start < records.length;) {
    const size = random.int(1, 60);
    batches.push(records.slice(start, start + size));
    start += size;
  }
  return batches;
}

const context = { awsRequestId: "stream", getRemainingTimeInMillis: () => 60_000 } as Context;
const poisoned = {
  eventID: "event-poison",
  eventName: "MODIFY",
  dynamodb: {
    ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
    SequenceNumber: "999999999",
    Keys: { nobodyKnows: { S: "this" } },
    NewImage: { nobodyKnows: { S: "this" } },
  },
} as DynamoDBRecord;

const shop = openShop(7);
const deadLetters: DynamoDBRecord[][] = [];
let entries: AuditEntry[] = [];
const contention = createContentionService({
  database: shop.system.database,
  clock: shop.system.clock,
  logger: silentLogger,
});

const nobodyListens = (): Promise<void> => Promise.resolve();

async function deliverAll(records: readonly DynamoDBRecord[]): Promise<void> {
  const handler = createStreamHandler({
    async work(change) {
      const told = await shop.system.audit.record(change);
      await shop.system.orderMovements.record(change);
      return told;
    },
    record: shop.system.events.record,
    count: contention.count,
    announce: nobodyListens,
  });
  const rules = {
    bisectOnError: true,
    reportsItemFailures: true,
    maximumRetries: 5,
    maximumAgeSeconds: -1,
    retryDelayMs: 1,
  };
  for (const batch of split(records, shop.random)) {
    await deliver(batch as never[], rules, {
      invoke: async (some: never[]) => {
        try {
          return { result: JSON.stringify(await handler({ Records: some }, context)) };
        } catch (error) {
          return { error: { errorType: "Error", errorMessage: String(error) } };
        }
      },
      giveUp: (some) => deadLetters.push(some),
      hasStopped: () => false,
    });
  }
}

beforeAll(async () => {
  const price = { amountMinor: 100, currency: "EUR" };
  for (const itemId of items) {
    const item = { itemId, name: itemId, kind: "Retail", price, quantity: 40 };
    await shop.system.inventory.create({ ...item, holdPolicy: "counted" }, { id: "root" });
  }
  for (let step = 0; step < operations; step += 1) {
    try {
      await operate(shop, step);
    } catch (error) {
      if (!(error instanceof HoldfastError) && step > 20) throw error;
    }
  }
  const tables = Map.groupBy(shop.changes, ({ table }) => table);
  for (let round = 0; round < 2; round += 1) {
    for (const [table, changes] of tables) {
      const records = changes.map(recordOf);
      if (table === "Orders") records.splice(shop.random.int(20, 200), 0, poisoned);
      await deliverAll(records);
    }
  }
  entries = shop.engine.table("Audit").items() as unknown as AuditEntry[];
}, 3_000_000);

test("there is one entry for each state change, none is missing and none is double", () => {
  const wanted = new Map(shop.changes.map((change) => [change.sequence, eventsIn(change)]));
  const found = Map.groupBy(entries, ({ at }) => Number(at.split("#")[1]));
  expect([...found.keys()].toSorted((a, b) => a - b)).toEqual(
    [...wanted.keys()].toSorted((a, b) => a - b),
  );
  for (const [sequence, count] of wanted) {
    const own = found.get(sequence)!;
    expect({ sequence, count: new Set(own.map(({ at }) => at)).size }).toEqual({ sequence, count });
  }
  expect(shop.changes.length).toBeGreaterThan(operations / 3);
});

test("replaying the entries of an item gives its present state, and of a removed one none", () => {
  const housekeeping = new Set(["change", "ttlSeconds", "releaseId", "forcedId"]);
  const stateOf = (row: Row): Row => {
    const told = Object.entries(row).filter(([name, value]) => {
      return value !== undefined && !housekeeping.has(name) && !/^edit\d$/.test(name);
    });
    const plain = told.map(([name, value]) => {
      return [name, value instanceof Set ? [...value].toSorted() : value];
    });
    return Object.fromEntries(plain);
  };
  const tables = [
    ["Locks", "resource", "lock"],
    ["Stock", "itemId", "item"],
    ["Carts", "cartId", "cart"],
    ["Orders", "orderId", "order"],
  ] as const;
  const bySubject = Map.groupBy(entries, ({ subject }) => subject);
  for (const [table, key, kind] of tables) {
    const rows = new Map(
      shop.engine
        .table(table)
        .items()
        .map((row) => [`${kind}/${String(row[key])}`, row as Row]),
    );
    for (const [subject, told] of bySubject) {
      if (!subject.startsWith(`${kind}/`)) continue;
      const ordered = told.toSorted((a, b) => (a.at < b.at ? -1 : 1));
      const state = ordered.reduce<Row>((before, { steps }) => afterSteps(before, steps), {});
      expect({ subject, state: stateOf(state) }).toEqual({
        subject,
        state: stateOf(rows.get(subject) ?? {}),
      });
    }
  }
});

test("everything that happened has a name of the closed list", () => {
  const known = new Set<string>(auditActions);
  expect(entries.map(({ action }) => action).filter((action) => !known.has(action))).toEqual([]);
});

test("every entry says who did it, and what time ended is nobody's deed", () => {
  const actors = new Set(entries.map(({ actor }) => actor));
  expect(actors).toEqual(
    new Set([...users, "root", "system:sweep", "system:expiry", "system:ttl"]),
  );
  const byAction = Map.groupBy(entries, ({ action }) => action);
  for (const action of ["lock.expired", "hold.expired", "hold.reclaimed", "lock.removed"]) {
    expect([...byAction.keys()]).toContain(action);
  }
  expect(byAction.get("lock.removed")!.every(({ actor }) => actor === "system:ttl")).toBe(true);
  expect(byAction.get("lock.forced")!.every(({ reason }) => reason === "on leave")).toBe(true);
});

/** What was counted of one kind, minute by minute. */
async function listCounted(kind: ContentionKind) {
  const minutes: Contention[] = [];
  const endMs = shop.system.clock() + dayMs;
  for (let from = startMs; from < endMs; from += dayMs) {
    const span = { from, to: from + dayMs, kind, limit: 1_000 };
    const { rows, cursor } = await contention.listMinutes(span);
    expect(cursor).toBeUndefined();
    minutes.push(...rows);
  }
  return minutes;
}

test("each order and each lock is counted once, and its end once, however often it was told", async () => {
  const orders = shop.engine.table("Orders").items() as unknown as Order[];
  const ended = orders.filter(({ status }) => status !== "pending");
  const sumUp = (minutes: readonly Contention[]) => ({
    granted: minutes.reduce((sum, { granted }) => sum + granted, 0),
    ended: minutes.reduce((sum, { holds }) => sum + sumCounts(holds), 0),
  });
  const countItems = (some: readonly Order[]): number =>
    some.reduce((sum, { lines }) => sum + new Set(lines.map(({ itemId }) => itemId)).size, 0);
  expect(orders.length).toBeGreaterThan(20);
  expect(sumUp(await listCounted("shop"))).toEqual({
    granted: orders.length,
    ended: ended.length,
  });
  expect(sumUp(await listCounted("item"))).toEqual({
    granted: countItems(orders),
    ended: countItems(ended),
  });
  const locked = entries.filter(({ action }) => ["lock.acquired", "lock.granted"].includes(action));
  const locks = [...(await listCounted("document")), ...(await listCounted("custom"))];
  expect(sumUp(locks).granted).toBe(locked.length);
});

test("the bad record ends up alone in the dead-letter queue, once for each delivery", () => {
  expect(deadLetters).toEqual([[poisoned], [poisoned]]);
});
