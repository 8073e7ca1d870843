/**
 * Edits, orders, payments and expiries of one cart in any interleaving of their requests, over the
 * simulated DynamoDB: whatever comes of it adds up, and a cart under payment stands still.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { parseCart, contentsRow } from "../../../shared/carts/storage/cart-row.ts";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { DocumentClient } from "../../../shared/table/database.ts";
import { listOrders } from "../../../shared/orders/order-store.ts";
import { type Command, Engine } from "../../sim/engine/engine.ts";
import type { ChangeRecord } from "../../sim/engine/table.ts";
import { simulatedTableNames, simulatedTables } from "../../sim/tables.ts";
import { recomputedTotal } from "../../support/cart-books.ts";
import { createCartWorldOver } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { createPayments } from "../../support/payments.ts";
import { giveItem, holdMs } from "../../support/world.ts";

const address = { userId: "alice", sessionId: "s" };
const cartId = makeCartId(address.userId, address.sessionId);
const actor = { id: "alice" };
const itemIds = ["soup", "bread", "seat"];
const instances = ["menu", "ticket"];

type Schedule = <T>(work: () => T) => Promise<T>;

/** Contents may change under a live lock only by the payment of the order that has it. */
function isAllowed({ oldImage, newImage }: ChangeRecord, nowMs: number): boolean {
  const before = parseCart(cartId, oldImage as never);
  const after = parseCart(cartId, newImage as never);
  if (!before.lock || before.lock.expiresAtMs <= nowMs) return true;
  const rows = [before, after].map(({ instances: all }) => contentsRow([...all.values()]));
  const { action } = (newImage?.["change"] ?? {}) as { action?: string };
  return fc.stringify(rows[0]) === fc.stringify(rows[1]) || action === "cart.paid";
}

async function createScene(schedule: Schedule) {
  const time = createTestClock();
  const broken: string[] = [];
  const engine = new Engine({
    tables: simulatedTables,
    nowMs: time.clock,
    onChange: (change) => {
      if (change.table !== "Carts" || isAllowed(change, time.clock())) return;
      broken.push(fc.stringify([change.oldImage, change.newImage]));
    },
  });
  let isQuiet = true;
  const send = async (command: Command): Promise<unknown> =>
    isQuiet ? engine.execute(command) : schedule(() => engine.execute(command));
  const client = { send } as unknown as DocumentClient;
  const sleep = () => (isQuiet ? Promise.resolve() : schedule(() => undefined));
  const parts = { client, tables: simulatedTableNames, clock: time.clock, sleep };
  const world = createCartWorldOver(parts);
  for (const [index, itemId] of itemIds.entries()) {
    await giveItem(world, { itemId, quantity: 8, amountMinor: 333 * (index + 1) });
  }
  const setQuiet = (quiet: boolean): void => {
    isQuiet = quiet;
  };
  return { ...world, ...createPayments(world), time, broken, setQuiet, orders: world.orders };
}

type Scene = Awaited<ReturnType<typeof createScene>>;
type Step = (scene: Scene) => Promise<unknown>;

const at = (instance: string) => ({ ...address, instance, actor });
const pendingOf = async ({ database }: Scene): Promise<Order[]> => {
  const { rows } = await listOrders(database, { userId: "alice", limit: 100 } as never);
  return rows.filter(({ status }) => status === "pending");
};

