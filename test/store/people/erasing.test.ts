/** Erasing a person on the real engine: what told of them is in no table any more, and everything else is as it was. */
import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, expect, inject, test } from "vitest";
import type { AuditEntry } from "../../../shared/audit/audit.ts";
import { listEntries } from "../../../shared/audit/audit-store.ts";
import { cleanHistory, cleanMentions } from "../../../shared/audit/erasing-store.ts";
import { listMentions } from "../../../shared/audit/mention-store.ts";
import { findCart } from "../../../shared/carts/storage/cart-store.ts";
import { makeCartId } from "../../../shared/carts/model/cart.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import { createFulfilmentService } from "../../../shared/orders/fulfilments/fulfilment-service.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import { createErasingService } from "../../../shared/people/erasing-service.ts";
import { createExportService, type PersonPage } from "../../../shared/people/export-service.ts";
import type { Erasure } from "../../../shared/people/person.ts";
import type { Database } from "../../../shared/table/database.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import { fresh } from "../../support/shop.ts";
import {
  createWorld,
  errorOf,
  giveItem,
  metered,
  unitsOf,
  type World,
} from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;
let fulfilments: ReturnType<typeof createFulfilmentService>;
const root = { id: "root" };
const trail = { history: cleanHistory, mentions: cleanMentions };

beforeAll(async () => {
  time = createTestClock();
  world = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  money = createPayments(world);
  fulfilments = createFulfilmentService(world);
});

const plain = (_name: string, value: unknown): unknown =>
  value instanceof Set ? [...value] : value;

/** Every row of every table that says this. */
async function rowsWith(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const TableName of Object.values(world.tables)) {
    const { Items = [] } = await world.client.send(new ScanCommand({ TableName }));
    const rows = Items.map((row) => `${TableName}: ${JSON.stringify(row, plain)}`);
    found.push(...rows.filter((row) => row.includes(text)));
  }
  return found;
}

/** Somebody with a name that is nobody else's, and everything that they can leave behind. */
function openPerson() {
  const [userId, name] = [fresh("user"), fresh("Lovelace")];
  const actor = { id: userId };
  const said = {
    customer: { name, email: `${name}@example.com` },
    shipTo: JSON.stringify({ street: `12 ${name} Square` }),
    note: `For ${name}`,
    metadata: JSON.stringify({ gift: name }),
  };
  const cart = { userId, sessionId: "desk", instance: "menu", actor };
  const person = {
    userId,
    name,
    actor,
    cart,
    cartId: makeCartId(userId, "desk"),
    async order(more: Partial<PlaceOrder> = {}) {
      const { itemId } = await giveItem(world, { itemId: fresh("item") });
      const source = { kind: "items", items: [{ itemId, quantity: 2 }] } as const;
      const facts = { userId, actor, source, paymentMethod: "sandbox", ...said } as const;
      const idempotencyKey = fresh("key");
      const request = { ...facts, idempotencyKey, ...more };
      const { order } = await world.orders.place(request);
      return { ...order, itemId, again: () => world.orders.place(request) };
    },
    async paid(more?: Partial<PlaceOrder>) {
      const order = await person.order(more);
      const caller = { userId, isAdmin: false };
      await money.payments.initiate({ orderId: order.orderId, caller, actor });
      await money.send(money.eventOf(order, "payment.captured"));
      return order;
    },
    async fillCart() {
      const { itemId } = await giveItem(world, { itemId: fresh("item") });
      await world.carts.addLine(cart, { itemId, quantity: 1 });
      await world.carts.setMetadata(cart, "address", { street: name });
    },
  };
  return person;
}

function erase(
  userId: string,
  { database = world.database, includeUnsent = true } = {},
): Promise<Erasure> {
  const { clock } = time;
  const erasing = createErasingService({ database, clock, trail });
  return erasing.erase({ userId, actor: root, includeUnsent });
}

/** As earlier versions wrote them. */
async function tellOldEntries(subject: string, actor: string, name: string): Promise<void> {
  const steps = [
    { path: ["status"], value: "paid" },
    { path: ["customer"], value: { name } },
    { path: ["metadata:menu:address"], value: name },
    { path: ["fulfilments"], value: [{ reference: "p1", tracking: name, fingerprint: "f" }] },
    { path: ["owner"], value: actor },
    { path: ["ownerName"], value: name },
  ];
  const entry = { subject, at: "1", action: "order.placed", actor, reason: `${name} called` };
  await world.database.strew("Audit", { put: [{ ...entry, atMs: 1, steps, ttlSeconds: 9e9 }] });
}

