/** Holds of three seconds and nobody who sweeps: what is over is free at that very instant. Then the sweep, when asked. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { checkBooks } from "../support/books.ts";
import type { Answer } from "../support/http.ts";
import { expectStatus, hasty, until } from "../support/shop.ts";
import { openShopWhenNeeded } from "../support/shop-for-file.ts";

const file = openShopWhenNeeded({ context: hasty });

beforeAll(async () => {
  // Functions are awake before anything is a matter of milliseconds.
  const shopper = file.shop.shopper();
  await shopper.putInCart([{ itemId: await file.shop.item(), quantity: 1 }]);
  const order = await shopper.mustOrder();
  // It may be over by the time that all of them are.
  await shopper.send("POST /payments/initiate", { body: { orderId: order.orderId } });
  await file.shop.tell({ type: "payment.captured", order });
  await file.shop.sweep();
});

interface Try {
  readonly answer: Answer;
  readonly endedAtMs: number;
}

/** Something that is refused until an instant. */
interface Chance {
  readonly atMs: number;
  readonly ask: () => Promise<Answer>;
}

/** Asks again and again, from now until shortly before the instant, and then at it, until it is granted. */
async function tryAround({ atMs, ask }: Chance): Promise<Try[]> {
  const tries: Try[] = [];
  const isGranted = (): boolean => (tries.at(-1)?.answer.status ?? 500) < 300;
  async function once(): Promise<void> {
    const answer = await ask();
    tries.push({ answer, endedAtMs: Date.now() });
  }
  while (Date.now() < atMs - 60 && !isGranted()) {
    await once();
    await sleep(Math.min(150, Math.max(0, atMs - 60 - Date.now())));
  }
  await until(atMs);
  if (!isGranted()) await once();
  return tries;
}

function statusesBefore(tries: readonly Try[], atMs: number): number[] {
  return [...new Set(tries.filter((one) => one.endedAtMs < atMs).map((one) => one.answer.status))];
}

/**
 * Tries around the instant of what `start` begins, and tells what it came to before. On a machine so busy
 * that it came too late itself, or nothing was answered before the instant, it begins anew: that would show nothing.
 */
async function askAround<T extends Chance>(
  start: () => Promise<T | undefined>,
): Promise<T & { tries: Try[]; before: number[] }> {
  for (let round = 1; ; round += 1) {
    const chance = await start();
    if (!chance && round < 3) continue;
    if (!chance) throw new Error("Three times it was over before it began");
    const tries = await tryAround(chance);
    const before = statusesBefore(tries, chance.atMs);
    if (before.length > 0 || round === 3) return { ...chance, tries, before };
  }
}

