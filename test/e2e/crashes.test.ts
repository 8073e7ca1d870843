/**
 * A worker dies at every AWS request of every step from order to refund: before the request leaves, and after it
 * was carried out but before its answer came back. Then the client repeats its request.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { checkBooks } from "../support/books.ts";
import { isFull } from "../support/effort.ts";
import type { Answer } from "../support/http.ts";
import { fresh, type OrderView, type Shopper } from "../support/shop.ts";
import { openShopWhenNeeded } from "../support/shop-for-file.ts";

const file = openShopWhenNeeded({});

/** One request that is going to be interrupted and repeated, and what has to be true in the end. */
interface Attempt {
  readonly act: () => Promise<Answer>;
  readonly verify: (last: Answer) => Promise<void>;
}

/** A step of the main job. */
interface Step {
  readonly name: string;
  readonly function: string;
  readonly prepare: () => Promise<Attempt>;
}

type Mode = "before" | "after";

/** Lets the step die at its n-th AWS request; false when it has fewer. */
async function dieAt(step: Step, afterRequests: number, mode: Mode) {
  const { act, verify } = await step.prepare();
  const fault = await file.shop.fault({ function: step.function, afterRequests, mode });
  const answer = await act();
  const struck = await fault.struck();
  const when = `${step.name}: killed ${mode} request ${afterRequests}`;
  if (struck && step.function !== "payment-webhooks") {
    expect({ when, status: answer.status }).toEqual({ when, status: 500 });
  }
  // Whatever was interrupted, nothing may be half done, even if nobody ever comes back.
  await checkBooks(file.server, when);
  await verify(struck ? await act() : answer);
  await checkBooks(file.server, `${when}, repeated`);
  return struck;
}

async function dieEverywhere(step: Step, modes: readonly Mode[]): Promise<number> {
  let kills = 0;
  for (const mode of modes) {
    let atRequest = 1;
    while (await dieAt(step, atRequest, mode)) {
      kills += 1;
      atRequest += 1;
      expect(atRequest, "a step has few requests").toBeLessThan(12);
    }
  }
  return kills;
}

/** A shopper who has put two units of each of two items into a cart. */
async function withCart(): Promise<{ shopper: Shopper; items: string[] }> {
  const shopper = file.shop.shopper();
  const items = await file.shop.items(2);
  await shopper.putInCart(items.map((itemId) => ({ itemId, quantity: 2 })));
  return { shopper, items };
}

interface Ordered {
  shopper: Shopper;
  items: string[];
  order: OrderView;
}

async function withOrder(): Promise<Ordered> {
  const { shopper, items } = await withCart();
  return { shopper, items, order: await shopper.mustOrder() };
}

async function withPayment(): Promise<Ordered> {
  const ordered = await withOrder();
  await ordered.shopper.startPaying(ordered.order.orderId);
  return ordered;
}

async function expectLevels(items: readonly string[], held: number, sold: number): Promise<void> {
  for (const itemId of items) {
    expect(await file.shop.levels(itemId)).toEqual({ available: 10 - held - sold, held, sold });
  }
}

function statusOf({ shopper, order }: Ordered): Promise<string> {
  return shopper.see(order.orderId).then(({ status }) => status);
}

const orderingFromCart = (key: string | undefined) => async (): Promise<Attempt> => {
  const { shopper, items } = await withCart();
  return {
    act: () => shopper.order({}, key),
    async verify(last) {
      expect([200, 201]).toContain(last.status);
      const { body } = await shopper.send("GET /orders");
      expect(body.orders).toHaveLength(1);
      expect(body.orders[0].orderId).toBe(last.body.orderId);
      await expectLevels(items, 2, 0);
    },
  };
};

