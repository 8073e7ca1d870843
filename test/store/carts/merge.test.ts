/** Guest to member on the real engine: all of a cart moves, or nothing does. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { createCartWorld } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { errorOf, giveItem, metered } from "../../support/world.ts";

const time = createTestClock();
let world: Awaited<ReturnType<typeof createCartWorld>>;
let serial = 0;
let guest: { userId: string; sessionId: string };
let member: typeof guest;

const actor = { id: "alice" };
const at = (address: typeof guest, instance = "menu") => ({ ...address, instance, actor });
const merge = (strategy: "sum" | "max" | "keep") =>
  world.shop.merge({ ...member, fromSessionId: guest.sessionId, strategy, actor });

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), time.clock);
  await giveItem(world, { itemId: "soup" });
  await giveItem(world, { itemId: "bread", amountMinor: 200 });
  await giveItem(world, { itemId: "taco", currency: "USD" });
});

beforeEach(async () => {
  serial += 1;
  guest = { userId: "alice", sessionId: `guest${serial}` };
  member = { userId: "alice", sessionId: `member${serial}` };
  await world.shop.addLine(at(member), { itemId: "soup", quantity: 2 });
  await world.shop.addLine(at(guest), { itemId: "soup", quantity: 3 });
  time.advance(1);
  await world.shop.addLine(at(guest), { itemId: "bread", quantity: 1 });
  await world.shop.setMetadata(at(guest), "note", "guest");
  await world.shop.setMetadata(at(member), "note", "member");
});

describe("merging", () => {
  it.each([
    ["sum", 5],
    ["max", 3],
    ["keep", 2],
  ] as const)("by %s leaves %i of what both had, and all else of both", async (strategy, soup) => {
    const { result, meter } = await metered(() => merge(strategy));
    expect(meter.requests).toBe(2);
    const stored = await world.shop.get(member);
    expect(cartInstanceView(stored, "menu")).toEqual(cartInstanceView(result, "menu"));
    expect(cartInstanceView(stored, "menu")).toMatchObject({
      items: [
        { itemId: "soup", quantity: soup },
        { itemId: "bread", quantity: 1 },
      ],
      metadata: { note: "member" },
      totalMinor: soup * 1_000 + 200,
      version: result.version,
    });
    const left = await world.shop.get(guest);
    expect(left.instances.size).toBe(0);
    const again = await metered(() => merge(strategy));
    expect(again.meter.requests).toBe(1);
    expect(again.result.version).toBe(result.version);
  });

  it("is refused with 423 when either cart is being paid for @long", async () => {
    for (const address of [guest, member]) {
      await world.shop.lockCart({ ...address, orderId: "ord_1", leaseMs: 60_000, actor });
      const { result, meter } = await metered(() => errorOf(merge("sum")));
      expect(result).toMatchObject({ code: "CART_LOCKED" });
      expect(meter.requests).toBe(1);
      await world.shop.unlockCart({ ...address, orderId: "ord_1", actor });
    }
    expect(cartInstanceView(await world.shop.get(guest), "menu").count).toBe(4);
    expect(cartInstanceView(await world.shop.get(member), "menu").count).toBe(2);
  });

  it("of two currencies in one instance is refused; in different instances they stand side by side @long", async () => {
    await world.shop.putItems(at(guest), [{ itemId: "taco", quantity: 1 }]);
    expect(await errorOf(merge("sum"))).toMatchObject({ code: "CURRENCY_MISMATCH" });
    await world.shop.putItems(at(guest), []);
    await world.shop.putItems(at(guest, "wishlist"), [{ itemId: "taco", quantity: 1 }]);
    expect(cartInstanceView(await merge("sum"), "wishlist").currency).toBe("USD");
  });

  it("with itself is refused, and with nothing creates nothing", async () => {
    const itself = { ...member, fromSessionId: member.sessionId, strategy: "sum", actor } as const;
    expect(await errorOf(world.shop.merge(itself))).toMatchObject({ code: "INVALID_REQUEST" });
    const empty = await world.shop.merge({
      userId: "alice",
      sessionId: "no1",
      fromSessionId: "no2",
      strategy: "sum",
      actor,
    });
    expect(empty.version).toBe(0);
    expect(await world.database.get("Carts", { cartId: "alice/no1" })).toBeUndefined();
  });

  it("moves everything once when edits and merges race @long", async () => {
    const edits = Array.from({ length: 10 }, () =>
      world.shop.addLine(at(guest), { itemId: "soup", quantity: 1 }),
    );
    await Promise.all([...edits, merge("sum"), merge("sum")]);
    const [left, right] = [await world.shop.get(guest), await world.shop.get(member)];
    expect(cartInstanceView(left, "menu").count + cartInstanceView(right, "menu").count).toBe(
      4 + 2 + 10,
    );
  });

  it("survives a lost answer", async () => {
    world.loseAnswers(1);
    expect(cartInstanceView(await merge("sum"), "menu").count).toBe(6);
    expect(cartInstanceView(await world.shop.get(member), "menu").count).toBe(6);
  });
});