// All of these wait for most of their time, so they wait together.
describe.concurrent("with nobody who sweeps", () => {
  describe("at the instant a hold is over, with the sweep switched off", () => {
    it("its units can be bought, and not a moment before @long", async () => {
      const seen = await askAround(async () => {
        const itemId = await file.shop.item({ quantity: 3 });
        const order = await file.shop.shopper().mustOrder({ items: [{ itemId, quantity: 3 }] });
        const buyer = file.shop.shopper();
        const ask = () => buyer.order({ items: [{ itemId, quantity: 2 }] });
        return { atMs: order.expiresAtMs, ask, itemId };
      });
      expect(seen.before).toEqual([409]);
      const last = seen.tries.at(-1)!.answer;
      // One read, one refusal, one transaction that takes over what is over.
      expect(last).toMatchObject({ status: 201, cost: { requests: 3 } });
      expect(await file.shop.levels(seen.itemId)).toEqual({ available: 1, held: 2, sold: 0 });
    });

    it("an exclusive item is free, as its refusals said @long", async () => {
      const seen = await askAround(async () => {
        const itemId = await file.shop.item({ quantity: 5, holdPolicy: "exclusive" });
        const order = await file.shop.shopper().mustOrder({ items: [{ itemId, quantity: 1 }] });
        const buyer = file.shop.shopper();
        const ask = () => buyer.order({ items: [{ itemId, quantity: 5 }] });
        return { atMs: order.expiresAtMs, ask, itemId };
      });
      expect(seen.before).toEqual([409]);
      expect(seen.tries[0]!.answer.body.failedItems).toEqual([
        {
          itemId: seen.itemId,
          reason: "locked",
          available: 4,
          requested: 5,
          lockedUntilMs: seen.atMs,
        },
      ]);
      expect(seen.tries.at(-1)!.answer.status).toBe(201);
    });

    it("the cart can be edited and ordered again @long", async () => {
      const seen = await askAround(async () => {
        const shopper = file.shop.shopper();
        await shopper.putInCart([{ itemId: await file.shop.item({ quantity: 1 }), quantity: 1 }]);
        const other = await file.shop.item();
        const first = await shopper.mustOrder();
        const ask = () => shopper.add({ itemId: other, quantity: 1 }, { instance: "later" });
        return { atMs: first.expiresAtMs, ask, shopper, first };
      });
      expect(seen.before).toEqual([423]);
      expect(seen.tries.at(-1)!.answer.status).toBe(200);
      const second = await seen.shopper.mustOrder();
      expect(second.orderId).not.toBe(seen.first.orderId);
      // The old one is only a stale report until somebody sweeps.
      expect((await seen.shopper.see(seen.first.orderId)).status).toBe("pending");
    });

    it("a payment of it cannot be started any more @long", async () => {
      const shopper = file.shop.shopper();
      const order = await shopper.mustOrder({
        items: [{ itemId: await file.shop.item(), quantity: 1 }],
      });
      await until(order.expiresAtMs);
      const body = { orderId: order.orderId };
      expect(await shopper.send("POST /payments/initiate", { body })).toMatchObject({
        status: 409,
        body: { code: "ORDER_NOT_PAYABLE", orderStatus: "expired" },
      });
    });
  });

  describe("a payment that has started", () => {
    it("has its own time, within the longest that an order may hold @long", async () => {
      const { tries, before } = await askAround(async () => {
        const shopper = file.shop.shopper();
        const itemId = await file.shop.item({ quantity: 1 });
        const order = await shopper.mustOrder({ items: [{ itemId, quantity: 1 }] });
        await until(order.expiresAtMs - 1_500);
        const body = { orderId: order.orderId };
        const answer = await shopper.send("POST /payments/initiate", { body });
        if (answer.status === 409 && Date.now() >= order.expiresAtMs) return undefined;
        const { expiresAtMs } = expectStatus(answer, 200);
        // 4 s for the payment, but never more than 5 s altogether: whole seconds, so one or two more.
        expect([1_000, 2_000]).toContain(expiresAtMs - order.expiresAtMs);
        const buyer = file.shop.shopper();
        const ask = () => buyer.order({ items: [{ itemId, quantity: 1 }] });
        return { atMs: expiresAtMs, ask };
      });
      expect(before).toEqual([409]);
      expect(tries.at(-1)!.answer.status).toBe(201);
    });

    it("may fail and be tried again while the order stands, where it is so configured @long", async () => {
      const shopper = file.shop.shopper();
      const itemId = await file.shop.item();
      await shopper.putInCart([{ itemId, quantity: 2 }]);
      const order = await shopper.mustOrder();
      await shopper.startPaying(order.orderId);
      expect((await file.shop.tell({ type: "payment.failed", order })).status).toBe(200);
      expect((await shopper.see(order.orderId)).status).toBe("pending");
      expect((await shopper.add({ itemId, quantity: 1 })).status).toBe(423);
      expect(await file.shop.levels(itemId)).toEqual({ available: 8, held: 2, sold: 0 });
      expect((await file.shop.tell({ type: "payment.captured", order })).status).toBe(200);
      expect((await shopper.see(order.orderId)).status).toBe("paid");
      expect(await file.shop.levels(itemId)).toEqual({ available: 8, held: 0, sold: 2 });
    });
  });

  describe("money that comes after the time is over", () => {
    it("buys the units when nobody has wanted them meanwhile @long", async () => {
      const shopper = file.shop.shopper();
      const itemId = await file.shop.item({ quantity: 1 });
      await shopper.putInCart([{ itemId, quantity: 1 }]);
      const order = await shopper.mustOrder();
      await until(order.expiresAtMs + 50);
      expect((await file.shop.tell({ type: "payment.captured", order })).status).toBe(200);
      expect((await shopper.see(order.orderId)).status).toBe("paid");
      expect(await file.shop.levels(itemId)).toEqual({ available: 0, held: 0, sold: 1 });
      expect(await shopper.cart()).toMatchObject({ count: 0 });
    });

    it("goes back, once, when somebody else has taken them over @long", async () => {
      const shopper = file.shop.shopper();
      const [gone, left] = [
        await file.shop.item({ quantity: 1 }),
        await file.shop.item({ quantity: 1 }),
      ];
      const order = await shopper.mustOrder({
        items: [gone, left].map((itemId) => ({ itemId, quantity: 1 })),
      });
      await until(order.expiresAtMs);
      await file.shop.shopper().mustOrder({ items: [{ itemId: gone, quantity: 1 }] });
      const delivery = await file.shop.sign({ type: "payment.captured", order });
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => file.shop.deliver(delivery)),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const seen = await shopper.see(order.orderId);
      expect(seen.status).toBe("refunded");
      expect(seen.payment).toMatchObject({ refunds: [{ status: "done", amountMinor: 2_000 }] });
      expect(await file.shop.levels(gone)).toEqual({ available: 0, held: 1, sold: 0 });
      expect(await file.shop.levels(left)).toEqual({ available: 1, held: 0, sold: 0 });
    });

    it("and a buyer who comes at the same instant: one of them gets the unit @long", async () => {
      for (let round = 0; round < 2; round += 1) {
        const shopper = file.shop.shopper();
        const itemId = await file.shop.item({ quantity: 1 });
        const order = await shopper.mustOrder({ items: [{ itemId, quantity: 1 }] });
        const delivery = await file.shop.sign({ type: "payment.captured", order });
        const buyer = file.shop.shopper();
        await until(order.expiresAtMs);
        const [late, bought] = await Promise.all([
          file.shop.deliver(delivery),
          buyer.order({ items: [{ itemId, quantity: 1 }] }),
        ]);
        expect(late.status).toBe(200);
        const { status } = await shopper.see(order.orderId);
        expect({ status, bought: bought.status }).toEqual(
          status === "paid" ? { status: "paid", bought: 409 } : { status: "refunded", bought: 201 },
        );
      }
    });
  });
});

