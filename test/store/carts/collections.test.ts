/** Whole collections on the real engine: version checks, locking mode, what each costs and refuses. */
import { beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { createCartService } from "../../../shared/carts/cart-service.ts";
import { cartInstanceView } from "../../../shared/carts/model/cart-view.ts";
import { collectionLockName } from "../../../shared/carts/editing/collection-guard.ts";
import { createCartWorld } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { errorOf, giveItem, metered } from "../../support/world.ts";

const time = createTestClock();
let world: Awaited<ReturnType<typeof createCartWorld>>;
let serial = 0;
let address: { userId: string; sessionId: string };

const at = (instance = "menu", expectedVersion?: number) => ({
  ...address,
  instance,
  actor: { id: address.userId },
  ...(expectedVersion === undefined ? {} : { expectedVersion }),
});
const list = (...itemIds: string[]) => itemIds.map((itemId) => ({ itemId, quantity: 1 }));
const idsOf = (cart: Parameters<typeof cartInstanceView>[0], instance = "menu") =>
  cartInstanceView(cart, instance).items.map(({ itemId }) => itemId);

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), time.clock);
  for (let index = 0; index < 99; index += 1) await giveItem(world, { itemId: `i${index}` });
  await giveItem(world, { itemId: "taco", currency: "USD" });
});

beforeEach(() => {
  address = { userId: "alice", sessionId: `s${(serial += 1)}` };
});

describe("version checks", () => {
  it("replace all lines in their order with 2 requests: one batched read and one write", async () => {
    await world.shop.addLine(at("other"), { itemId: "i5", quantity: 4 });
    await world.shop.setMetadata(at(), "k", 1);
    const { result, meter } = await metered(() =>
      world.shop.putItems(at(), list("i3", "i1", "i2")),
    );
    expect(meter.requests).toBe(2);
    expect(idsOf(result)).toEqual(["i3", "i1", "i2"]);
    expect(cartInstanceView(result, "menu").metadata).toEqual({ k: 1 });
    expect(cartInstanceView(result, "other").count).toBe(4);
    expect(await world.shop.get(address)).toMatchObject({ version: result.version });
    const emptied = await world.shop.putItems(at(), []);
    expect(cartInstanceView(emptied, "menu")).toMatchObject({
      items: [],
      currency: null,
      metadata: { k: 1 },
    });
  });

  it("replace 99 lines with 2 requests", async () => {
    const all = list(...Array.from({ length: 99 }, (_, index) => `i${index}`));
    const { meter } = await metered(() => world.shop.putItems(at(), all));
    expect(meter.requests).toBe(2);
  });

  it("with If-Match replace only what was seen; a stale version costs 1 request", async () => {
    const first = await world.shop.putItems(at("menu", 0), list("i1"));
    const second = await world.shop.putItems(at("menu", first.version), list("i2"));
    const { result, meter } = await metered(() =>
      errorOf(world.shop.putItems(at("menu", first.version), list("i3"))),
    );
    expect(result).toMatchObject({
      code: "VERSION_MISMATCH",
      fields: { currentVersion: second.version },
    });
    expect(meter.requests).toBe(1);
    expect(idsOf(await world.shop.get(address))).toEqual(["i2"]);
  });

  it("plan again from what they find when the cart moved between read and write @long", async () => {
    await world.shop.putItems(at(), list("i1"));
    let rounds = 0;
    const { result, meter } = await metered(() =>
      world.shop.updateItems(
        at(),
        async (items) => {
          rounds += 1;
          if (rounds === 1) await world.shop.addLine(at("other"), { itemId: "i9", quantity: 1 });
          if (rounds === 2) await world.shop.addLine(at(), { itemId: "i8", quantity: 1 });
          return [...items, { itemId: "i2", quantity: 1 }];
        },
        { reads: ["i2"] },
      ),
    );
    expect(idsOf(result)).toEqual(["i1", "i8", "i2"]);
    expect(idsOf(result, "other")).toEqual(["i9"]);
    expect(meter.requests - 2 * 2).toBe(1 + 3);
  });

  it("refuse what cannot be a cart, and change nothing", async () => {
    await world.shop.putItems(at(), list("i1"));
    const before = await world.rowOf(makeCartId(address.userId, address.sessionId));
    const many = Array.from({ length: 201 }, (_, index) => ({ itemId: `x${index}`, quantity: 1 }));
    const refusals: [string, () => Promise<unknown>][] = [
      ["ITEM_NOT_FOUND", () => world.shop.putItems(at(), list("i1", "ghost"))],
      ["CURRENCY_MISMATCH", () => world.shop.putItems(at(), list("i1", "taco"))],
      ["INVALID_REQUEST", () => world.shop.putItems(at(), list("i1", "i2", "i1"))],
      ["TOO_LARGE", () => world.shop.putItems(at(), many)],
      ["TOO_LARGE", () => world.shop.updateItems(at(), () => many)],
    ];
    for (const [code, attempt] of refusals) {
      expect(await errorOf(attempt())).toMatchObject({ code });
    }
    expect(await world.rowOf(makeCartId(address.userId, address.sessionId))).toBe(before);
  });

  it("replace conditions, clear an instance, and leave the others alone @long", async () => {
    await world.shop.putItems(at(), list("i1"));
    await world.shop.putItems(at("other"), list("i2"));
    const vat = { name: "vat", type: "tax", target: "total", value: "+19%", order: 1 } as const;
    const cart = await world.shop.putConditions(at(), [vat]);
    expect(cartInstanceView(cart, "menu")).toMatchObject({ conditions: [vat], totalMinor: 1_190 });
    const cleared = await metered(() => world.shop.clear(at()));
    expect(cleared.meter.requests).toBe(2);
    // What administrators set stays: a shopper who empties a cart is not rid of its tax.
    expect(cartInstanceView(cleared.result, "menu")).toMatchObject({
      items: [],
      conditions: [vat],
    });
    const again = await metered(() => world.shop.clear(at()));
    expect(again.meter.requests).toBe(1);
    expect(await world.shop.getVersion(address)).toBe(cleared.result.version);
    expect((await world.shop.getItems(at("other"))).items).toMatchObject([{ itemId: "i2" }]);
  });
});