const anInstance = fc.constantFrom(...instances);
const anItem = fc.constantFrom(...itemIds);
const aQuantity = fc.integer({ min: 1, max: 3 });
const aCondition = fc.record({
  name: fc.constantFrom("sale", "tax"),
  type: fc.constant("any"),
  target: fc.constantFrom("item" as const, "subtotal" as const, "total" as const),
  value: fc.constantFrom("-10%", "+19%", "-500", "+77", "+7.7%", "-100%"),
  order: fc.nat(2),
});

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(anInstance, anItem, aQuantity).map(
      ([instance, itemId, quantity]): Step =>
        ({ shop }) =>
          shop.addLine(at(instance), { itemId, quantity }),
    ),
  },
  fc.tuple(anInstance, anItem, fc.nat(3)).map(
    ([instance, itemId, quantity]): Step =>
      ({ shop }) =>
        shop.changeQuantity(at(instance), itemId, quantity),
  ),
  fc.tuple(anInstance, fc.uniqueArray(anItem, { maxLength: 3 })).map(
    ([instance, chosen]): Step =>
      ({ shop }) =>
        shop.putItems(
          at(instance),
          chosen.map((itemId) => ({ itemId, quantity: 1 })),
        ),
  ),
  fc.tuple(anInstance, aCondition).map(
    ([instance, condition]): Step =>
      ({ shop }) =>
        shop.setCondition(at(instance), condition),
  ),
  anInstance.map(
    (instance): Step =>
      ({ shop }) =>
        shop.clear(at(instance)),
  ),
  {
    weight: 3,
    arbitrary: fc.option(fc.constantFrom(["menu"], ["ticket"]), { nil: undefined }).map(
      (chosen): Step =>
        ({ orders }) =>
          orders.place({
            userId: "alice",
            actor,
            paymentMethod: "sandbox",
            source: { kind: "cart", sessionId: "s", instances: chosen },
          }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("payment.captured" as const, "payment.failed" as const)
      .map((type): Step => async (scene) => {
        const [order] = await pendingOf(scene);
        if (!order) return undefined;
        await scene.payments.initiate({
          orderId: order.orderId,
          caller: { userId: "alice", isAdmin: false },
          actor,
        });
        return scene.send(scene.eventOf(order, type), `event-${order.orderId}-${type}`);
      }),
  },
  fc.constant<Step>(async (scene) => {
    const [order] = await pendingOf(scene);
    return order && scene.orders.cancel(order.orderId, { userId: "alice", isAdmin: false }, actor);
  }),
  fc.constantFrom(1_000, holdMs, 700_000).map((durationMs): Step => async (scene) => {
    scene.time.advance(durationMs);
    const [order] = await pendingOf(scene);
    return order && scene.orders.expire(order, { id: "system:sweep" });
  }),
);

/** What may come of a step besides success: a refusal that the domain means. */
async function attempt(step: Step, scene: Scene): Promise<void> {
  await step(scene).catch((error: unknown) => {
    if (!(error instanceof HoldfastError)) throw error;
  });
}

async function checkBooks(scene: Scene): Promise<void> {
  const cart = await scene.shop.get(address);
  for (const name of instances) {
    const present = cart.instances.get(name);
    if (!present) continue;
    const view = cartInstanceView(cart, name);
    expect(BigInt(view.totalMinor)).toBe(recomputedTotal(present));
    expect(view.count).toBe(present.lines.reduce((sum, { quantity }) => sum + quantity, 0));
    expect(present.lines.every(({ quantity }) => quantity > 0)).toBe(true);
  }
  const row = await scene.database.get("Carts", { cartId });
  const keys = [...cart.instances.values()].flatMap(({ instance, lines }) =>
    lines.map(({ itemId }) => `${instance}:${itemId}`),
  );
  expect([...((row?.["lineKeys"] as Set<string> | undefined) ?? [])].toSorted()).toEqual(
    keys.toSorted(),
  );
  const { rows: orders } = await listOrders(scene.database, {
    userId: "alice",
    limit: 100,
  } as never);
  for (const { lines, totalMinor } of orders) {
    const sum = lines.reduce(
      (total, line) => total + line.lineTotalMinor + line.adjustmentMinor,
      0,
    );
    expect(sum).toBe(totalMinor);
  }
  expect(scene.broken).toEqual([]);
}

describe("any interleaving", () => {
  it("of edits, orders, payments and expiries leaves totals that can be counted again @long", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(aStep, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        async (scheduler, rounds) => {
          const schedule: Schedule = (work) => scheduler.schedule(Promise.resolve()).then(work);
          const scene = await createScene(schedule);
          for (const steps of rounds) {
            scene.setQuiet(false);
            const all = Promise.all(steps.map((step) => attempt(step, scene)));
            await scheduler.waitFor(all);
            scene.setQuiet(true);
            await checkBooks(scene);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
