/**
 * Loses a whole shop and brings it back as docs/restore.md has it: tables as they were at about one second, more sales,
 * everything lost, restored under other names, mended, adopted by the setting, reconciled.
 */
import { randomUUID } from "node:crypto";
import { tableNames } from "../../infra/table-shapes.ts";
import { type Holdfast, startHoldfast } from "../../local/holdfast.ts";
import { type Desk, startDesk } from "../../local/providers/desk.ts";
import { restore } from "../restore/restore.ts";
import { createPeople, insist, type People, type Placed } from "./lost-shop.ts";
import { connectDynamoDb, copyTable, dropTables, restoreTable, type TableCopy } from "./tables.ts";

/** Where to try it. */
export interface RestoreTrial {
  readonly dynamoDbEndpoint: string;
  say(text: string): void;
}

const itemId = "drill-mug";
const units = 10;

async function openShop(
  { dynamoDbEndpoint }: RestoreTrial,
  desk: Desk,
  tablePrefix: string,
  context: Record<string, string> = {},
): Promise<Holdfast> {
  const holdfast = await startHoldfast({
    port: 0,
    dynamoDbEndpoint,
    tablePrefix,
    context: { ...desk.contextBeside({}), ...context },
  });
  for (const [name, { current }] of Object.entries(holdfast.secrets.list())) {
    const keys = desk.keysBeside(name, current);
    if (keys !== undefined) holdfast.secrets.set(name, { current: keys });
  }
  desk.open(holdfast.url);
  return holdfast;
}

/** What people remember, whatever the tables have forgotten. */
interface Memory {
  readonly kept: Placed;
  /** Paid while the tables were being copied: its item's row does not know it. */
  readonly torn: Placed;
  /** Paid after that second: one whose shopper asks again, one whose shopper does not. */
  readonly asking: Placed;
  readonly gone: { readonly placed: Placed; readonly paymentId: string };
  readonly annsFence: number;
  readonly bobsFence: number;
  readonly cartVersion: number;
  readonly copies: readonly TableCopy[];
  readonly sinceMs: number;
}

/** A shop's last hours: the tables are copied in the middle of them. */
async function liveThrough(holdfast: Holdfast, people: People): Promise<Memory> {
  const sinceMs = Date.now();
  await people.stockUp(itemId, units);
  const kept = await people.place("ann", itemId);
  await people.pay("ann", kept);
  const torn = await people.place("bob", itemId);
  const annsFence = await people.lock("ann");
  await people.fill("ann", itemId);

  const stock = await copyTable(holdfast, "Stock");
  await people.pay("bob", torn);
  const others = tableNames.filter((table) => table !== "Stock");
  const copies = await Promise.all(others.map((table) => copyTable(holdfast, table)));

  await people.save("ann", annsFence);
  const bobsFence = await people.lock("bob");
  await people.fill("ann", itemId);
  const { body } = await people.fill("ann", itemId);
  const asking = await people.place("cid", itemId);
  await people.pay("cid", asking);
  const placed = await people.place("dan", itemId);
  const paymentId = await people.pay("dan", placed);
  const seen = { annsFence, bobsFence, cartVersion: Number(body.version) };
  const gone = { placed, paymentId };
  return { kept, torn, asking, gone, ...seen, copies: [stock, ...copies], sinceMs };
}

async function checkCounters(people: People, memory: Memory): Promise<void> {
  const { annsFence, bobsFence, cartVersion } = memory;
  const stale = await people.save("ann", annsFence);
  insist(stale.status >= 400, "who had the page at that second saves once more");
  const lost = await people.save("bob", bobsFence);
  insist(lost.status >= 400, "a fence of a lock that is forgotten still saves");
  insist(
    (await people.lock("cid")) > bobsFence,
    "a new fence is not above all that were handed out",
  );
  const old = await people.fill("ann", itemId, cartVersion);
  insist(old.status === 412, `a version that is forgotten is met again: ${old.status}`);
  const { body } = await people.fill("ann", itemId);
  insist(Number(body.version) > cartVersion, "a cart's new version was told before");
}

