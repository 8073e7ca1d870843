/** Live updates through a real WebSocket: who may listen to what, what is told, and what becomes of the dead. */
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { WebSocket as BareSocket } from "ws";
import { createClient } from "../../client/index.ts";
import { connectLive } from "../../client/live.ts";
import { clientOf } from "../support/http.ts";
import {
  type Ear,
  listen,
  liveRows,
  liveUrl,
  NotOpened,
  openSocket,
  type Said,
} from "../support/live-ear.ts";
import { expectStatus, fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop } = await openShopForFile();
const ears: Ear[] = [];

async function ear(as: string, groups?: string[]): Promise<Ear> {
  const opened = await listen(server, as, groups);
  ears.push(opened);
  return opened;
}

afterAll(async () => {
  await Promise.all(ears.map((each) => each.close()));
});

const subscribe = (of: Ear, ...topics: string[]): Promise<Said> =>
  of.ask({ type: "subscribe", topics });
const rowsAbout = async (part: string) =>
  (await liveRows(server)).filter((row) => String(row["about"]).includes(part));

describe("an address", () => {
  it("is given to who is signed in, for half a minute, without the token in it", async () => {
    const { body, status } = await server.call("GET /live", { as: fresh("user") });
    expect(status).toBe(200);
    expect(body.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/live\?ticket=tkt_[0-9a-f]{32}$/);
    expect(body.expiresAtMs).toBeGreaterThan(Date.now());
    expect(body.expiresAtMs).toBeLessThanOrEqual(Date.now() + 30_000);
    expect(await server.call("GET /live")).toMatchObject({ status: 401 });
  });

  it("costs one request, and lets one connection begin", async () => {
    const user = fresh("user");
    const { cost, body } = await clientOf(server, user).send("GET /live");
    expect(cost).toMatchObject({ requests: 1 });
    const socket = await openSocket(body.url);
    await expect(openSocket(body.url)).rejects.toThrow(NotOpened);
    socket.close();
  });

  it("that was forged, cut short or left out opens nothing", async () => {
    const url = new URL(await liveUrl(server, fresh("user")));
    for (const ticket of [`tkt_${randomUUID().replaceAll("-", "")}`, url.search.slice(8, -1), ""]) {
      url.search = `?ticket=${ticket}`;
      await expect(openSocket(url.href)).rejects.toThrow(NotOpened);
    }
  });

  it("opens nothing for a page of another site, or under another name of this machine", async () => {
    const url = await liveUrl(server, fresh("user"));
    const refused = (headers: Record<string, string>) =>
      new Promise((resolve) => {
        const socket = new BareSocket(url, { headers });
        socket.on("unexpected-response", (_, answer) => resolve(answer.statusCode));
        socket.on("error", () => undefined);
        socket.on("open", () => resolve("open"));
      });
    expect(await refused({ origin: "https://evil.example" })).toBe(403);
    expect(await refused({ host: "evil.example" })).toBe(421);
    expect(await refused({ origin: server.url })).toBe("open");
  });
});

