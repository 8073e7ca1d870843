/** Money that no webhook told of, through HTTP: whoever sweeps asks the provider before an order ends without it. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ProviderName } from "../../../shared/providers/provider.ts";
import { effort } from "../../support/effort.ts";
import type { Bench } from "../../support/providers/bench.ts";
import {
  realProviders as names,
  startPayingServer,
} from "../../support/providers/paying-server.ts";
import type { TestServer } from "../../support/server.ts";

/** Long enough to place and start every order on a busy machine. */
const holdSeconds = 12;
const admin = { as: "root", groups: ["admin"] };

let bench: Bench;
let server: TestServer;
let stop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  const seconds = Object.fromEntries(names.map((name) => [`payment.${name}.seconds`, "1"]));
  const context = { ...seconds, holdSeconds: String(holdSeconds) };
  // The providers' books are a while ahead, so that the hourly round looks at what was paid just now.
  const now = () => Date.now() - 1_200_000;
  ({ bench, server, stop } = await startPayingServer(context, { now }));
});
afterAll(() => stop?.());

/** The schedule and an administrator ask alike. */
const rounds = effort({ part: 1, all: 2 });

const read = async (orderId: string) => (await server.call(`GET /orders/${orderId}`, admin)).body;

/** An order whose payment has started. */
async function startUnheard(name: ProviderName, itemId: string): Promise<string> {
  const price = bench.priceOf(name);
  const item = { itemId, name: "Chair", kind: "Retail", price, quantity: 1 };
  await server.call("POST /items", { ...admin, body: item });
  const body = { items: [{ itemId, quantity: 1 }], paymentMethod: name };
  const headers = { "idempotency-key": itemId };
  const placed = await server.call("POST /order/alice", { as: "alice", body, headers });
  const { orderId } = placed.body;
  const started = await server.call("POST /payments/initiate", { as: "alice", body: { orderId } });
  expect(started.status).toBe(200);
  return orderId;
}

/** An order whose payment was captured at the provider, while what tells of it never arrives. */
async function payUnheard(name: ProviderName, itemId: string): Promise<string> {
  const orderId = await startUnheard(name, itemId);
  bench.delivery(name, await read(orderId), "captured", Date.now());
  return orderId;
}

it("an order is settled instead of expired, by the schedule and by an administrator's sweep @long", async () => {
  const sweeps = ["POST /_local/schedules/sweep", "POST /admin/locks/cleanup"];
  for (const [round, sweep] of sweeps.slice(0, rounds).entries()) {
    const orders = await Promise.all(names.map((name) => payUnheard(name, `${name}-${round}`)));
    const ends = await Promise.all(orders.map(async (id) => (await read(id)).expiresAtMs));
    await sleepMs(Math.max(0, ...ends) - Date.now());
    expect((await server.call(sweep, admin)).status).toBe(200);
    const found = await Promise.all(orders.map(read));
    expect(found.map(({ status }) => status)).toEqual(names.map(() => "paid"));
  }
});

it("money for orders that were cancelled is found by the hourly round, and by an administrator's @long", async () => {
  const walks = [
    () => server.call("POST /_local/schedules/reconcile", admin),
    () => server.call("POST /admin/payments/reconcile", { ...admin, body: {} }),
  ];
  // Late money looks whether it is still given.
  const sale = { name: "Sale", type: "discount", target: "total", value: "-10%", automatic: true };
  await server.call("PUT /promotions/sale", { ...admin, body: { ...sale, active: true } });
  for (const [round, walk] of walks.slice(0, rounds).entries()) {
    const orders = await Promise.all(
      names.map((name) => startUnheard(name, `lost-${name}-${round}`)),
    );
    for (const orderId of orders) {
      const cancelled = await server.call(`POST /orders/${orderId}/cancel`, { as: "alice" });
      expect(cancelled.body).toMatchObject({ status: "cancelled" });
    }
    for (const [index, name] of names.entries()) {
      const order = await read(orders[index]!);
      bench.delivery(name, order, "captured", Date.now());
    }
    expect((await walk()).status).toBe(200);
    const found = await Promise.all(orders.map(read));
    expect(found.map(({ status }) => status)).toEqual(names.map(() => "paid"));
  }
  const again = await server.call("POST /admin/payments/reconcile", { ...admin, body: {} });
  expect(again.body).toMatchObject({ settled: 0, differences: [], unreachable: [], cursor: null });
});
