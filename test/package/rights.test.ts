/** The constructs of the package grant what its parts ask DynamoDB for, table by table, and their tables are the parts' own. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { beforeAll, expect, inject, test } from "vitest";
import { cartsTable, createCarts } from "../../package/carts.ts";
import {
  HoldfastCarts,
  HoldfastHolds,
  HoldfastLocks,
  HoldfastOrders,
  HoldfastPayments,
} from "../../package/cdk.ts";
import { createHolds, holdTables } from "../../package/holds.ts";
import {
  createLockList,
  createLocks,
  createLockService,
  lockOwnersTable,
  lockRequestsTable,
  locksTable,
} from "../../package/locks.ts";
import { createOrders, orderTables } from "../../package/orders.ts";
import { createPayments, paymentTables } from "../../package/payments.ts";
import { LimitedHandler } from "../../shared/table/attempt-limit.ts";
import { localClientSettings } from "../support/tables.ts";

/** Names the rights that requests need: `Table UpdateItem`. */
class RecordingHandler extends LimitedHandler {
  readonly asked = new Set<string>();

  override handle(...[request, options]: Parameters<LimitedHandler["handle"]>) {
    const [, action = ""] = request.headers["x-amz-target"]!.split(".");
    const body = JSON.parse(new TextDecoder().decode(request.body as Uint8Array));
    for (const table of Object.keys(body.RequestItems ?? {})) this.asked.add(`${table} ${action}`);
    for (const item of body.TransactItems ?? []) {
      for (const [kind, { TableName }] of Object.entries<{ TableName: string }>(item)) {
        this.asked.add(`${TableName} ${kind}Item`);
      }
    }
    if (body.TableName) this.asked.add(`${body.TableName} ${action}`);
    return super.handle(request, options);
  }
}

/** What the constructs grant, by the tables that the tests call so. */
function readGranted(): Map<string, Set<string>> {
  const stack = new Stack(new App(), "Parts");
  const role = new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  const locks = new HoldfastLocks(stack, "Locks", { isKept: false });
  const holds = new HoldfastHolds(stack, "Holds");
  const carts = new HoldfastCarts(stack, "Carts");
  const orders = new HoldfastOrders(stack, "Orders");
  const wares = new HoldfastHolds(stack, "Wares");
  locks.grantUse(role);
  holds.grantDefine(role);
  carts.grantUse(role);
  orders.grantUse(role, wares);
  wares.grantDefine(role);
  const payments = new HoldfastPayments(stack, "Payments");
  const seats = new HoldfastHolds(stack, "Seats");
  payments.grantUse(role, seats);
  seats.grantDefine(role);
  const tables = {
    locks: locks.table,
    owners: locks.ownersTable,
    requests: locks.requestsTable,
    units: holds.table,
    ledger: holds.ledgerTable,
    carts: carts.table,
    cartRequests: carts.requestsTable,
    orders: orders.table,
    shoppers: orders.shoppersTable,
    wares: wares.table,
    waresLedger: wares.ledgerTable,
    paidOrders: payments.table,
    paidShoppers: payments.shoppersTable,
    events: payments.eventsTable,
    seats: seats.table,
    seatsLedger: seats.ledgerTable,
  };
  const names = Object.entries(tables).map(([name, { tableArn }]) => {
    const { "Fn::GetAtt": found } = stack.resolve(tableArn) as { "Fn::GetAtt": [string, string] };
    return [found[0], `rights-${name}`] as const;
  });
  const granted = new Map<string, Set<string>>();
  const byId = new Map(names);
  const [policy] = Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy"));
  for (const { Action, Resource } of policy!["Properties"].PolicyDocument.Statement) {
    const id = [Resource].flat()[0]["Fn::GetAtt"][0];
    const actions = [Action].flat().map((action: string) => action.replace("dynamodb:", ""));
    const name = byId.get(id)!;
    granted.set(name, new Set([...(granted.get(name) ?? []), ...actions]));
  }
  return granted;
}

const requestHandler = new RecordingHandler();
let dynamodb: ReturnType<typeof localClientSettings> & { requestHandler: RecordingHandler };
const locksNames = {
  table: "rights-locks",
  ownersTable: "rights-owners",
  requestsTable: "rights-requests",
};
const orderNames = {
  table: "rights-orders",
  unitsTable: "rights-wares",
  ledgerTable: "rights-waresLedger",
  shoppersTable: "rights-shoppers",
};
const paidNames = {
  table: "rights-paidOrders",
  eventsTable: "rights-events",
  unitsTable: "rights-seats",
  ledgerTable: "rights-seatsLedger",
  shoppersTable: "rights-paidShoppers",
};
const unitNames = { table: "rights-units", ledgerTable: "rights-ledger" };