const steps: Step[] = [
  {
    name: "order from a cart",
    function: "orders",
    prepare: orderingFromCart("same-key"),
  },
  {
    name: "order from a cart without a key",
    function: "orders",
    prepare: orderingFromCart(undefined),
  },
  {
    name: "order of inline items",
    function: "orders",
    async prepare() {
      const shopper = file.shop.shopper();
      const items = await file.shop.items(2);
      const key = fresh("key");
      const body = { items: items.map((itemId) => ({ itemId, quantity: 3 })) };
      return {
        act: () => shopper.order(body, key),
        async verify(last) {
          expect([200, 201]).toContain(last.status);
          await expectLevels(items, 3, 0);
        },
      };
    },
  },
  {
    name: "order that is refused",
    function: "orders",
    async prepare() {
      const { shopper, items } = await withCart();
      const rival = file.shop.shopper();
      await rival.mustOrder({ items: [{ itemId: items[1], quantity: 9 }] });
      return {
        act: () => shopper.order({}, "same-key"),
        async verify(last) {
          expect(last).toMatchObject({ status: 409, body: { code: "ITEMS_UNAVAILABLE" } });
          await expectLevels([items[0]!], 0, 0);
          await expectLevels([items[1]!], 9, 0);
        },
      };
    },
  },
  {
    name: "cancel",
    function: "orders",
    async prepare() {
      const ordered = await withOrder();
      return {
        act: () => ordered.shopper.cancel(ordered.order.orderId),
        async verify(last) {
          expect(last).toMatchObject({ status: 200, body: { status: "cancelled" } });
          await expectLevels(ordered.items, 0, 0);
          expect(
            (await ordered.shopper.add({ itemId: ordered.items[0]!, quantity: 1 })).status,
          ).toBe(200);
        },
      };
    },
  },
  {
    name: "initiate",
    function: "payments",
    async prepare() {
      const ordered = await withOrder();
      const { orderId } = ordered.order;
      return {
        act: () => ordered.shopper.send("POST /payments/initiate", { body: { orderId } }),
        async verify(last) {
          expect(last).toMatchObject({ status: 200, body: { transactionId: `sbx_${orderId}` } });
          const { expiresAtMs } = await ordered.shopper.see(orderId);
          expect(last.body.expiresAtMs).toBe(expiresAtMs);
          await expectLevels(ordered.items, 2, 0);
        },
      };
    },
  },
  {
    name: "webhook that pays",
    function: "payment-webhooks",
    async prepare() {
      const ordered = await withPayment();
      const delivery = await file.shop.sign({ type: "payment.captured", order: ordered.order });
      return {
        act: () => file.shop.deliver(delivery),
        async verify(last) {
          expect(last.status).toBe(200);
          expect(await statusOf(ordered)).toBe("paid");
          await expectLevels(ordered.items, 0, 2);
          expect(await ordered.shopper.cart()).toMatchObject({ count: 0 });
        },
      };
    },
  },
  {
    name: "webhook of a failure",
    function: "payment-webhooks",
    async prepare() {
      const ordered = await withPayment();
      const delivery = await file.shop.sign({ type: "payment.failed", order: ordered.order });
      return {
        act: () => file.shop.deliver(delivery),
        async verify(last) {
          expect(last.status).toBe(200);
          expect(await statusOf(ordered)).toBe("failed");
          await expectLevels(ordered.items, 0, 0);
          expect(await ordered.shopper.cart()).toMatchObject({ count: 4 });
        },
      };
    },
  },
  {
    name: "webhook of money that came too late",
    function: "payment-webhooks",
    async prepare() {
      const ordered = await withPayment();
      await ordered.shopper.cancel(ordered.order.orderId);
      const rival = file.shop.shopper();
      await rival.mustOrder({ items: [{ itemId: ordered.items[0], quantity: 10 }] });
      const delivery = await file.shop.sign({ type: "payment.captured", order: ordered.order });
      return {
        act: () => file.shop.deliver(delivery),
        async verify(last) {
          expect(last.status).toBe(200);
          expect(["refund_due", "refunded"]).toContain(await statusOf(ordered));
          await expectLevels([ordered.items[0]!], 10, 0);
          await expectLevels([ordered.items[1]!], 0, 0);
        },
      };
    },
  },
  {
    name: "refund",
    function: "payments",
    async prepare() {
      const ordered = await withOrder();
      await file.shop.pay(ordered.shopper, ordered.order);
      const route = `POST /payments/${ordered.order.orderId}/refund`;
      return {
        act: () => file.shop.admin.send(route, { body: { reason: "broken" } }),
        async verify(last) {
          expect(last.status).toBe(200);
          const { status, payment } = await ordered.shopper.see(ordered.order.orderId);
          expect(status).toBe("refunded");
          expect(payment).toMatchObject({ refunds: [{ status: "done", amountMinor: 4_000 }] });
          await expectLevels(ordered.items, 0, 0);
        },
      };
    },
  },
];

describe.each(steps)("a worker that dies in: $name @long", (step) => {
  it("leaves nothing half done, and the repeated request does it once @long", async () => {
    const either = steps.indexOf(step) % 2 === 0 ? "after" : "before";
    const modes = isFull ? (["before", "after"] as const) : [either as Mode];
    // Each has at least one read and one transaction.
    expect(await dieEverywhere(step, modes)).toBeGreaterThanOrEqual(2 * modes.length);
  });
});

describe("a worker that dies while the sandbox delivers", () => {
  it("makes the delivery fail, and the next one pays once @long", async () => {
    const ordered = await withPayment();
    const transactionId = `sbx_${ordered.order.orderId}`;
    const fault = await file.shop.fault({
      function: "payment-webhooks",
      afterRequests: 2,
      mode: "after",
    });
    const first = await ordered.shopper.payBySandbox(transactionId, "success");
    expect(await fault.struck()).toBe(true);
    expect(first).toMatchObject({ status: 200, body: { deliveries: [{ status: 500 }] } });
    const second = await ordered.shopper.payBySandbox(transactionId, "success");
    expect(second).toMatchObject({ status: 200, body: { deliveries: [{ status: 200 }] } });
    expect(await statusOf(ordered)).toBe("paid");
    await expectLevels(ordered.items, 0, 2);
    await checkBooks(file.server, "after both deliveries");
  });
});

describe("a request to DynamoDB that hangs", () => {
  it("is repeated in time; that it arrives later after all changes nothing @long", async () => {
    const delayMs = 8_000;
    const { act, verify } = await orderingFromCart("k-hangs")();
    const fault = await file.shop.fault({
      function: "orders",
      afterRequests: 2,
      mode: "delay",
      delayMs,
    });
    const startedMs = Date.now();
    const answer = await act();
    const tookMs = Date.now() - startedMs;
    expect(await fault.struck()).toBe(true);
    expect(answer.status).toBe(201);
    expect(tookMs).toBeLessThan(delayMs);
    await sleep(delayMs - tookMs + 1_000);
    await verify(answer);
    await checkBooks(file.server, "after the late request");
  });
});
