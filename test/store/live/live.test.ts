/** What live updates cost, and what holds of their rows, on the real engine. */
import { beforeAll, describe, expect, inject, test } from "vitest";
import { epochMs, later } from "../../../shared/base/time.ts";
import { createAnnouncingService } from "../../../shared/live/announcing-service.ts";
import { createLiveService, type LiveService } from "../../../shared/live/live-service.ts";
import type { Fact, Listener, LiveMessage } from "../../../shared/live/live.ts";
import { createPostingService, type Posted } from "../../../shared/live/posting-service.ts";
import { inventoryService } from "../../../shared/shop.ts";
import type { ItemChange } from "../../../shared/table/stream.ts";
import { createWorld, metered, type World } from "../../support/world.ts";

let nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
let world: World;
let live: LiveService;
let serial = 0;

beforeAll(async () => {
  world = await createWorld(inject("dynamoDbEndpoint"), clock);
  live = createLiveService(world);
});

const fresh = (name: string): string => `${name}-${(serial += 1)}`;
const listenerOf = (userId: string, more: Partial<Listener> = {}): Listener => {
  return { userId, isAdmin: false, byDefault: true, untilMs: later(clock(), 3_600_000), ...more };
};

async function connect(userId: string, more?: Partial<Listener>): Promise<string> {
  const { ticket } = await live.open(listenerOf(userId, more));
  const connectionId = fresh("connection");
  await live.connect(connectionId, ticket);
  return connectionId;
}

const requestsOf = async (work: () => Promise<unknown>): Promise<number> =>
  (await metered(work)).meter.requests;

const factOf = (topic: string, more: Partial<Fact> = {}): Fact => {
  const audience = { of: "everybody" } as const;
  return {
    topic,
    type: "lock.released",
    id: fresh("id"),
    occurredAtMs: nowMs,
    data: {},
    audience,
    ...more,
  };
};

/** Posts into memory; who is `gone` is gone. */
function openOffice(gone: ReadonlySet<string> = new Set()) {
  const posts: { connectionId: string; message: LiveMessage }[] = [];
  const post = async (connectionId: string, text: string): Promise<Posted> => {
    if (gone.has(connectionId)) return "gone";
    posts.push({ connectionId, message: JSON.parse(text) as LiveMessage });
    return "posted";
  };
  const inventory = inventoryService(world.parts);
  return { posts, posting: createPostingService({ ...world, live, inventory, post }) };
}

const lockChange = (resource: string): ItemChange => {
  const note = { action: "lock.acquired", actor: "alice", atMs: nowMs };
  const owned = { owner: "alice", fence: 1, acquiredAtMs: nowMs, expiresAtMs: nowMs + 60_000 };
  const after = { resource, kind: "custom", ...owned, change: note };
  const sequence = String((serial += 1));
  return { eventId: sequence, sequence, key: { resource }, after, atMs: clock(), byTtl: false };
};

describe("what it costs", () => {
  test("an address 1 request, connecting 3, topics 3, the end 3", async () => {
    const userId = fresh("user");
    let ticket = "";
    expect(await requestsOf(async () => ({ ticket } = await live.open(listenerOf(userId))))).toBe(
      1,
    );
    expect(await requestsOf(() => live.connect("c", ticket))).toBe(3);
    expect(await requestsOf(() => live.subscribe("c", ["lock/named/x", "cart/me/default"]))).toBe(
      3,
    );
    expect(await requestsOf(() => live.subscribe("c", ["lock/document/d"]))).toBe(4);
    expect(await requestsOf(() => live.subscribe("c", ["lock/named/x"]))).toBe(2);
    expect(await requestsOf(() => live.unsubscribe("c", ["lock/named/x"]))).toBe(3);
    expect(await requestsOf(() => live.disconnect("c"))).toBe(3);
  });

  test("a batch of a hundred changes that nobody listens to 1, and as many where somebody does", async () => {
    const { gather } = createAnnouncingService(world);
    const names = Array.from({ length: 99 }, () => fresh("name"));
    const changes = [...names, names[0]!].map((name) => lockChange(`name:${name}`));
    let parcels: Fact[][] = [];
    expect(await requestsOf(async () => (parcels = await gather(changes)))).toBe(1);
    expect(parcels).toEqual([]);
    await live.subscribe(await connect(fresh("user")), [`lock/named/${names[0]}`]);
    expect(await requestsOf(async () => (parcels = await gather(changes)))).toBe(1);
    expect(parcels.flat().map(({ topic }) => topic)).toEqual([
      `lock/named/${names[0]}`,
      `lock/named/${names[0]}`,
    ]);
    expect(await requestsOf(() => gather([lockChange("cart/alice")]))).toBe(0);
  });

  test("posting 1 request a topic, whoever of a page listens, and a second page where there are more @long", async () => {
    const topic = `lock/named/${fresh("crowd")}`;
    const rows = Array.from({ length: 501 }, (_, index) => ({
      about: `topic/${topic}`,
      connectionId: `crowd-${index}`,
      listener: listenerOf(`user-${index}`),
      asked: topic,
    }));
    await world.database.strew("Live", { put: rows.slice(0, 499) });
    const { posts, posting } = openOffice();
    const tell = () => posting.tell([factOf(topic), factOf(topic)], nowMs + 60_000);
    expect(await requestsOf(tell)).toBe(1);
    expect(posts).toHaveLength(998);
    await world.database.strew("Live", { put: rows.slice(499) });
    expect(await requestsOf(tell)).toBe(2);
    expect(posts).toHaveLength(2_000);
  });
});

