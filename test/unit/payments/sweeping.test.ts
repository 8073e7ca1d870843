/** How far one sweep gets: everything that is due, while there is time, whatever stands at the front. */
import { describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { dueShards } from "../../../shared/orders/due-shards.ts";
import { listDueOrders } from "../../../shared/orders/order-store.ts";
import { ProviderFailed } from "../../../shared/providers/provider.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";
import { effort } from "../../support/effort.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { giveItem, holdMs, type World } from "../../support/world.ts";

const sweeper = { id: "system:sweep" };

/** A shop with so many orders that nobody paid, past their deadline. */
async function abandoned(count: number, shards = 4) {
  let nowMs = 1_800_000_000_000;
  const sent = { requests: 0 };
  const world = createMemoryWorld(
    () => epochMs(nowMs),
    {},
    (execute) => {
      sent.requests += 1;
      return execute();
    },
  );
  const sandbox = world.parts.providers.sandbox!;
  const isDead = { value: false };
  const provider = {
    ...sandbox,
    async findPayment(transactionId: string) {
      if (isDead.value) throw new ProviderFailed("sandbox", "unreachable", true);
      return sandbox.findPayment(transactionId);
    },
  };
  /** A process of its own, by another setting where one is given. */
  const start = (inUse = shards) => {
    const settings = { ...world.parts.settings, dueShards: inUse };
    const own = { ...world, parts: { ...world.parts, settings } };
    return createPayments(own, { providers: { sandbox: provider } });
  };
  const shop = start();
  await giveItem(world as never, { itemId: "chair", quantity: count });
  const place = async (index: number) => {
    const userId = `shopper-${index}`;
    const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
    const request = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" } as const;
    return (await shop.orders.place(request)).order;
  };
  const orders = [];
  for (let index = 0; index < count; index += 1) orders.push(await place(index));
  return {
    world,
    shop,
    orders,
    isDead,
    sent,
    start,
    passTime: (durationMs: number) => (nowMs += durationMs),
  };
}

async function stillDue({ database, clock }: Pick<World, "database" | "clock">): Promise<number> {
  const pages = dueShards.map((dueShard) =>
    listDueOrders(database, { dueShard, throughMs: clock(), limit: 100 }),
  );
  return (await Promise.all(pages)).reduce((sum, { rows }) => sum + rows.length, 0);
}

describe("one sweep", () => {
  it(
    "ends every abandoned order, however many there are @long",
    { timeout: 3_000_000 },
    async () => {
      const count = effort({ part: 400, all: 10_000 });
      const { world, shop, passTime } = await abandoned(count);
      passTime(holdMs);
      expect(await shop.sweep(sweeper)).toMatchObject({ expiredOrders: count, failures: 0 });
      expect(await stillDue(world)).toBe(0);
    },
  );

  it("passes by a hundred orders that it cannot help now, and ends those behind them", async () => {
    const { world, shop, orders, isDead, passTime } = await abandoned(150);
    for (const { orderId, userId } of orders.slice(0, 100)) {
      const caller = { userId, isAdmin: false };
      await shop.payments.initiate({ orderId, caller, actor: { id: userId } });
    }
    isDead.value = true;
    passTime(2 * holdMs + 600_000);
    expect(await shop.sweep(sweeper)).toMatchObject({ expiredOrders: 50 });
    expect(await stillDue(world)).toBe(100);
  });

  it("stops when its time is up, and the next one goes on", async () => {
    const { world, shop, passTime } = await abandoned(100);
    passTime(holdMs);
    // The clock stands still in here: with five seconds left nothing begins that might not end.
    const sweepWithin = (ms: number) =>
      runOperation({ meter: newMeter(), deadlineMs: world.clock() + ms }, () =>
        shop.sweep(sweeper),
      );
    expect(await sweepWithin(5_000)).toMatchObject({ expiredOrders: 0 });
    expect(await stillDue(world)).toBe(100);
    expect(await sweepWithin(5_001)).toMatchObject({ expiredOrders: 100 });
  });

  it("looks once into each partition that orders go to when nothing is due, and into all every ten minutes", async () => {
    const { start, passTime, sent } = await abandoned(0);
    for (const [inUse, looks] of [
      [1, 4],
      [4, 4],
      [40, 40],
      [64, 64],
    ] as const) {
      const { sweep } = start(inUse);
      const counted: number[] = [];
      for (let minute = 0; minute <= 10; minute += 1) {
        sent.requests = 0;
        await sweep(sweeper);
        counted.push(sent.requests);
        passTime(60_000);
      }
      // And once at the list of items in several rows.
      const all = 64 + 1;
      expect(counted).toEqual([all, ...Array.from({ length: 9 }, () => looks + 1), all]);
    }
  });

  it("ends orders that were placed while there were more partitions", async () => {
    const { world, start, shop, passTime } = await abandoned(100, 64);
    // A process that has looked everywhere, and by the new setting does so in ten minutes again.
    const { sweep } = start(4);
    await sweep(sweeper);
    passTime(holdMs);
    const soon = await sweep(sweeper);
    expect(soon.expiredOrders).toBeLessThan(100);
    passTime(300_000);
    const later = await sweep(sweeper);
    expect(soon.expiredOrders + later.expiredOrders).toBe(100);
    expect(await stillDue(world)).toBe(0);
    // And one that starts does it first of all.
    expect(await shop.sweep(sweeper)).toMatchObject({ expiredOrders: 0 });
  });

  it("ends what is due in any partition at its first look", async () => {
    const { start, passTime } = await abandoned(100, 64);
    passTime(holdMs);
    expect(await start(4).sweep(sweeper)).toMatchObject({ expiredOrders: 100 });
  });
});