beforeAll(async () => {
  const settings = localClientSettings(inject("dynamoDbEndpoint"));
  dynamodb = { ...settings, requestHandler };
  const client = new DynamoDBClient(settings);
  const inputs = [
    locksTable(locksNames.table),
    lockOwnersTable(locksNames.ownersTable),
    lockRequestsTable(locksNames.requestsTable),
    ...holdTables(unitNames),
    ...orderTables(orderNames),
    ...paymentTables(paidNames),
    cartsTable("rights-carts"),
    lockRequestsTable("rights-cartRequests"),
  ];
  for (const input of inputs) await client.send(new CreateTableCommand(input));
  client.destroy();
});

async function useLocks(): Promise<void> {
  const limits = { maxLocksPerUser: 50, maxLockMs: 3_600_000 };
  const locks = createLockService({ ...locksNames, limits, dynamodb });
  const [ann, bob] = [{ userId: "ann" }, { userId: "bob" }];
  const lock = await locks.acquire({ resource: "r", owner: ann });
  await locks.acquire({ resource: "r", owner: bob, waitMs: 5 }).catch(() => undefined);
  await locks.acquireOrQueue({ resource: "r", owner: bob });
  await locks.extend({ ...lock, idempotencyKey: "k" });
  await locks.release({ ...lock, idempotencyKey: "l" });
  await locks.forceRelease({ resource: "r", actor: { id: "root" }, idempotencyKey: "m" });
  const names = { names: ["a", "b"], owner: ann };
  for (const scope of ["exact", "tree"] as const) {
    await locks.named.acquire({ ...names, scope });
    await locks.named.extend(names);
    await locks.named.release(names);
  }
  await locks.withLock("w", { owner: ann }, () => locks.find("w"));
  await locks.list({ limit: 10 });
  await locks.sweep({ limit: 10, actor: { id: "sweep" } });
  await usePlainLocks();
}

async function usePlainLocks(): Promise<void> {
  const { table } = locksNames;
  const locks = createLocks({ table, dynamodb });
  const lock = await locks.acquire({ resource: "p", owner: { userId: "ann" } });
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(dynamodb));
  await client.send(new TransactWriteCommand({ TransactItems: locks.checkItems(lock) }));
  await locks.renew(lock);
  await locks.release(lock);
  await locks.withLock("p", { owner: lock.owner }, () => locks.find("p"));
  await locks.forceRelease({ resource: "p", actor: { id: "root" } });
  await createLockList({ table, dynamodb }).list({ limit: 10 });
}

async function useHolds(): Promise<void> {
  const holds = createHolds({ ...unitNames, dynamodb });
  await holds.define("a", { units: 9 });
  await holds.define("b", { units: 9 });
  await holds.adjust("a", 1, "delivery");
  await holds.hold({ holdId: "one", units: { a: 1, b: 1 }, forMs: 60_000 });
  await holds.hold({ holdId: "two", units: { a: 99 }, forMs: 60_000 }).catch(() => undefined);
  await holds.extend("one", 60_000);
  await holds.confirm("one");
  await holds.hold({ holdId: "three", units: { a: 1 }, forMs: 60_000 });
  await holds.release("three");
  await holds.levels(["a", "b"]);
}

async function useCarts(): Promise<void> {
  const requestsTable = "rights-cartRequests";
  const { table: locksTableName } = locksNames;
  const tables = { table: "rights-carts", locksTable: locksTableName, requestsTable };
  const carts = createCarts({ ...tables, storage: "locking", dynamodb });
  const at = { userId: "ann" };
  const soup = { itemId: "s", name: "S", price: { amountMinor: 1, currency: "EUR" } };
  const keyed = { ...at, idempotencyKey: "k" };
  for (let round = 0; round < 2; round += 1) await carts.addItem(keyed, soup);
  await carts.putItems(at, [soup]);
  await carts.changeQuantity(at, "s", 2);
  await carts.putMetadata(at, "k", 1);
  await carts.addItem({ ...at, sessionId: "phone" }, soup);
  await carts.merge(at, "phone");
  const order = { ...at, sessionId: "default", orderId: "o", actor: { id: "ann" } };
  const locked = await carts.lockAndValidateCart({ ...order, leaseMs: 60_000 });
  await carts.setTransactionId(order, "t");
  await carts.complete(order, locked);
  await carts.clear(at);
}

