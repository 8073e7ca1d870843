/** Whoever ends an order has read it a little before: meanwhile its deadline moved, or it went to somebody else. */
import { InvariantBroken, type World } from "../scheduler/world.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { Expect } from "./key-scene.ts";
import type { System } from "./system.ts";

const root = { id: "root" };
const sweep = { id: "system:sweep" };
const payable = "ORDER_NOT_PAYABLE";

/** The people of these scenes, and a process whose clock is a little behind the others'. */
interface Stage {
  readonly world: World;
  readonly expect: Expect;
  readonly behind: System;
}

async function item({ expect }: Stage, itemId: string): Promise<void> {
  const price = { amountMinor: 1_000, currency: "EUR" };
  const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: 4 };
  await expect("S1", "ok", "createItem", ({ inventory }) =>
    inventory.create({ ...facts, holdPolicy: "counted" }, root),
  );
}

/** An order of one unit, as it is read right after. */
async function read({ expect }: Stage, userId: string, itemId: string): Promise<Order> {
  let found: Order | undefined;
  await expect("S2", "ok", `place by ${userId}`, async ({ orders }) => {
    const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
    const wish = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" as const };
    found = (await orders.place({ ...wish, idempotencyKey: itemId })).order;
  });
  return found!;
}

const own = ({ userId, orderId }: Order) => ({
  orderId,
  caller: { userId, isAdmin: false },
  actor: { id: userId },
});

function mustBe({ world }: Stage, { orderId }: Order, status: string, invariant: string): void {
  const found = world.engine.table("Orders").get({ orderId })?.["status"];
  if (found === status) return;
  throw new InvariantBroken(invariant, `the order is ${String(found)}, not ${status}`);
}

/** Two hold until one instant, and one of them moves on: who cancels that one gives back its units, not the other's. */
async function cancelledWhereItMoved(stage: Stage): Promise<void> {
  const { world, expect } = stage;
  const itemId = "edge-moved";
  await item(stage, itemId);
  const [alices, bobs] = [await read(stage, "alice", itemId), await read(stage, "bob", itemId)];
  await expect("S7", "ok", "initiate", ({ payments }) => payments.initiate(own(alices)));
  await expect("S3", "ok", "cancel", ({ orders }) => orders.end(alices, { id: "alice" }));
  mustBe(stage, alices, "cancelled", "S3");
  const { available } = world.engine.table("Stock").get({ itemId, shard: 0 })!;
  if (available !== 3) throw new InvariantBroken("S3", `3 can be bought, not ${String(available)}`);
  await expect("S5", "ok", "initiate", ({ payments }) => payments.initiate(own(bobs)));
}

/** A guest has handed the order over: it is not the guest's to end any more. */
async function endedByWhoHadIt(stage: Stage): Promise<void> {
  const { expect } = stage;
  const itemId = "edge-handed";
  await item(stage, itemId);
  const order = await read(stage, "guest", itemId);
  const { orderId, caller, actor } = own(order);
  await expect("X1", "ok", "claim", async ({ orders }) => {
    const { claim } = await orders.offerClaim(orderId, caller, actor);
    await orders.claim({ orderId, claim, userId: "member", actor: { id: "member" } });
  });
  await expect("X1", "ORDER_NOT_FOUND", "cancel", ({ orders }) => orders.end(order, actor));
  mustBe(stage, order, "pending", "X1");
}

/** An order is expired at its end and no millisecond sooner, whoever believes that it is over. */
async function expiredAtItsEnd(stage: Stage): Promise<void> {
  const { world, expect } = stage;
  const itemId = "edge-early";
  await item(stage, itemId);
  const order = await read(stage, "alice", itemId);
  const expire = ({ orders }: System) => orders.expire(order, sweep);
  await world.sleep(order.expiresAtMs - 1 - world.nowMs);
  await expect("S5", payable, "expire", expire);
  await world.sleep(order.expiresAtMs - world.nowMs);
  await expect("S3", "ok", "expire", expire);
  mustBe(stage, order, "expired", "S3");
}

/** A sweep reads that an order is over; where a clock is behind, a payment starts after all, and moves its end. */
async function expiredWhereItMoved(stage: Stage): Promise<void> {
  const { world, expect, behind } = stage;
  const itemId = "edge-stale";
  await item(stage, itemId);
  const order = await read(stage, "alice", itemId);
  await world.sleep(order.expiresAtMs - world.nowMs);
  await expect("S7", "ok", "initiate", () => behind.payments.initiate(own(order)));
  await expect("S5", payable, "expire", ({ orders }) => orders.expire(order, sweep));
  mustBe(stage, order, "pending", "S5");
}

/** All four, one after the other. */
export async function playEndings(stage: Stage): Promise<void> {
  await cancelledWhereItMoved(stage);
  await endedByWhoHadIt(stage);
  await expiredWhereItMoved(stage);
  await expiredAtItsEnd(stage);
}
