/** Edits under idempotency keys on the real engine: done once for a day, whatever happens to the cart meanwhile. */
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { Cart } from "../../../shared/carts/model/cart.ts";
import { makeCartId, selectInstance } from "../../../shared/carts/model/cart.ts";
import type { EditRequest } from "../../../shared/carts/storage/cart-edits.ts";
import { keyedRequest, keyLifeMs } from "../../../shared/table/request-memory.ts";
import { createCartWorld } from "../../support/cart-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { errorOf, giveItem, metered } from "../../support/world.ts";

const time = createTestClock();
let world: Awaited<ReturnType<typeof createCartWorld>>;
let serial = 0;
let address: { userId: string; sessionId: string; instance: string; actor: { id: string } };

beforeAll(async () => {
  world = await createCartWorld(inject("dynamoDbEndpoint"), time.clock);
  await giveItem(world, { itemId: "soup", amountMinor: 450 });
  await giveItem(world, { itemId: "bread", amountMinor: 120 });
});

beforeEach(() => {
  serial += 1;
  address = { userId: "alice", sessionId: `s${serial}`, instance: "menu", actor: { id: "alice" } };
});

const keyedBy = (key: string, content: unknown = "same", userId = "alice") =>
  keyedRequest(userId, `${key} ${serial}`, content);
const cartId = () => makeCartId(address.userId, address.sessionId);
const lines = (cart: Cart) =>
  selectInstance(cart, "menu").lines.map(({ itemId, quantity }) => `${quantity} ${itemId}`);

type Edit = (request: EditRequest) => Promise<Cart>;
const once = (edit: Edit, keyed = keyedBy("k")) => {
  const request = { ...address, keyed };
  return world.shop.once(request, () => edit(request));
};

const vat = { name: "vat", type: "tax", target: "total", value: "+19%", order: 1 } as const;
const fee = { name: "fee", type: "fee", target: "total", value: "+100", order: 2 } as const;

/** Every edit there is, and how many requests it takes without and with a key. */
const edits: [name: string, requests: number, keyed: number, edit: Edit][] = [
  ["addLine", 2, 3, (at) => world.shop.addLine(at, { itemId: "bread", quantity: 1 })],
  ["changeQuantity", 1, 2, (at) => world.shop.changeQuantity(at, "soup", 7)],
  ["changeQuantity to 0", 1, 2, (at) => world.shop.changeQuantity(at, "soup", 0)],
  ["removeLine", 1, 2, (at) => world.shop.removeLine(at, "soup")],
  ["putItems", 2, 2, (at) => world.shop.putItems(at, [{ itemId: "bread", quantity: 3 }])],
  ["clear", 2, 2, (at) => world.shop.clear(at)],
  ["setCondition", 1, 2, (at) => world.shop.setCondition(at, fee)],
  ["removeCondition", 1, 2, (at) => world.shop.removeCondition(at, "vat")],
  ["putConditions", 2, 2, (at) => world.shop.putConditions(at, [fee])],
  ["setMetadata", 1, 2, (at) => world.shop.setMetadata(at, "gift", "no")],
  ["removeMetadata", 1, 2, (at) => world.shop.removeMetadata(at, "gift")],
  [
    "merge",
    2,
    2,
    (at) => world.shop.merge({ ...at, fromSessionId: `guest${serial}`, strategy: "sum" }),
  ],
];

async function fill(): Promise<void> {
  await world.shop.addLine(address, { itemId: "soup", quantity: 2 });
  await world.shop.setCondition(address, vat);
  await world.shop.setMetadata(address, "gift", "yes");
  const guest = { ...address, sessionId: `guest${serial}` };
  await world.shop.addLine(guest, { itemId: "soup", quantity: 1 });
}

