/** Plain items for which several orders come at once: what is remembered of them, and who waits for whom. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { changeNote } from "../../../shared/base/actor.ts";
import { later } from "../../../shared/base/time.ts";
import { claimTurnWrite } from "../../../shared/inventory/hot/spread-store.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { createShop } from "../../../shared/shop.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";
import { Contended } from "../../../shared/table/retry.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import {
  createWorld,
  errorOf,
  giveItem,
  metered,
  wholeHoldMs,
  type World,
} from "../../support/world.ts";

let world: World;
let time: TestClock;
let itemId: string;
let serial = 0;

type Shop = ReturnType<typeof createShop>;

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
});

beforeEach(async () => {
  itemId = `item-${(serial += 1)}`;
  await giveItem(world, { itemId, quantity: 1 });
});

/** A process of its own, which remembers nothing; its first so many orders meet others at the item. */
function openShop({ meetings = 0, database = world.database } = {}): Shop {
  let left = meetings;
  const transact: typeof database.transact = async (writes, ...more) => {
    const at = writes.findIndex(({ table }) => table === "Stock");
    if (at < 0 || (left -= 1) < 0) return database.transact(writes, ...more);
    throw new Contended({ kind: "busy", because: "conflict", at: [at] });
  };
  return createShop({
    ...world.parts,
    database: { ...database, transact },
    // Nobody is one of the quick ones who take a first meeting for a crowd.
    random: () => 0.9,
    sleep: async (durationMs) => time.advance(durationMs),
  });
}

async function place(as: Shop, idempotencyKey = `key-${(serial += 1)}`): Promise<Order> {
  const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
  const request = { userId: "alice", actor: { id: "alice" }, source, idempotencyKey };
  return (await as.orders.place({ ...request, paymentMethod: "sandbox" })).order;
}

const cancel = ({ orderId }: Order) =>
  world.orders.cancel(orderId, { userId: "alice", isAdmin: false }, { id: "alice" });

const refusal = { code: "ITEMS_UNAVAILABLE" };

describe("a plain item that is sold out", () => {
  it("is remembered for a moment by who met others at it: the next ones cost one request, no write", async () => {
    const order = await place(openShop(), "first");
    const shop = openShop({ meetings: 1 });
    expect(await errorOf(place(shop))).toMatchObject(refusal);
    const { result, meter } = await metered(() => errorOf(place(shop)));
    expect(result).toMatchObject({
      ...refusal,
      fields: { failedItems: [{ itemId, reason: "insufficient_stock", available: 0 }] },
    });
    expect(meter).toMatchObject({ requests: 1, writeUnits: 0 });
    // The request that got the unit is told so, whatever is remembered.
    expect((await place(shop, "first")).orderId).toBe(order.orderId);
    await cancel(order);
    time.advance(250);
    await place(shop);
  });

  it("is not remembered by who met nobody: a unit that comes back is to be had at once", async () => {
    const order = await place(openShop());
    const shop = openShop();
    expect(await errorOf(place(shop))).toMatchObject(refusal);
    await cancel(order);
    await place(shop);
  });

  it("is remembered no longer than the next hold lasts: whoever comes then gets the unit", async () => {
    const { expiresAtMs } = await place(openShop());
    const shop = openShop({ meetings: 1 });
    time.to(expiresAtMs - 100);
    expect(await errorOf(place(shop))).toMatchObject(refusal);
    time.to(expiresAtMs);
    await place(shop);
  });
});

describe("an item that somebody spreads over rows just now", () => {
  /** Has the turn, and dies. */
  const claim = async (): Promise<void> => {
    const nowMs = time.clock();
    const note = changeNote("stock.turning", { id: "system:crowd" }, nowMs);
    const times = { nowMs, untilMs: later(nowMs, 1_000) };
    await world.database.apply(claimTurnWrite({ itemId }, { ...times, note }));
  };

  it("is waited for by an order, at most until the turn is over", async () => {
    await claim();
    const startedAtMs = time.clock();
    await place(openShop());
    expect(time.clock() - startedAtMs).toBeGreaterThanOrEqual(1_000);
    expect(time.clock() - startedAtMs).toBeLessThan(2_000);
  });

  it("is given up by who has less patience than that: nothing was changed, and the request gets it later", async () => {
    await claim();
    const nowMs = time.clock();
    const times = { deadlineMs: nowMs + 28_000, patientUntilMs: later(nowMs, 500) };
    const impatient = runOperation({ meter: newMeter(), ...times }, () =>
      errorOf(place(openShop(), "late")),
    );
    expect(await impatient).toMatchObject({ code: "TRY_AGAIN" });
    expect(await findStock(world.database, itemId)).toMatchObject({ available: 1, held: 0 });
    time.advance(1_000);
    await place(openShop(), "late");
  });

  it("keeps an order away that had read it before: it waits as well, and no second unit is sold", async () => {
    let isClaimed = false;
    const transact: typeof world.database.transact = async (...given) => {
      if (!isClaimed) await claim();
      isClaimed = true;
      return world.database.transact(...given);
    };
    const startedAtMs = time.clock();
    await place(openShop({ database: { ...world.database, transact } }));
    expect(time.clock() - startedAtMs).toBeGreaterThanOrEqual(1_000);
    expect(await errorOf(place(openShop()))).toMatchObject(refusal);
    time.advance(wholeHoldMs);
    await place(openShop());
  });
});