test("nothing is posted after its time, and what is left out is counted", async () => {
  const topic = `lock/named/${fresh("name")}`;
  await live.subscribe(await connect(fresh("user")), [topic]);
  const { posts, posting } = openOffice();
  expect(await posting.tell([factOf(topic)], nowMs)).toMatchObject({ posted: 0, late: 1 });
  expect(posts).toEqual([]);
});

test("an address is used by one connection, however many try at once", async () => {
  const { ticket } = await live.open(listenerOf(fresh("user")));
  const tried = await Promise.allSettled(
    Array.from({ length: 5 }, () => live.connect(fresh("connection"), ticket)),
  );
  expect(tried.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("an address opens nothing when its half minute is over", async () => {
  const { ticket, expiresAtMs } = await live.open(listenerOf(fresh("user")));
  nowMs = expiresAtMs;
  await expect(live.connect(fresh("connection"), ticket)).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
});

test("a connection hears nothing any more, and asks for nothing, when its token is over", async () => {
  const topic = `lock/named/${fresh("name")}`;
  const connectionId = await connect(fresh("user"), { untilMs: later(clock(), 60_000) });
  await live.subscribe(connectionId, [topic]);
  const { posts, posting } = openOffice();
  await posting.tell([factOf(topic)], nowMs + 30_000);
  expect(posts).toHaveLength(1);
  nowMs += 60_000;
  await posting.tell([factOf(topic)], nowMs + 30_000);
  expect(posts).toHaveLength(1);
  await expect(live.subscribe(connectionId, [topic])).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
});

test("an order that went to another user is told to that one only, and to administrators", async () => {
  const topic = `lock/named/${fresh("name")}`;
  const [former, present, admin] = [fresh("user"), fresh("user"), fresh("user")];
  const ids = [
    await connect(former),
    await connect(present),
    await connect(admin, { isAdmin: true }),
  ];
  for (const id of ids) await live.subscribe(id, [topic]);
  const { posts, posting } = openOffice();
  const audience = { of: "user", userId: present } as const;
  await posting.tell([factOf(topic, { audience })], nowMs + 30_000);
  expect(posts.map(({ connectionId }) => connectionId).toSorted()).toEqual(ids.slice(1).toSorted());
});

test("who is gone is removed with all topics, and costs nothing from then on", async () => {
  const [topic, other] = [`lock/named/${fresh("name")}`, `lock/named/${fresh("name")}`];
  const gone = await connect(fresh("user"));
  await live.subscribe(gone, [topic, other]);
  const { posting } = openOffice(new Set([gone]));
  expect(await posting.tell([factOf(topic)], nowMs + 30_000)).toMatchObject({ gone: 1 });
  for (const each of [topic, other]) {
    expect(await posting.tell([factOf(each)], nowMs + 30_000)).toMatchObject({
      gone: 0,
      posted: 0,
    });
  }
});

test("twenty connections of one user that begin at once stay twenty, and a further one ends the oldest", async () => {
  const userId = fresh("user");
  const oldest = await connect(userId);
  nowMs += 1;
  await Promise.all(Array.from({ length: 19 }, () => connect(userId)));
  nowMs += 1;
  const { ticket } = await live.open(listenerOf(userId));
  expect(await live.connect(fresh("connection"), ticket)).toBe(oldest);
  await expect(live.subscribe(oldest, ["lock/named/x"])).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
});