describe.each(edits)("%s", (_name, plain, keyedCost, edit) => {
  it("is done once, at the cost of its key, and leaves what others did since alone @long", async () => {
    await fill();
    const { meter, result: first } = await metered(() => once(edit));
    expect(meter.requests).toBe(keyedCost);
    expect(first.isReplayed).toBe(false);
    expect(await world.shop.get(address)).toEqual(withoutRow(first.cart));

    // Another tab goes on: everything is as it was before, and the cart locked on top of it.
    await fill();
    await world.shop.lockCart({ ...address, orderId: "ord_1", leaseMs: 60_000 });
    const before = await world.rowOf(cartId());
    const again = await once(edit);
    expect(again.isReplayed).toBe(true);
    expect(await world.rowOf(cartId())).toBe(before);
    expect(withoutRow(again.cart)).toEqual(await world.shop.get(address));
  });

  it("costs without a key what it did @long", async () => {
    await fill();
    const { meter } = await metered(() => edit(address));
    expect(meter.requests).toBe(plain);
  });

  it("is refused under a key of another request, before whatever else speaks against it @long", async () => {
    await fill();
    await once((at) => world.shop.setMetadata(at, "note", 1), keyedBy("k", "another"));
    await world.shop.lockCart({ ...address, orderId: "ord_1", leaseMs: 60_000 });
    const before = await world.rowOf(cartId());
    expect(await errorOf(once(edit))).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
    expect(await world.rowOf(cartId())).toBe(before);
  });

  it("that came twice at once is done once @long", async () => {
    await fill();
    const both = await Promise.all([once(edit), once(edit), once(edit)]);
    expect(both.filter(({ isReplayed }) => !isReplayed)).toHaveLength(1);
    const alone = { ...address, sessionId: `alone${serial}` };
    address = alone;
    await fill();
    const expected = await edit(address);
    expect(lines(both[0]!.cart)).toEqual(lines(expected));
  });
});

it("a key is bound for a day, however many others follow, and no longer @long", async () => {
  await fill();
  const add: Edit = (at) => world.shop.addLine(at, { itemId: "soup", quantity: 1 });
  await once(add);
  for (let other = 0; other < 12; other += 1) {
    await once((at) => world.shop.setMetadata(at, "n", other), keyedBy(`other${other}`));
  }
  time.advance(keyLifeMs - 1);
  expect(await once(add)).toMatchObject({ isReplayed: true });
  expect(await errorOf(once(add, keyedBy("k", "another")))).toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  expect(lines(await world.shop.get(address))).toEqual(["3 soup"]);
  time.advance(1);
  expect(await once(add, keyedBy("k", "another"))).toMatchObject({ isReplayed: false });
  expect(lines(await world.shop.get(address))).toEqual(["4 soup"]);
});

it("a key binds one cart, and is its user's own", async () => {
  const add: Edit = (at) => world.shop.addLine(at, { itemId: "soup", quantity: 1 });
  await once(add, keyedBy("k", ["cart 1"]));
  address = { ...address, sessionId: `other${serial}` };
  expect(await errorOf(once(add, keyedBy("k", ["cart 2"])))).toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  expect(await once(add, keyedBy("k", ["cart 2"], "bob"))).toMatchObject({ isReplayed: false });
});

describe("an edit that has nothing to change", () => {
  const idle: [string, Edit][] = [
    ["clear", (at) => world.shop.clear(at)],
    ["removeCondition", (at) => world.shop.removeCondition(at, "vat")],
    ["removeMetadata", (at) => world.shop.removeMetadata(at, "gift")],
    ["removeCode", (at) => world.shop.removeCode(at, "SUMMER")],
    [
      "merge",
      (at) => world.shop.merge({ ...at, fromSessionId: `guest${serial}`, strategy: "sum" }),
    ],
  ];

  it.each(idle)("%s is done all the same: what comes later is not its own", async (_name, edit) => {
    expect(await once(edit)).toMatchObject({ isReplayed: false });
    await fill();
    const before = await world.rowOf(cartId());
    expect(await once(edit)).toMatchObject({ isReplayed: true });
    expect(await world.rowOf(cartId())).toBe(before);
  });
});

it("an edit that was refused has used no key up", async () => {
  await fill();
  const remove: Edit = (at) => world.shop.removeLine(at, "bread");
  expect(await errorOf(once(remove))).toMatchObject({ code: "CART_LINE_NOT_FOUND" });
  await world.shop.addLine(address, { itemId: "bread", quantity: 1 });
  expect(await once(remove)).toMatchObject({ isReplayed: false });
});

it("a version that moved by the edit itself does not refuse its repetition @long", async () => {
  await fill();
  const { version } = await world.shop.get(address);
  const request = { ...address, keyed: keyedBy("k"), expectedVersion: version };
  const put = () =>
    world.shop.once(request, () =>
      world.shop.putItems(request, [{ itemId: "bread", quantity: 1 }]),
    );
  expect(await put()).toMatchObject({ isReplayed: false });
  expect(await put()).toMatchObject({ isReplayed: true });
});

it("an answer of the database that is lost costs no second effect", async () => {
  await fill();
  const add: Edit = (at) => world.shop.addLine(at, { itemId: "soup", quantity: 1 });
  world.loseAnswers(1);
  const { cart } = await once(add);
  expect(lines(cart)).toEqual(["3 soup"]);
});

function withoutRow(cart: Cart): Cart {
  const { row: _row, ...contents } = cart as Cart & { row?: unknown };
  return contents;
}