describe("topics", () => {
  const [alice, bob, root] = ["alice", "bob", "root"].map(fresh) as [string, string, string];

  it("are heard by whom they concern, and each other one is refused by its name @long", async () => {
    const [itemId, docId] = [await shop.item(), fresh("doc")];
    const buyer = shop.shopper(alice);
    const order = await buyer.mustOrder({ items: [{ itemId, quantity: 1 }] });
    const author = clientOf(server, alice);
    const { body: begun } = await author.send(`POST /api/documents/${docId}/edit`, { body: {} });
    const saved = { content: "mine", fence: begun.lockInfo.fence, keepLock: true };
    expectStatus(await author.send(`PUT /api/documents/${docId}`, { body: saved }), 200);
    const list = { readers: [], editors: [] };
    expectStatus(await author.send(`PUT /api/documents/${docId}/access`, { body: list }), 200);
    const topics = {
      item: `item/${itemId}`,
      document: `lock/document/${docId}`,
      name: "lock/named/till/1",
      cart: `cart/${alice}/default`,
      order: `order/${order.orderId}`,
      contention: "admin/contention",
      mine: "cart/me/default",
      unknown: "weather/today",
      missing: `item/${fresh("none")}`,
      uses: "item/uses:X",
    };
    const heardBy = async (who: string, groups?: string[]) => {
      const { topics: heard, refused } = await subscribe(
        await ear(who, groups),
        ...Object.values(topics),
      );
      return { heard, refused: refused as { topic: string; code: string }[] };
    };
    const refusedAlways = [
      { topic: topics.unknown, code: "TOPIC_NOT_FOUND", error: expect.stringContaining("weather") },
      { topic: topics.missing, code: "ITEM_NOT_FOUND" },
      { topic: topics.uses, code: "ITEM_NOT_FOUND" },
    ];
    const { item, document, name, cart, order: ofOrder, contention, mine } = topics;
    expect(await heardBy(alice)).toMatchObject({
      heard: [item, document, name, mine, ofOrder],
      refused: [{ topic: contention, code: "FORBIDDEN" }, ...refusedAlways],
    });
    expect(await heardBy(bob)).toMatchObject({
      heard: [item, name, mine],
      refused: [
        { topic: document, code: "DOCUMENT_NOT_FOUND" },
        { topic: cart, code: "FORBIDDEN" },
        { topic: ofOrder, code: "ORDER_NOT_FOUND" },
        { topic: contention, code: "FORBIDDEN" },
        ...refusedAlways,
      ],
    });
    expect(await heardBy(root, ["admin"])).toMatchObject({
      heard: [item, document, name, cart, ofOrder, contention, mine],
      refused: refusedAlways,
    });
  });

  it("are limited for each connection; what is said wrongly gets an answer that says how @long", async () => {
    const own = await ear(fresh("user"));
    const names = Array.from({ length: 51 }, (_, index) => `lock/named/n${index}`);
    for (const from of [0, 20]) await subscribe(own, ...names.slice(from, from + 20));
    expect(await subscribe(own, ...names.slice(40))).toMatchObject({
      type: "error",
      code: "LIMIT_EXCEEDED",
      limit: { name: "topicsPerConnection", value: 50 },
    });
    expect(await subscribe(own, ...names.slice(40, 50))).toMatchObject({ refused: [] });
    expect(await own.ask({ type: "unsubscribe", topics: [names[0]] })).toMatchObject({
      type: "unsubscribed",
      topics: [names[0]],
    });
    expect(await subscribe(own, names[50]!)).toMatchObject({ topics: [names[50]] });
    expect(await own.ask("nonsense")).toMatchObject({ type: "error", code: "INVALID_REQUEST" });
    expect(await own.ask({ type: "subscribe", topics: [] })).toMatchObject({
      type: "error",
      issues: [{ path: "topics" }],
    });
    expect(await own.ask({ type: "ping", filler: "x".repeat(20_000) })).toMatchObject({
      code: "TOO_LARGE",
    });
    expect(await own.ask({ type: "ping" })).toMatchObject({ type: "pong" });
  });
});

