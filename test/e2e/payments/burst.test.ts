/** Webhooks while shoppers use up every run that the account has: they are answered by runs of their own. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Delivery, openShop, type Shop } from "../../support/shop.ts";
import { startServer, type TestServer } from "../../support/server.ts";

const keptForWebhooks = 2;
const sharedRuns = 4;
let server: TestServer;
let shop: Shop;

beforeAll(async () => {
  server = await startServer({
    context: { sweep: "off", reservedForWebhooks: String(keptForWebhooks) },
    accountRuns: keptForWebhooks + sharedRuns,
    maxWorkers: sharedRuns,
  });
  shop = openShop(server);
});
afterAll(() => server?.stop());

/** Orders that are about to be paid, and what tells of it: each delivery three times, as providers do. */
async function startOrders(count: number) {
  const itemId = await shop.item({ quantity: count });
  const shopper = shop.shopper();
  const orderIds: string[] = [];
  const deliveries: Delivery[] = [];
  for (let each = 0; each < count; each += 1) {
    const order = await shopper.mustOrder({ items: [{ itemId, quantity: 1 }] });
    await shopper.startPaying(order.orderId);
    const delivery = await shop.sign({ type: "payment.captured", order });
    orderIds.push(order.orderId);
    deliveries.push(delivery, delivery, delivery);
  }
  return { itemId, orderIds, deliveries };
}

/** Delivers all, so many at once, and hands back those that found no run. */
async function deliverAll(deliveries: readonly Delivery[], atOnce: number): Promise<Delivery[]> {
  const left = [...deliveries];
  const refused: Delivery[] = [];
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const { status } = await shop.deliver(next);
      expect([200, 503]).toContain(status);
      if (status === 503) refused.push(next);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return refused;
}

/** Shoppers whose requests hardly end take every run that is not kept for somebody, and come back for it. */
async function useUp(): Promise<{ end(): Promise<void> }> {
  const itemId = await shop.item();
  // A function asks again where DynamoDB does not answer: that request takes its time, too.
  for (let request = 1; request <= 10; request += 1) {
    const slow = { mode: "delay", delayMs: 600_000, times: 1_000 } as const;
    server.faults.add({ function: "inventory", afterRequests: request, ...slow });
  }
  const over = new AbortController();
  const shopper = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { status } = await shop.nobody.send(`GET /items/${itemId}`);
      if (status === 503) await sleep(20);
    }
  };
  const shoppers = Array.from({ length: sharedRuns }, shopper);
  return {
    async end() {
      over.abort();
      server.faults.clear();
      const runs = server.functions.find("inventory")?.executions() ?? [];
      for (const run of runs) run.kill({ errorType: "Test", errorMessage: "was let go" });
      await Promise.all(shoppers);
    },
  };
}

/** Whoever comes besides finds no run. */
async function untilRefused(): Promise<void> {
  await expect.poll(async () => (await shop.nobody.send("GET /health")).status).toBe(503);
}

test("a burst of webhooks is answered while shoppers are refused for want of a run @long", async () => {
  const { itemId, orderIds, deliveries } = await startOrders(4);
  const shoppers = await useUp();
  try {
    await untilRefused();
    const [calm, burst] = [deliveries.slice(0, 4), deliveries.slice(4)];
    expect(await deliverAll(calm, keptForWebhooks)).toEqual([]);
    // More at once than runs are kept: what finds none is refused, and sent again as every provider does.
    let unanswered = burst;
    for (let round = 0; round < burst.length; round += 1) {
      unanswered = await deliverAll(unanswered, unanswered.length);
    }
    expect(unanswered).toEqual([]);
    await untilRefused();
  } finally {
    await shoppers.end();
  }
  // The runs of those who were let go may take a moment to be free again.
  for (const orderId of orderIds) {
    await expect
      .poll(async () => (await shop.admin.send(`GET /orders/${orderId}`)).body)
      .toMatchObject({ status: "paid" });
  }
  expect(await shop.levels(itemId)).toEqual({ available: 0, held: 0, sold: 4 });
});
