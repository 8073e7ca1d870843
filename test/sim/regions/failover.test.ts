/**
 * A region that is lost, step by step as docs/regions.md has it: rows that had not arrived are gone, one row of a
 * transaction without the others; the same repair as after a restore; and nothing is sold twice afterwards. And what
 * would become of two regions that both take orders.
 */
import { expect, test } from "vitest";
import { mend } from "../../../scripts/restore/mend.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { effort } from "../../support/effort.ts";
import type { Item } from "../engine/values.ts";
import { seededRandom } from "../random.ts";
import { createAccount } from "./account.ts";
import { boughtIn, checkMoney, checkPaid, checkStock } from "./books.ts";
import { createDay, stockUp } from "./day.ts";
import { lastWriterWins, openRegion } from "./region.ts";

const startMs = 1_800_000_000_000;
/** What the replica is behind at the most: far more than usual, so that every seed loses something. */
const mostLagMs = 4_000;
const mostStepsBehind = 30;

/** A day in the first region, and what the other one has of it when that is lost. */
async function loseRegion(seed: number) {
  const random = seededRandom(seed);
  const timer = { nowMs: startMs };
  const account = createAccount();
  const first = openRegion(timer, account);
  await stockUp(first);
  const day = createDay(first, account, random, timer);
  timer.nowMs += mostLagMs;
  await day.live(60);
  const lostAtMs = timer.nowMs;
  const arrived = first.replica(random, lostAtMs, mostLagMs);
  return { random, timer, account, first, day, arrived, lostAtMs };
}

async function failOver(seed: number) {
  const lost = await loseRegion(seed);
  const { random, timer, account, arrived } = lost;
  timer.nowMs += random.pick([1_000, 30_000, 600_000]);
  const second = openRegion(timer, account, arrived);
  const mended = await mend({ database: second.database, nowMs: epochMs(timer.nowMs) });
  return { ...lost, second, mended };
}

/** What the runbook says of each difference: money for an order that is not here goes back. */
async function reconcile({ second, account, timer }: Awaited<ReturnType<typeof failOver>>) {
  const range = { sinceMs: startMs, untilMs: timer.nowMs };
  const by = { id: "root" };
  const { differences } = await second.reconciling.reconcile(range, by);
  await second.sweep(by);
  for (const { kind, paymentId } of differences) {
    expect(["order_missing", "sale_missing", "refund_differs"]).toContain(kind);
    if (kind === "order_missing") account.giveBack(paymentId);
  }
  return differences;
}

const nameOf = ({ resource, sequence }: Item): string => `${resource} ${sequence}`;

function highestNumbers(rows: readonly Item[]): ReadonlyMap<string, number> {
  const highest = new Map<string, number>();
  for (const { resource, sequence } of rows) {
    const name = String(resource);
    highest.set(name, Math.max(highest.get(name) ?? 0, Number(sequence)));
  }
  return highest;
}

const seeds = Array.from({ length: effort({ part: 8, all: 100 }) }, (_, index) => index + 1);

test("a replica is torn: without the repair it would sell twice, or keep what nobody has", async () => {
  let torn = 0;
  for (const seed of seeds.slice(0, 12)) {
    const { timer, account, arrived } = await loseRegion(seed);
    const second = openRegion(timer, account, arrived);
    const stocks = second.rowsOf("Stock");
    const isTorn = stocks.some(({ itemId, sold }) => sold !== boughtIn(second, String(itemId)));
    if (isTorn) torn += 1;
  }
  expect(torn).toBeGreaterThan(1);
});

test("after a failover by the documented steps the law holds: what is lost is named, and nothing is sold twice", async () => {
  let named = 0;
  for (const seed of seeds) {
    const world = await failOver(seed);
    const { second, account, random, timer } = world;
    const { short } = world.mended.stock;
    await checkStock(second, short);
    named += (await reconcile(world)).length;
    await second.follow();
    await checkStock(second);
    checkMoney(second, account);
    checkPaid(second);
    // The shop goes on over there, and stays right.
    await createDay(second, account, random, timer).live(20);
    await second.follow();
    await checkStock(second);
    checkPaid(second);
  }
  expect(named).toBeGreaterThan(1);
});

test("whatever was handed out before is older than all that comes after", async () => {
  for (const seed of seeds.slice(0, 6)) {
    const { first, second, day, random, account, timer, arrived } = await failOver(seed);
    const { fences, versions } = day.seen;
    const next = createDay(second, account, random, timer);
    await second.follow();
    const before = new Set(second.rowsOf("Outbox").map(nameOf));
    await next.live(mostStepsBehind);
    expect(await second.follow()).toBe(0);
    const numbers = highestNumbers(first.rowsOf("Outbox"));
    const known = new Set([...arrived.values()].map(({ key }) => key["resource"]));
    for (const row of second.rowsOf("Outbox")) {
      const { resource, sequence } = row;
      if (sequence === 0 || before.has(nameOf(row)) || !known.has(resource)) continue;
      expect(sequence).toBeGreaterThan(numbers.get(String(resource)) ?? 0);
    }
    for (const [resource, fence] of next.seen.fences) {
      expect(fence).toBeGreaterThan(fences.get(resource) ?? 0);
    }
    for (const [userId, version] of next.seen.versions) {
      expect(version).toBeGreaterThan(versions.get(userId) ?? 0);
    }
  }
});

test("repairing twice is repairing once", async () => {
  for (const seed of seeds.slice(0, 3)) {
    const { second, timer } = await failOver(seed);
    const again = await mend({ database: second.database, nowMs: epochMs(timer.nowMs) });
    expect(again).toMatchObject({ locks: 0, ledger: { entered: 0, removed: 0 } });
    expect(again.stock).toMatchObject({ items: [], ended: [] });
  }
});

test("two regions that both take orders sell the last unit twice: last writer wins", async () => {
  const timer = { nowMs: startMs };
  const account = createAccount();
  const origin = openRegion(timer, account);
  const price = { amountMinor: 1_000, currency: "EUR" };
  const item = { itemId: "mug", name: "Mug", kind: "Retail", price, quantity: 1 };
  await origin.inventory.create({ ...item, holdPolicy: "counted" }, { id: "root" });
  const west = openRegion(timer, account, origin.rows());
  const east = openRegion(timer, account, origin.rows());
  for (const [region, userId] of [
    [west, "ann"],
    [east, "bob"],
  ] as const) {
    timer.nowMs += 100;
    const order = await region.orders.place({
      userId,
      actor: { id: userId },
      source: { kind: "items", items: [{ itemId: "mug", quantity: 1 }] },
      paymentMethod: "sandbox",
      idempotencyKey: userId,
    });
    const { orderId } = order.order;
    const caller = { userId, isAdmin: false };
    await region.payments.initiate({ orderId, caller, actor: { id: userId } });
    await region.payments.receive("sandbox", account.pay(order.order, timer.nowMs));
  }
  const merged = lastWriterWins(west.rows(), east.rows());
  const everywhere = openRegion(timer, account, new Map([...origin.rows(), ...merged]));
  // Each region was right for itself, and so is the row of the item; both shoppers have paid for the one mug.
  expect((await everywhere.stockCheck.run()).violations).toEqual([]);
  expect(everywhere.rowsOf("Stock")).toMatchObject([{ sold: 1, received: 1 }]);
  expect(boughtIn(everywhere, "mug")).toBe(2);
  const { stock } = await mend({ database: everywhere.database, nowMs: epochMs(timer.nowMs) });
  expect(stock.short).toEqual(new Map([["mug", 1]]));
});