describe.concurrent("when many holds are over", () => {
  it("one buyer can take over however many holds there are @long", async () => {
    const itemId = await file.shop.item({ quantity: 60 });
    const orders = await Promise.all(
      Array.from({ length: 60 }, () =>
        file.shop.shopper().mustOrder({ items: [{ itemId, quantity: 1 }] }),
      ),
    );
    await until(Math.max(...orders.map(({ expiresAtMs }) => expiresAtMs)));
    const answer = await file.shop.shopper().order({ items: [{ itemId, quantity: 60 }] });
    expect(answer.status).toBe(201);
    expect(await file.shop.levels(itemId)).toEqual({ available: 0, held: 60, sold: 0 });
  });

  // Beside another test, only the test's own `expect` may poll.
  it("a crowd shares what has come free, and nothing more @long", async ({ expect: own }) => {
    const itemId = await file.shop.item({ quantity: 5 });
    const { expiresAtMs } = await file.shop
      .shopper()
      .mustOrder({ items: [{ itemId, quantity: 5 }] });
    await until(expiresAtMs);
    const answers = await Promise.all(Array.from({ length: 20 }, () => insist(itemId)));
    const won = answers.flatMap(({ status, body, endedAtMs }) =>
      status === 201 ? [{ fromMs: endedAtMs, untilMs: body.expiresAtMs! }] : [],
    );
    const others = answers.filter(({ status }) => status !== 201);
    // On a busy machine a hold of three seconds is over before the last one has asked, who then gets it.
    expect(won.length).toBeGreaterThanOrEqual(5);
    // Whoever has heard of it has it until it is over; since when, a slow machine does not tell.
    for (const { fromMs: atMs } of won) {
      const held = won.filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
      expect(held.length).toBeLessThanOrEqual(5);
    }
    expect(new Set(others.map(({ status }) => status))).toEqual(
      new Set(others.length > 0 ? [409] : []),
    );
    await own
      .poll(async () => {
        const { available, held, sold } = await file.shop.levels(itemId);
        return [available + held, sold];
      })
      .toEqual([5, 0]);
  });

  /** Asks for one unit, and again as long as the answer is to try again: nothing was changed then. */
  async function insist(itemId: string) {
    const shopper = file.shop.shopper();
    for (;;) {
      const { status, body } = await shopper.order({ items: [{ itemId, quantity: 1 }] });
      if (status !== 503) return { status, body, endedAtMs: Date.now() };
      await sleep(100);
    }
  }
});

