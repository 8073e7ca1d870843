/** What one user may withhold, by orders and by locks, over HTTP and with the rights of every function that counts. */
import { describe, expect, it } from "vitest";
import { type Client, clientOf } from "../support/http.ts";
import { expectStatus } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop } = await openShopForFile({
  context: {
    sweep: "off",
    maxOpenOrders: "2",
    maxUnitsPerLine: "4",
    maxUnpaidOrders: "2",
    maxLocksPerUser: "4",
    maxLockSeconds: "60",
  },
});

describe("a shopper who withholds too much", () => {
  it("is told which rule and until when, and goes on when orders are paid or ended @long", async () => {
    const shopper = shop.shopper();
    const [itemId] = await shop.items(1);
    const line = { itemId: itemId!, quantity: 1 };
    const [first, second] = [
      await shopper.mustOrder({ items: [line] }),
      await shopper.mustOrder({ items: [line] }),
    ];
    const refused = await shopper.order({ items: [line] });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: "LIMIT_EXCEEDED", limit: { name: "maxOpenOrders", value: 2 } },
      cost: { requests: 2 },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await shop.pay(shopper, first!);
    const third = await shopper.mustOrder({ items: [line] });
    for (const { orderId } of [second!, third]) {
      expectStatus(await shop.admin.send(`POST /admin/locks/release/${orderId}`), 200);
    }
    expect(await shopper.order({ items: [{ ...line, quantity: 5 }] })).toMatchObject({
      status: 409,
      body: { limit: { name: "maxUnitsPerLine", value: 4, itemId } },
    });
    await shopper.mustOrder({ items: [line] });
    expect(await shop.levels(itemId!)).toMatchObject({ held: 1, sold: 1 });
  });

  it("has to pause after cancelling again and again", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item();
    for (let count = 0; count < 2; count += 1) {
      const { orderId } = await shopper.mustOrder({ items: [{ itemId, quantity: 1 }] });
      expectStatus(await shopper.cancel(orderId), 200);
    }
    expect(await shopper.order({ items: [{ itemId, quantity: 1 }] })).toMatchObject({
      status: 409,
      body: { limit: { name: "maxUnpaidOrders", value: 2 } },
    });
  });
});

let serial = 0;
const user = (): Client => clientOf(server, `user-${(serial += 1)}`);
const acquire = (who: Client, docId: string, more = {}) =>
  who.send("POST /api/lock/acquire", { body: { docId, ...more } });
const docs = (count: number): string[] => {
  serial += 1;
  return Array.from({ length: count }, (_, index) => `limit-${serial}/${index}`);
};
const tooMany = {
  status: 409,
  body: { code: "LIMIT_EXCEEDED", limit: { name: "maxLocksPerUser", value: 4 } },
};

describe("a user who locks too much", () => {
  it("sessions, documents and names count together, and the refusal says until when @long", async () => {
    const alice = user();
    const [one, two, three, four] = docs(4) as [string, string, string, string];
    expect((await acquire(alice, one)).status).toBe(200);
    expect((await acquire(alice, two, { sessionId: "tab" })).status).toBe(200);
    const names = { names: [three, four] };
    expect((await alice.send("POST /locks/acquire", { body: names })).status).toBe(200);
    const [five] = docs(1) as [string];
    const refused = await acquire(alice, five);
    expect(refused).toMatchObject(tooMany);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    for (const route of [
      `POST /api/documents/edit?docId=${encodeURIComponent(five)}`,
      "POST /locks/acquire",
    ]) {
      const body = route.endsWith("acquire") ? { names: [five] } : {};
      expect(await alice.send(route, { body })).toMatchObject(tooMany);
    }
    expect((await acquire(user(), five)).status).toBe(200);
    expect((await alice.send("POST /locks/release", { body: names })).status).toBe(200);
    const [six] = docs(1) as [string];
    expect((await acquire(alice, six)).status).toBe(200);
  });

  it("20 at once: exactly four @long", async () => {
    const alice = user();
    const answers = await Promise.all(docs(20).map((docId) => acquire(alice, docId)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
    const others = answers.filter(({ status }) => status !== 200);
    // Who met the others for too long is told to come again: nothing was taken.
    for (const { status, body } of others) {
      expect(["LIMIT_EXCEEDED", "TRY_AGAIN"]).toContain(body.code);
      expect([409, 503]).toContain(status);
    }
  });

  it("requests are what they were: taking 1, one's own 2, keeping 1, another's 1, giving back 1", async () => {
    const [alice, bob] = [user(), user()];
    const [docId] = docs(1) as [string];
    const taken = await acquire(alice, docId);
    expect(taken).toMatchObject({ status: 200, cost: { requests: 1 } });
    expect(await acquire(alice, docId)).toMatchObject({ status: 200, cost: { requests: 2 } });
    expect(await acquire(bob, docId)).toMatchObject({ status: 409, cost: { requests: 1 } });
    const extended = await alice.send("POST /api/lock/extend", { body: { docId, ttl: 30 } });
    expect(extended).toMatchObject({ status: 200, cost: { requests: 1 } });
    const released = await alice.send("POST /api/lock/release", { body: { docId } });
    expect(released).toMatchObject({ status: 200, cost: { requests: 1 } });
  });

  it("a ttl beyond what a lock may last is shortened, and so is every renewal", async () => {
    const alice = user();
    const [docId] = docs(1) as [string];
    const { body } = await acquire(alice, docId, { ttl: 86_400 });
    const { timestamp, expiresAtMs } = body.lockInfo;
    expect(expiresAtMs - timestamp).toBe(60_000);
    for (const route of ["POST /api/lock/extend", "POST /api/lock/acquire"]) {
      const kept = await alice.send(route, { body: { docId, ttl: 300 } });
      expect(kept).toMatchObject({ status: 200, body: { lockInfo: { timestamp, expiresAtMs } } });
    }
  });

  it("a turn in line counts when it is claimed", async () => {
    const [alice, bob] = [user(), user()];
    const [docId, ...others] = docs(5) as [string, ...string[]];
    await acquire(alice, docId);
    const { body: place } = await acquire(bob, docId, { queue: true });
    for (const other of others) await acquire(bob, other);
    await alice.send("POST /api/lock/release", { body: { docId } });
    const ask = `GET /api/lock/queue?docId=${encodeURIComponent(docId)}&ticket=${place.ticket}`;
    expect(await bob.send(ask)).toMatchObject(tooMany);
    expect(await bob.send("POST /api/lock/extend", { body: { docId } })).toMatchObject(tooMany);
    await bob.send("POST /api/lock/release", { body: { docId: others[0] } });
    expect(await bob.send(ask)).toMatchObject({
      status: 200,
      body: { success: true },
    });
  });
});