async function useOrders(): Promise<void> {
  const wares = createHolds({ table: "rights-wares", ledgerTable: "rights-waresLedger", dynamodb });
  const price = { amountMinor: 5, currency: "EUR" };
  const items = (ids: readonly string[]) =>
    ids.map((itemId) => ({ itemId, name: itemId, price, units: 9 }));
  const limits = { maxOpenOrders: 9 };
  const orders = createOrders({ ...orderNames, items, limits, dynamodb });
  const place = (key: string, forMs = 60_000) =>
    orders.place({
      userId: "ann",
      items: ["a", "b"].map((itemId) => ({ itemId, quantity: 1 })),
      idempotencyKey: key,
      forMs,
    });
  const { orderId, totalMinor: amountMinor } = await place("1");
  await orders.markPaid(orderId, { paymentId: "p", amountMinor, currency: "EUR" });
  const lines = [{ lineId: "a", quantity: 1 }];
  await orders.markRefunded(orderId, { reason: "damaged", lines });
  await orders.markRefunded(orderId, { reason: "sorry", amountMinor: 1 });
  await orders.cancel((await place("2")).orderId);
  const { expiresAtMs } = await place("3", 1_000);
  await wares.adjust("b", 1, "delivery");
  await orders.list({ userId: "ann" });
  await orders.list({});
  await sleepMs(Math.max(0, expiresAtMs - Date.now()) + 10);
  // What is over is taken over, and late money gets its units anew.
  const wish = { userId: "bob", items: [{ itemId: "a", quantity: 8 }], idempotencyKey: "4" };
  await orders.place(wish).catch(() => undefined);
  await orders.sweep();
  const { rows } = await orders.list({ userId: "ann", status: "expired" });
  for (const [index, order] of rows.entries()) {
    const money = { paymentId: `late ${index}`, amountMinor: order.totalMinor, currency: "EUR" };
    await orders.markPaid(order.orderId, money);
  }
  const own = createOrders({ ...orderNames, dynamodb });
  await own.place({ userId: "cem", items: [{ itemId: "b", quantity: 1 }], idempotencyKey: "5" });
}

async function usePayments(): Promise<void> {
  const price = { amountMinor: 5, currency: "EUR" };
  const items = (ids: readonly string[]) =>
    ids.map((itemId) => ({ itemId, name: itemId, price, units: 9 }));
  const sandbox = { webhookSecret: Buffer.alloc(24, "s").toString("base64") };
  const common = { ...paidNames, items, limits: { maxOpenOrders: 9 }, dynamodb };
  const payments = createPayments({ ...common, providers: { sandbox } });
  const start = async (key: string, forMs = 60_000) => {
    const lines = [{ itemId: "a", quantity: 1 }];
    const wish = { userId: "ann", items: lines, idempotencyKey: key, forMs };
    const { orderId } = await payments.place(wish);
    const { transactionId, expiresAtMs } = await payments.start(orderId);
    return { orderId, transactionId, expiresAtMs };
  };
  const paid = await start("1");
  // Told once more it moves nothing, and is kept.
  for (let round = 0; round < 2; round += 1) await payments.payInSandbox(paid.transactionId);
  await payments.refund(paid.orderId, { reason: "sorry", amountMinor: 1 });
  await payments.refund(paid.orderId, { reason: "damaged" });
  await payments.events(paid.orderId);
  const other = await start("2");
  await payments.payInSandbox(other.transactionId, "failure");
  await payments.cancel((await start("3")).orderId);
  await payments.sweep();
  await payments.list({});
}

test("what the parts ask for is granted", async () => {
  await useLocks();
  await useHolds();
  await useCarts();
  await useOrders();
  await usePayments();
  const granted = readGranted();
  const asked = [...requestHandler.asked].map((each) => each.split(" ") as [string, string]);
  const refused = asked.filter(([table, action]) => !granted.get(table)?.has(action));
  expect(refused).toEqual([]);
  // Each table was used: a right that is missing would have been found.
  expect([...new Set(asked.map(([table]) => table))].toSorted()).toEqual(
    [...granted.keys()].toSorted(),
  );
});