async function reconcile(
  people: People,
  { sinceMs }: Memory,
): Promise<readonly { kind: string; orderId: string }[]> {
  const range = { provider: "stripe", sinceMs, untilMs: Date.now() };
  const { status, body } = await people.asRoot("POST /admin/payments/reconcile", range);
  insist(status === 200, `the reconciler answers ${status}`);
  return body.differences;
}

async function settleMoney(people: People, desk: Desk, memory: Memory): Promise<void> {
  const { asking, gone } = memory;
  const missing = (await reconcile(people, memory)).filter(({ kind }) => kind === "order_missing");
  const named = missing.map(({ orderId }) => orderId).toSorted();
  const expected = [asking.orderId, gone.placed.orderId].toSorted();
  insist(named.join() === expected.join(), `these orders are missing: ${named.join(", ")}`);
  // Whoever still asks gets the same order, and the money for it is found.
  const again = await people.place("cid", itemId, asking.key);
  insist(again.orderId === asking.orderId, "the same key makes another order");
  await reconcile(people, memory);
  insist(
    (await people.statusOf(asking)) === "paid",
    "money for an order that came back is not found",
  );
  await desk.act("stripe", gone.paymentId, { action: "refund", isLost: true });
  const left = (await reconcile(people, memory)).filter(({ kind }) => kind !== "order_missing");
  insist(left.length === 0, `the books differ: ${JSON.stringify(left)}`);
}

async function checkBooks(people: People, { kept, torn }: Memory): Promise<void> {
  for (const order of [kept, torn]) {
    insist((await people.statusOf(order)) === "paid", "a paid order is not paid any more");
  }
  const check = await people.asRoot("GET /admin/inventory/check");
  insist(check.body.violations?.length === 0, `stock: ${JSON.stringify(check.body)}`);
  const { body: item } = await people.asRoot(`GET /items/${itemId}`);
  insist(item.available === units - 3, `${item.available} of ${units} are left after 3 sales`);
  // The ledger follows by the stream.
  for (let tries = 0; ; tries += 1) {
    const { body } = await people.asRoot(`GET /inventory/${itemId}/movements`);
    const sold = (body.movements as { kind: string }[]).filter(({ kind }) => kind === "sold");
    if (sold.length === 3) return;
    insist(tries < 100, `the ledger has ${sold.length} sales of 3`);
    await new Promise((resolve) => void setTimeout(resolve, 200));
  }
}

/** Tries it all. @throws Error where something is not as docs/restore.md promises; nothing is left behind */
export async function tryRestore(trial: RestoreTrial): Promise<void> {
  const { dynamoDbEndpoint, say } = trial;
  const prefix = `restore-${randomUUID().slice(0, 8)}-`;
  await using cleanup = new AsyncDisposableStack();
  const desk = await startDesk();
  cleanup.defer(() => desk.stop());
  const first = await openShop(trial, desk, `${prefix}own-`);
  cleanup.defer(() => first.stop());
  const memory = await liveThrough(first, createPeople(first, desk));
  // Nobody writes any more, and its tables go with it.
  await first.stop();
  const nameOf = (table: string) => `${prefix}r1-${table}`;
  cleanup.defer(() => dropTables({ dynamoDbEndpoint }, tableNames.map(nameOf)));
  for (const copy of memory.copies)
    await restoreTable({ dynamoDbEndpoint }, copy, nameOf(copy.table));
  say("the shop is lost; its tables are back under other names, as they were");

  const client = connectDynamoDb(dynamoDbEndpoint);
  cleanup.defer(() => client.destroy());
  const restoredTables = await restore({ client, pattern: nameOf("{table}"), isLocal: true, say });
  const second = await openShop(trial, desk, `${prefix}new-`, { restoredTables });
  cleanup.defer(() => second.stop());
  say("the shop runs on the restored tables");

  const people = createPeople(second, desk);
  await checkCounters(people, memory);
  await settleMoney(people, desk, memory);
  await checkBooks(people, memory);
  say(
    "no old fence or version is taken, all money is for an order or back, stock and ledger agree",
  );
}