describe("locking mode", () => {
  const held = (collection: "items" | "conditions", instance = "menu", leaseMs = 60_000) =>
    world.locks.acquire({
      resource: collectionLockName(at(instance), collection),
      owner: { userId: "somebody" },
      leaseMs,
    });

  it("replaces, updates, clears with at most 4 requests, acquire and release included @long", async () => {
    const shop = world.service("locking");
    const put = await metered(() => shop.putItems(at(), list("i1", "i2")));
    expect(put.meter.requests).toBe(4);
    const more = await metered(() =>
      shop.updateItems(at(), (items) => [...items, ...list("i3")], { reads: ["i3"] }),
    );
    expect(more.meter.requests).toBe(4);
    expect(idsOf(more.result)).toEqual(["i1", "i2", "i3"]);
    const fewer = await metered(() => shop.updateItems(at(), (items) => items.slice(1)));
    expect(fewer.meter.requests).toBe(4);
    expect((await metered(() => shop.putConditions(at(), []))).meter.requests).toBe(4);
    expect((await metered(() => shop.putMetadata(at(), "k", 1))).meter.requests).toBe(3);
    expect((await metered(() => shop.clear(at()))).meter.requests).toBe(4);
    expect(await world.locks.find(collectionLockName(at(), "items"))).toBeUndefined();
  });

  it("waits in vain for a held lock: LOCK_TIMEOUT, and nothing is changed @long", async () => {
    await world.shop.putItems(at(), list("i1"));
    const before = await world.rowOf(makeCartId(address.userId, address.sessionId));
    const shop = world.service("locking", 300);
    await held("items");
    expect(await errorOf(shop.putItems(at(), list("i2")))).toMatchObject({
      code: "LOCK_TIMEOUT",
      fields: { waitedMs: expect.toSatisfy((waited: number) => waited >= 300) },
    });
    expect(await world.rowOf(makeCartId(address.userId, address.sessionId))).toBe(before);
    // Other instances, other collections, other carts, and edits of single keys do not wait.
    await shop.putItems(at("other"), list("i2"));
    await shop.putConditions(at(), []);
    await shop.addLine(at(), { itemId: "i4", quantity: 1 });
    address = { userId: "bob", sessionId: address.sessionId };
    await shop.putItems(at(), list("i2"));
  });

  it("gives the lock back when the work throws", async () => {
    const shop = world.service("locking");
    const failure = new Error("no");
    const attempt = shop.updateItems(at(), () => {
      throw failure;
    });
    expect(await errorOf(attempt)).toBe(failure);
    expect(await world.locks.find(collectionLockName(at(), "items"))).toBeUndefined();
  });

  it("loses nothing even when a lock runs out under a slow writer @long", async () => {
    const shop = world.service("locking");
    await shop.putItems(at(), list("i1"));
    let rounds = 0;
    const cart = await shop.updateItems(at(), async (items) => {
      rounds += 1;
      if (rounds === 1) {
        // Whoever takes over the lock of a writer that sleeps writes first.
        await world.locks.forceRelease({
          resource: collectionLockName(at(), "items"),
          actor: { id: "root" },
        });
        await shop.updateItems(at(), (theirs) => [...theirs, ...list("i2")]);
      }
      return [...items, ...list("i3")];
    });
    expect(idsOf(cart)).toEqual(["i1", "i2", "i3"]);
  });

  it("without a lock store falls back to version checks, with one warning", async () => {
    const warn = vi.fn<(message: string) => void>();
    const logger = { debug() {}, info() {}, warn, error() {} };
    const parts = { ...world.parts, logger };
    const shop = createCartService({ ...parts, storage: "locking" });
    const { meter } = await metered(() => shop.putItems(at(), list("i1")));
    expect(meter.requests).toBe(2);
    await shop.putItems(at(), list("i2"));
    expect(warn).toHaveBeenCalledTimes(1);
    let rounds = 0;
    const cart = await shop.updateItems(at(), async (items) => {
      rounds += 1;
      if (rounds === 1) await shop.putItems(at(), list("i2", "i5"));
      return [...items, ...list("i6")];
    });
    expect(idsOf(cart)).toEqual(["i2", "i5", "i6"]);
  });
});