test("nothing of a person is left in any table, and amounts, lines, stock and history are as they were", async () => {
  const ada = openPerson();
  const { userId, name, actor } = ada;
  const order = await ada.paid();
  const lines = [{ lineId: order.lines[0]!.itemId, quantity: 1 }];
  const tracking = JSON.stringify({ to: name });
  await fulfilments.add({ orderId: order.orderId, reference: "p1", lines, tracking, actor: root });
  await ada.fillCart();
  const owner = { userId, username: name };
  const taken = await world.locks.acquire({ resource: fresh("name"), owner });
  const other = await world.locks.acquire({
    resource: fresh("name"),
    owner: { userId: "bob", username: "Bob" },
  });
  await world.locks.acquireOrQueue({ resource: other.resource, owner, leaseMs: 30_000 });
  const given = await world.locks.acquire({ resource: fresh("name"), owner });
  await world.locks.release({ ...given, actor });
  for (const subject of [`order/${order.orderId}`, `cart/${ada.cartId}`, `lock/${taken.resource}`])
    await tellOldEntries(subject, userId, name);
  const before = await findOrder(world.database, order.orderId);
  expect((await rowsWith(name)).length).toBeGreaterThanOrEqual(6);

  expect(await erase(userId)).toMatchObject({ phase: "done", orders: 1, carts: 1, locks: 2 });
  expect(await rowsWith(name)).toEqual([]);

  const after = (await findOrder(world.database, order.orderId))!;
  const { lines: sold, totalMinor, payment, status } = before!;
  expect(after).toMatchObject({ userId, lines: sold, totalMinor, payment, status });
  expect(after.fulfilments).toMatchObject([{ reference: "p1", lines }]);
  const stock = (await findStock(world.database, order.itemId))!;
  expect(stock.sold).toBe(2);
  expect(unitsOf(stock)).toBe(stock.received);
  const [entry] = (await listEntries(world.database, `order/${order.orderId}`, { limit: 5 })).rows;
  expect(entry).toMatchObject({
    actor: userId,
    steps: [{ path: ["status"], value: "paid" }, {}, {}],
  });
  const lock = await world.locks.acquire({ resource: taken.resource, owner });
  expect(lock.fence).toBe(taken.fence);
});

test("what was erased is sold, paid back and sent once more or not, but never twice", async () => {
  const ada = openPerson();
  const order = await ada.paid();
  const { orderId } = order;
  const wish = { orderId, reason: "Damaged", reference: "r1", amountMinor: 500, actor: root };
  await money.payments.refund(wish);
  await erase(ada.userId);
  // The request is known, but not its fingerprint any more: there is no second order.
  expect((await errorOf(order.again()))["code"]).toBe("IDEMPOTENCY_KEY_REUSED");
  await money.payments.refund(wish);
  const found = (await findOrder(world.database, orderId))!;
  expect(Object.keys(found.payment!.refunds!)).toHaveLength(1);
  expect(found.payment!.refunds).toMatchObject(
    Object.fromEntries(
      Object.keys(found.payment!.refunds!).map((id) => [id, { amountMinor: 500 }]),
    ),
  );
});

test("while an order waits for its money nothing is erased, and the answer names it", async () => {
  const ada = openPerson();
  const paid = await ada.paid();
  const open = await ada.order();
  const refused = await errorOf(erase(ada.userId));
  expect(refused).toMatchObject({ code: "PERSON_BUSY", fields: { openOrders: [open.orderId] } });
  expect((await findOrder(world.database, paid.orderId))!.customer).toMatchObject({
    name: ada.name,
  });
  const caller = { userId: ada.userId, isAdmin: false };
  await money.cancelling.cancel({ orderId: open.orderId, caller, actor: ada.actor });
  // Who sends it has to know where to.
  const unsent = await errorOf(erase(ada.userId, { includeUnsent: false }));
  expect(unsent).toMatchObject({ code: "PERSON_BUSY", fields: { openOrders: [paid.orderId] } });
  expect(await erase(ada.userId)).toMatchObject({ phase: "done", orders: 2 });
  expect(await rowsWith(ada.name)).toEqual([]);
});