describe("a worker that dies while it takes over what is over", () => {
  it("leaves nothing half done, and the repeated request does it once @long", async () => {
    const deaths = ["before", "after"].flatMap((mode) => [1, 2, 3].map((at) => ({ mode, at })));
    const held = await Promise.all(
      deaths.map(async () => {
        const itemId = await file.shop.item({ quantity: 2 });
        return {
          itemId,
          ...(await file.shop.shopper().mustOrder({ items: [{ itemId, quantity: 2 }] })),
        };
      }),
    );
    await until(Math.max(...held.map(({ expiresAtMs }) => expiresAtMs)));
    for (const [index, { mode, at }] of deaths.entries()) {
      const { itemId } = held[index]!;
      const buyer = file.shop.shopper();
      const buy = () => buyer.order({ items: [{ itemId, quantity: 1 }] }, "once");
      const fault = await file.shop.fault({
        function: "orders",
        afterRequests: at,
        mode: mode as "before" | "after",
      });
      expect((await buy()).status).toBe(500);
      expect(await fault.struck()).toBe(true);
      await checkBooks(file.server, `killed ${mode} ${at}`);
      expect([200, 201]).toContain((await buy()).status);
      expect(await file.shop.levels(itemId)).toEqual({ available: 1, held: 1, sold: 0 });
    }
  });
});

/** A sweep is bounded by its time, and the next one goes on: on a busy machine others have left more behind than one can do. */
async function sweepAll(): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    const { status, body } = await file.shop.admin.send("POST /admin/locks/cleanup");
    return status === 200 && body.expiredOrders === 0;
  };
  await expect.poll(isDone, { timeout: 300_000 }).toBe(true);
}

