/** Many writers of one cart at once: no line is ever lost, in any storage mode. */
import { setTimeout as sleep } from "node:timers/promises";
import { assert, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { systemClock } from "../../../shared/base/time.ts";
import { selectInstance, VersionMismatch } from "../../../shared/carts/model/cart.ts";
import { withLines } from "../../../shared/carts/model/cart-lines.ts";
import { makeEdit, editWrite } from "../../../shared/carts/storage/cart-edits.ts";
import { replaceWrite, withInstance } from "../../../shared/carts/editing/cart-replacement.ts";
import type { CartService } from "../../../shared/carts/cart-service.ts";
import type { CartStorage } from "../../../shared/carts/model/cart.ts";
import { createCartWorld } from "../../support/cart-world.ts";
import { giveItem } from "../../support/world.ts";

let world: Awaited<ReturnType<typeof createCartWorld>>;
let serial = 0;
let session = "";

const many = Array.from({ length: 200 }, (_, index) => `item-${String(index).padStart(3, "0")}`);
const fifty = many.slice(0, 50);
const modes: CartStorage[] = ["versioned", "locking"];

const at = (expectedVersion?: number) => ({
  userId: "alice",
  sessionId: session,
  instance: "menu",
  actor: { id: "alice" },
  ...(expectedVersion === undefined ? {} : { expectedVersion }),
});
const wanted = (itemId: string) => ({ itemId, quantity: 1 });
const lines = async () =>
  (await world.shop.getItems(at())).items.map(({ itemId }) => itemId).toSorted();
const all = <T>(work: (itemId: string) => Promise<T>, itemIds: readonly string[]) =>
  Promise.all(itemIds.map(work));

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), systemClock, {
    // A busy machine must not look like a lost line.
    lockTimeoutMs: 50_000,
  });
  await all((itemId) => giveItem(world, { itemId }), many);
});

beforeEach(() => {
  session = `s${(serial += 1)}`;
});

describe.each(modes)("in %s mode", (mode) => {
  let shops: CartService[];
  beforeEach(() => {
    // Each worker has a service of its own, as Lambda instances do.
    shops = Array.from({ length: 5 }, () => world.service(mode));
  });
  const shopOf = (itemId: string) => shops[many.indexOf(itemId) % shops.length]!;

  it("200 parallel adds of 200 different items are all there @long", async () => {
    await all((itemId) => shopOf(itemId).addLine(at(), wanted(itemId)), many);
    expect(await lines()).toEqual(many);
  });

  it("50 parallel adds of one item add up", async () => {
    const { version } = await world.shop.get(at());
    await all(() => shopOf(many[0]!).addLine(at(), wanted("item-000")), fifty);
    const cart = await world.shop.get(at());
    expect(selectInstance(cart, "menu").lines).toMatchObject([{ quantity: 50 }]);
    expect(version).toBe(0);
  });

  it("50 writers that read the collection, add a line and replace it lose no line @long", async () => {
    let rounds = 0;
    const adding = (itemId: string) => (items: readonly { itemId: string; quantity: number }[]) => {
      rounds += 1;
      return [...items, wanted(itemId)];
    };
    const add = async (itemId: string): Promise<unknown> => {
      try {
        return await shopOf(itemId).updateItems(at(), adding(itemId), { reads: [itemId] });
      } catch (error) {
        // On a machine too busy for its patience a writer says so, and has changed nothing.
        if (error instanceof HoldfastError && error.code === "TRY_AGAIN") return add(itemId);
        throw error;
      }
    };
    await all(add, fifty);
    expect(await lines()).toEqual(fifty);
    // The lock covers the read too: what a writer has read under it is still so when it writes.
    if (mode === "locking") assert.equal(rounds, fifty.length);
  });
});

describe("writers that see what they replace", () => {
  it("with If-Match, and once more after each 412, lose no line @long", async () => {
    await all(async (itemId) => {
      for (;;) {
        const { items, version } = await world.shop.getItems(at());
        try {
          await world.shop.putItems(at(version), [...items, wanted(itemId)]);
          return;
        } catch (error) {
          if (!(error instanceof VersionMismatch)) throw error;
          await sleep(Math.random() * 200);
        }
      }
    }, fifty);
    expect(await lines()).toEqual(fifty);
  });
});

describe("these tests would tell", () => {
  it("a lock around the write alone: it saves nobody's line @long", async () => {
    const shop = world.service("locking");
    await all(async (itemId) => {
      const { items } = await shop.getItems(at());
      await shop.putItems(at(), [...items, wanted(itemId)]);
    }, fifty);
    expect((await lines()).length).toBeLessThan(fifty.length);
  });

  it("a write without any guard: it loses lines too", async () => {
    await all(async (itemId) => {
      const read = await world.contents.read([`alice/${session}`], [itemId]);
      const cart = read.carts[0]!;
      const edit = makeEdit(at(), "cart.items_replaced", systemClock());
      const present = selectInstance(cart, "menu");
      const kept = present.lines.map((line) => wanted(line.itemId));
      const next = withLines(present, [...kept, wanted(itemId)], read.items, edit.nowMs);
      const guarded = replaceWrite(edit, cart, withInstance(cart, next));
      const { condition } = editWrite(edit, { change: {} });
      await world.database.apply({ ...guarded, condition });
    }, fifty);
    expect((await lines()).length).toBeLessThan(fifty.length);
  });
});