test("a cart that is being paid from is left, and emptied by the call after that", async () => {
  const ada = openPerson();
  await ada.fillCart();
  const database: Database = {
    ...world.database,
    // Somebody orders once orders have been looked through.
    async scan(request) {
      if (request.table === "Carts" && !placed) {
        const source = { kind: "cart", sessionId: "desk" } as const;
        placed = (await ada.order({ source })).orderId;
      }
      return world.database.scan(request);
    },
  };
  let placed = "";
  const refused = await errorOf(erase(ada.userId, { database }));
  expect(refused).toMatchObject({ code: "PERSON_BUSY", fields: { openOrders: [placed] } });
  expect((await findCart(world.database, ada.cartId)).instances.size).toBe(1);
  const caller = { userId: ada.userId, isAdmin: false };
  await money.cancelling.cancel({ orderId: placed, caller, actor: ada.actor });
  expect(await erase(ada.userId)).toMatchObject({ phase: "done", carts: 1 });
  const cart = await findCart(world.database, ada.cartId);
  expect(cart.instances.size).toBe(0);
  expect(cart.version).toBeGreaterThan(0);
});

test("an edit, a sending or a refund in between loses nothing and brings nothing back", async () => {
  const ada = openPerson();
  const order = await ada.paid();
  await ada.fillCart();
  let isFirst = { Orders: true, Carts: true };
  const database: Database = {
    ...world.database,
    async apply(write, options) {
      if (write.table === "Orders" && isFirst.Orders) {
        isFirst = { ...isFirst, Orders: false };
        const lines = [{ lineId: order.itemId, quantity: 1 }];
        const facts = { orderId: order.orderId, reference: "p1", lines, actor: root };
        await fulfilments.add({ ...facts, tracking: JSON.stringify(ada.name) });
      }
      if (write.table === "Carts" && isFirst.Carts) {
        isFirst = { ...isFirst, Carts: false };
        await world.carts.setMetadata(ada.cart, "second", ada.name);
      }
      return world.database.apply(write, options);
    },
  };
  expect(await erase(ada.userId, { database })).toMatchObject({ phase: "done" });
  expect(isFirst).toEqual({ Orders: false, Carts: false });
  expect(await rowsWith(ada.name)).toEqual([]);
  const found = (await findOrder(world.database, order.orderId))!;
  expect(found.fulfilments).toMatchObject([{ reference: "p1" }]);
});

test("two at once do the same, and asked again it is done anew", async () => {
  const ada = openPerson();
  await ada.paid();
  const [one, other] = await Promise.all([erase(ada.userId), erase(ada.userId)]);
  expect([one.phase, other.phase]).toEqual(["done", "done"]);
  await ada.fillCart();
  time.advance(1);
  const anew = await erase(ada.userId);
  expect(anew).toMatchObject({ phase: "done", orders: 1, carts: 1 });
  expect(anew.beganAtMs).toBeGreaterThan(one.beganAtMs);
  expect(await rowsWith(ada.name)).toEqual([]);
  expect((await erase(fresh("nobody"))).orders).toBe(0);
});

test("an erasure without anything to erase costs its pages: two reads of the row, one of orders, one of each table", async () => {
  const { meter } = await metered(() => erase(fresh("nobody")));
  // The row, the orders twice, carts, locks, the trail; five times the row moves on.
  expect(meter.requests).toBeLessThanOrEqual(1 + 2 + 3 + 5 + 2);
});

test("what there is of a person is handed out, page by page, and nothing of others", async () => {
  const [ada, bob] = [openPerson(), openPerson()];
  for (const each of [ada, bob]) {
    await each.paid();
    await each.fillCart();
    await world.locks.acquire({ resource: fresh("name"), owner: { userId: each.userId } });
    await tellOldEntries(`cart/${each.cartId}`, each.userId, each.name);
  }
  const exporting = createExportService({
    ...world,
    trail: {
      about: async (subject) => (await listEntries(world.database, subject, { limit: 5 })).rows,
      by: (mentioned, cursor) => listMentions(world.database, mentioned, cursor),
    },
  });
  const pages: PersonPage<AuditEntry>[] = [];
  let cursor: string | undefined;
  do {
    const page = await exporting.read(ada.userId, cursor);
    pages.push(page);
    ({ cursor } = page);
  } while (cursor !== undefined);
  const all = <Name extends "orders" | "carts" | "locks" | "entries">(name: Name) =>
    pages.flatMap((page) => [...page[name]]);
  expect(all("orders")).toMatchObject([{ customer: { name: ada.name } }]);
  expect(all("carts")).toMatchObject([{ cartId: ada.cartId }]);
  expect(all("locks")).toMatchObject([{ owner: { userId: ada.userId } }]);
  expect(all("entries").map(({ subject }) => subject)).toContain(`cart/${ada.cartId}`);
  const text = JSON.stringify(pages, plain);
  expect(text).not.toContain(bob.userId);
  expect(text).not.toContain(bob.name);
  await expect(exporting.read(ada.userId, "elsewhere")).rejects.toMatchObject({
    code: "INVALID_REQUEST",
  });
});