describe("the sweep, when it is asked for", () => {
  it("marks orders expired, gives units back and unlocks carts, each once @long", async () => {
    await until(Date.now() + 3_100);
    await sweepAll();
    const shopper = file.shop.shopper();
    const itemId = await file.shop.item();
    await shopper.putInCart([{ itemId, quantity: 4 }]);
    const order = await shopper.mustOrder();
    expect(await file.shop.sweep()).toMatchObject({ expiredOrders: 0, releasedLocks: 0 });
    expect((await shopper.see(order.orderId)).status).toBe("pending");

    await until(order.expiresAtMs);
    const swept = await Promise.all([file.shop.sweep(), file.shop.sweep()]);
    expect(swept.map(({ expiredOrders }) => expiredOrders).toSorted()).toEqual([0, 1]);
    // One hold and one cart.
    expect(swept.map(({ releasedLocks }) => releasedLocks).toSorted()).toEqual([0, 2]);
    expect((await shopper.see(order.orderId)).status).toBe("expired");
    expect(await file.shop.levels(itemId)).toEqual({ available: 10, held: 0, sold: 0 });
    expect((await shopper.send("GET /carts/me/default/lock")).body.isLocked).toBe(false);
    expect((await shopper.cart()).count).toBe(4);

    // Late money takes the units again.
    expect((await file.shop.tell({ type: "payment.captured", order })).status).toBe(200);
    expect((await shopper.see(order.orderId)).status).toBe("paid");
    expect(await file.shop.levels(itemId)).toEqual({ available: 6, held: 0, sold: 4 });
  });

  it("carries open refunds out, once @long", async () => {
    const shopper = file.shop.shopper();
    const itemId = await file.shop.item({ quantity: 1 });
    const order = await shopper.mustOrder({ items: [{ itemId, quantity: 1 }] });
    await until(order.expiresAtMs);
    await file.shop.shopper().mustOrder({ items: [{ itemId, quantity: 1 }] });
    expectStatus(await file.shop.tell({ type: "payment.captured", order }), 200);
    await Promise.all([file.shop.sweep(), file.shop.sweep()]);
    const refunded = await shopper.see(order.orderId);
    expect(refunded).toMatchObject({
      status: "refunded",
      payment: { refunds: [{ status: "done" }] },
    });
    await file.shop.sweep();
    expectStatus(await file.shop.tell({ type: "payment.captured", order }), 200);
    expect(await shopper.see(order.orderId)).toEqual(refunded);
  });

  it("dies at any request and leaves nothing half done; the next one finishes @long", async () => {
    const itemId = await file.shop.item({ quantity: 100 });
    const shoppers = Array.from({ length: 12 }, () => file.shop.shopper());
    const orders = await Promise.all(
      shoppers.map(async (shopper) => {
        await shopper.putInCart([{ itemId, quantity: 2 }]);
        return shopper.mustOrder();
      }),
    );
    await until(Math.max(...orders.map(({ expiresAtMs }) => expiresAtMs)));
    for (let atRequest = 1; atRequest <= 16; atRequest += 1) {
      const mode = atRequest % 2 === 0 ? "before" : "after";
      const fault = await file.shop.fault({ function: "admin", afterRequests: atRequest, mode });
      await file.shop.admin.send("POST /admin/locks/cleanup");
      await fault.struck();
      await checkBooks(file.server, `killed ${mode} ${atRequest}`);
    }
    await sweepAll();
    for (const [index, { orderId }] of orders.entries()) {
      expect((await shoppers[index]!.see(orderId)).status).toBe("expired");
      expect((await shoppers[index]!.send("GET /carts/me/default/lock")).body.isLocked).toBe(false);
    }
    expect(await file.shop.levels(itemId)).toEqual({ available: 100, held: 0, sold: 0 });
  });

  it("is not scheduled: nothing ran but what was asked for @long", async () => {
    const { body } = await file.shop.nobody.send("GET /_local/schedules");
    expect(body.schedules.filter(({ enabled }: { enabled: boolean }) => enabled)).toEqual([]);
    const calls = await file.shop.nobody.send("GET /_local/calls?function=cleanup");
    expect(calls.body.calls).toEqual([]);
  });

  it("does the same when its schedule runs it, and drops locks whose lease is over @long", async () => {
    const shopper = file.shop.shopper();
    for (const [docId, ttl] of Object.entries({ "left-open": 1, "at work": 300 })) {
      expectStatus(await shopper.send("POST /api/lock/acquire", { body: { docId, ttl } }), 200);
    }
    await shopper.putInCart([{ itemId: await file.shop.item(), quantity: 1 }]);
    const order = await shopper.mustOrder();
    await until(order.expiresAtMs);
    const run = await file.shop.nobody.send("POST /_local/schedules/sweep");
    expect(run).toMatchObject({ status: 200, body: { outcome: "succeeded" } });
    expect((await shopper.see(order.orderId)).status).toBe("expired");
    expect((await shopper.send("GET /carts/me/default/lock")).body.isLocked).toBe(false);
    const atWork = await shopper.send("GET /api/lock/status/at%20work");
    expect(atWork).toMatchObject({ status: 200, body: { isLocked: true } });
    await expect
      .poll(
        async () =>
          (await file.shop.admin.send("GET /admin/audit?subject=lock/document/left-open")).body,
      )
      .toMatchObject({ entries: [{ action: "lock.expired" }, { action: "lock.acquired" }] });
  });
});