describe("what is told", () => {
  it("of a lock: taken, one's turn, given back, ended by force", async () => {
    const [docId, holder, waiter] = [fresh("doc"), fresh("user"), fresh("user")];
    const topic = `lock/document/${docId}`;
    const [one, other] = [clientOf(server, holder), clientOf(server, waiter)];
    const watching = await ear(waiter);
    await subscribe(watching, topic);
    await one.send("POST /api/lock/acquire", { body: { docId } });
    const taken = await watching.hear("lock.acquired", topic);
    expect(taken).toMatchObject({
      id: expect.stringMatching(/^live_/),
      occurredAtMs: expect.any(Number),
      data: { lockInfo: { userId: holder }, former: null },
    });
    const joined = await other.send("POST /api/lock/acquire", { body: { docId, queue: true } });
    await one.send("POST /api/lock/release", { body: { docId } });
    expect(await watching.hear("lock.granted", topic)).toMatchObject({
      data: {
        lockInfo: { userId: waiter },
        former: { userId: holder },
        ticket: joined.body.ticket,
      },
    });
    await other.send("POST /api/lock/release", { body: { docId } });
    expect(await watching.hear("lock.released", topic)).toMatchObject({ data: { lockInfo: null } });
    await one.send("POST /api/lock/acquire", { body: { docId } });
    const body = { docId, reason: "Lunch" };
    expectStatus(await shop.admin.send("POST /api/lock/force-release", { body }), 200);
    expect(await watching.hear("lock.forced", topic)).toMatchObject({
      data: { lockInfo: null, former: { userId: holder }, reason: "Lunch" },
    });
  });

  it("of a document stops for whom its list no longer names", async () => {
    const [docId, author, reader] = [fresh("doc"), fresh("user"), fresh("user")];
    const topic = `lock/document/${docId}`;
    const own = clientOf(server, author);
    const { body: begun } = await own.send(`POST /api/documents/${docId}/edit`, { body: {} });
    const saved = { content: "x", fence: begun.lockInfo.fence };
    expectStatus(await own.send(`PUT /api/documents/${docId}`, { body: saved }), 200);
    const [watching, shutOut] = [await ear(author), await ear(reader)];
    for (const each of [watching, shutOut]) await subscribe(each, topic);
    const list = { readers: [], editors: [] };
    expectStatus(await own.send(`PUT /api/documents/${docId}/access`, { body: list }), 200);
    await own.send("POST /api/lock/acquire", { body: { docId } });
    await watching.hear("lock.acquired", topic);
    expect(shutOut.said.filter((one) => one.topic === topic)).toEqual([]);
  });

  it("of a cart, its order and its item: locked, paid, unlocked, level, sold out, back in stock @long", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item({ quantity: 2 });
    const watching = await ear(shopper.userId);
    await subscribe(watching, "cart/me/default", `item/${itemId}`);
    await shopper.putInCart([{ itemId, quantity: 1 }]);
    await watching.hear("cart.updated", "cart/me/default");
    const order = await shopper.mustOrder();
    expect(await watching.hear("cart.locked", "cart/me/default")).toMatchObject({
      data: { orderId: order.orderId, lockedUntilMs: expect.any(Number) },
    });
    expect(await watching.hear("item.level", `item/${itemId}`)).toMatchObject({
      data: { itemId, available: 1 },
    });
    await subscribe(watching, `order/${order.orderId}`);
    await shop.pay(shopper, order);
    expect(await watching.hear("order.paid", `order/${order.orderId}`)).toMatchObject({
      data: { orderId: order.orderId, status: "paid" },
    });
    await watching.hear("cart.unlocked", "cart/me/default");
    const last = await shop.shopper().mustOrder({ items: [{ itemId, quantity: 1 }] });
    await watching.hear("item.sold_out", `item/${itemId}`);
    await shop.admin.send(`POST /admin/locks/release/${last.orderId}`, { body: {} });
    expect(await watching.hear("item.back_in_stock", `item/${itemId}`)).toMatchObject({
      data: { available: 1 },
    });
    const ids = watching.said.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("of an item in many rows is what all of them come to @long", async () => {
    const itemId = await shop.item({ quantity: 40 });
    const spread = (shards: number) =>
      shop.admin.send(`PATCH /items/${itemId}`, { body: { shards } });
    expectStatus(await spread(4), 200);
    const watching = await ear(fresh("user"));
    await subscribe(watching, `item/${itemId}`);
    const shopper = shop.shopper();
    const order = await shopper.mustOrder({ items: [{ itemId, quantity: 3 }] });
    expect(await watching.hear("item.level", `item/${itemId}`)).toMatchObject({
      data: { available: 37 },
    });
    expectStatus(await shopper.cancel(order.orderId), 200);
    expectStatus(await spread(1), 200);
  });

  it("to administrators of contention: how often somebody had to give way", async () => {
    const [docId, holder, waiter] = [fresh("doc"), fresh("user"), fresh("user")];
    const watching = await ear(fresh("root"), ["admin"]);
    await subscribe(watching, "admin/contention");
    await clientOf(server, holder).send("POST /api/lock/acquire", { body: { docId } });
    const queued = { body: { docId, queue: true } };
    await clientOf(server, waiter).send("POST /api/lock/acquire", queued);
    await clientOf(server, holder).send("POST /api/lock/release", { body: { docId } });
    // Others of the same shop give way, too, and are told besides.
    const counted = (name: string): boolean =>
      watching.said.some(({ type, data }) => {
        const { counts } = (data ?? {}) as { counts?: Record<string, number> };
        return type === "contention" && (counts?.[name] ?? 0) > 0;
      });
    await expect.poll(() => counted("lock.granted")).toBe(true);
  });
});

describe("the client", () => {
  it("waits in line with live updates, and gets its turn", async () => {
    const [docId, holder, waiter] = [fresh("doc"), fresh("user"), fresh("user")];
    const clientFor = async (user: string) =>
      createClient({ baseUrl: server.url, token: await server.token(user) });
    const session = await (await clientFor(holder)).documents.edit(docId);
    const client = await clientFor(waiter);
    const live = connectLive(client);
    const places: number[] = [];
    const onPlace = ({ position }: { position: number }) => void places.push(position);
    const waiting = client.documents.edit(docId, { waitMs: 60_000, live, onPlace });
    await expect.poll(() => places.length).toBeGreaterThan(0);
    await session.close();
    const turn = await waiting;
    expect(turn.fence).toBeGreaterThan(session.fence);
    live.close();
    await turn.close();
  });

  it("hears at once that an operator ended its lock; it hands one over to who waits", async () => {
    const [docId, editor, waiter] = [fresh("doc"), fresh("user"), fresh("user")];
    const clientFor = async (user: string) =>
      createClient({ baseUrl: server.url, token: await server.token(user) });
    const [client, other] = [await clientFor(editor), await clientFor(waiter)];
    const live = connectLive(client);
    // Its next heartbeat is a hundred seconds away.
    const session = await client.documents.edit(docId, { ttl: 300, live });
    const lost: string[] = [];
    session.on("lost", ({ reason }) => void lost.push(reason));
    await expect.poll(() => rowsAbout(`topic/lock/document/${docId}`)).toHaveLength(1);
    const body = { docId, reason: "left for the day" };
    await clientOf(server, fresh("root"), ["admin"]).send("POST /api/lock/force-release", { body });
    await expect.poll(() => lost).toEqual([expect.stringContaining("left for the day")]);
    expect(session.state).toBe("lost");

    const again = await client.documents.edit(docId, { ttl: 300, live });
    const places: number[] = [];
    const onPlace = ({ position }: { position: number }) => void places.push(position);
    const waiting = other.documents.edit(docId, { waitMs: 60_000, onPlace });
    await expect.poll(() => places.length).toBeGreaterThan(0);
    again.save("for you").catch(() => undefined);
    expect(await again.handOver()).toMatchObject({ userId: waiter, fence: again.fence + 1 });
    expect(again.state).toBe("closed");
    const next = await waiting;
    expect(next.content).toBe("for you");
    live.close();
    await next.close();
  });
});

describe("connections", () => {
  it("that end take their rows along", async () => {
    const user = fresh("user");
    const name = fresh("name");
    const own = await ear(user);
    await subscribe(own, `lock/named/${name}`);
    expect(await rowsAbout(`topic/lock/named/${name}`)).toHaveLength(1);
    await own.close();
    await expect.poll(() => rowsAbout(`topic/lock/named/${name}`)).toEqual([]);
  });

  it("that died unnoticed lose their rows with the first post that fails", async () => {
    const name = fresh("name");
    const topic = `lock/named/${name}`;
    const [dying, living] = [await ear(fresh("user")), await ear(fresh("user"))];
    for (const each of [dying, living]) await subscribe(each, topic);
    expect(await rowsAbout(`topic/${topic}`)).toHaveLength(2);
    // The function dies before it hears of the end.
    const fault = await shop.fault({ function: "live", mode: "before", afterRequests: 1 });
    await dying.close();
    await expect.poll(() => server.faults.list()[0]?.fired).toHaveLength(1);
    expect(await fault.struck()).toBe(true);
    const body = { names: [name] };
    expectStatus(await clientOf(server, fresh("user")).send("POST /locks/acquire", { body }), 200);
    await living.hear("lock.acquired", topic);
    await expect.poll(() => rowsAbout(`topic/${topic}`)).toHaveLength(1);
  });

  it("of one user are at most 20: the oldest makes room, and is closed", async () => {
    const user = fresh("user");
    const all: Ear[] = [];
    for (let count = 0; count < 21; count += 1) all.push(await ear(user));
    await expect.poll(() => all[0]!.socket.readyState).toBe(WebSocket.CLOSED);
    expect(all.slice(1).every(({ socket }) => socket.readyState === WebSocket.OPEN)).toBe(true);
    expect(await all[20]!.ask({ type: "ping" })).toMatchObject({ type: "pong" });
  });
});
