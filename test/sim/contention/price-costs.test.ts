/** What promotions and limits add to an order, counted row by row as AWS does: no request, and at most 4 write units each. */
import { expect, test } from "vitest";
import type { PromotionFacts } from "../../../shared/promotions/promotion.ts";
import type { ShopSettings } from "../../../shared/shop.ts";
import { drawIdsFrom } from "../determinism.ts";
import { seededRandom } from "../random.ts";
import { noFaults } from "../scheduler/faults.ts";
import { World } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";
import { Bank } from "../workloads/bank.ts";
import { defaultSettings } from "../workloads/system.ts";
import { Containers, createBackroom, type ProvidersOf, type Served } from "./containers.ts";

const root = { id: "admin" };
const ada = { id: "ada" };
const at = { userId: "ada", sessionId: "default", instance: "main", actor: ada };
const sale: PromotionFacts = {
  name: "Sale",
  type: "discount",
  target: "total",
  value: "-10",
  order: 0,
  automatic: false,
  combinable: true,
  active: true,
};

/** What applies to an order. */
interface Given {
  readonly codes?: readonly Partial<PromotionFacts>[];
  readonly automatic?: number;
  readonly limits?: { readonly perOrder?: number; readonly perShopper?: number };
  readonly settings?: Partial<ShopSettings["limits"]>;
}

function costOf(served: Served<unknown>): readonly [requests: number, writeUnits: number] {
  if (!("value" in served)) throw served.cause;
  return [served.effort.requests, served.effort.writeUnits];
}

async function run(world: World, { codes = [], automatic = 0, limits, settings = {} }: Given) {
  const bank = new Bank(world);
  const providersOf: ProvidersOf = (clock) => ({ sandbox: bank.provider(clock) });
  const all = { ...defaultSettings, limits: { ...defaultSettings.limits, ...settings } };
  const backroom = createBackroom(world, all, providersOf);
  const containers = new Containers(world, all, providersOf);
  const price = { amountMinor: 4_900, currency: "EUR" };
  const chair = { itemId: "chair", name: "Chair", kind: "Retail", price, quantity: 100 };
  await backroom.inventory.create(
    { ...chair, holdPolicy: "counted", ...(limits ? { limits } : {}) },
    root,
  );
  for (let index = 0; index < automatic; index += 1) {
    await backroom.promotions.put(`AUTO${index}`, { ...sale, automatic: true }, root);
  }
  const names = codes.map((_, index) => `CODE${index}`);
  for (const [index, code] of names.entries()) {
    await backroom.promotions.put(code, { ...sale, ...codes[index] }, root);
  }
  const costs = [];
  for (let round = 0; round < 2; round += 1) {
    await backroom.carts.addLine(at, { itemId: "chair", quantity: 1 });
    for (const code of names) await backroom.carts.enterCode(at, code);
    const placed = await containers.serve("place", ({ orders }) =>
      orders.place({
        userId: "ada",
        actor: ada,
        source: { kind: "cart", sessionId: "default" },
        paymentMethod: "sandbox",
      }),
    );
    costs.push(costOf(placed));
    if (!("value" in placed)) throw placed.cause;
    const { orderId } = placed.value.order;
    await backroom.orders.cancel(orderId, { userId: "ada", isAdmin: false }, ada);
  }
  return costs;
}

/** Requests and write units of the first order of a shopper, and of one later on. */
async function measure(given: Given) {
  drawIdsFrom(seededRandom(1).fork());
  const world = new World({
    seed: 1,
    tables: simulatedTables,
    rates: noFaults,
    latencyMs: 0,
    maxSteps: Infinity,
    isForgetful: true,
  });
  const made: { costs?: Awaited<ReturnType<typeof run>> } = {};
  world.script(async () => {
    made.costs = await run(world, given);
  });
  await world.run();
  return made.costs!;
}

const bare = 10;

test("an order of a cart that nothing applies to: 2 requests", async () => {
  expect(await measure({})).toEqual([
    [2, bare],
    [2, bare],
  ]);
});

test.each<[string, Given, number]>([
  ["an unlimited code: a check", { codes: [{}] }, 2],
  ["a code with so many uses: one of them", { codes: [{ maxUses: 9 }] }, 2],
  [
    "a code with so many uses for each: one of them and a check",
    { codes: [{ maxUsesPerShopper: 9 }] },
    4,
  ],
  ["a code with both: one of each", { codes: [{ maxUses: 9, maxUsesPerShopper: 9 }] }, 4],
  ["three codes, one of each kind", { codes: [{}, { maxUses: 9 }, { maxUsesPerShopper: 9 }] }, 8],
  ["one that applies by itself: a check", { automatic: 1 }, 2],
  ["a limit of units a line: nothing", { settings: { maxUnitsPerLine: 9 } }, 0],
  ["a limit of open orders: the shopper's row", { settings: { maxOpenOrders: 9 } }, 2],
  ["a limit for each order of an item: nothing", { limits: { perOrder: 9 } }, 0],
  [
    "a limit for each shopper of an item: the shopper's row of it",
    { limits: { perShopper: 9 } },
    2,
  ],
])("%s, and no request", async (_, given, more) => {
  expect(await measure(given)).toEqual([
    [2, bare + more],
    [2, bare + more],
  ]);
});
