/** What is counted of demand, and what counting it costs, on the real engine. */
import { beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { silentLogger } from "../../../shared/base/logger.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { type Contention, refusalReasons } from "../../../shared/insight/contention.ts";
import { createContentionService } from "../../../shared/insight/contention-service.ts";
import { addContention } from "../../../shared/insight/contention-store.ts";
import { contentionView } from "../../../shared/insight/contention-view.ts";
import { bucketCount } from "../../../shared/insight/duration-grid.ts";
import {
  createGathering,
  gatheringMs,
  mostGathered,
  mostWritten,
} from "../../../shared/insight/gathering.ts";
import type { ToldChange } from "../../../shared/insight/granted.ts";
import { createTally } from "../../../shared/insight/tally.ts";
import { createWorld, errorOf, metered, type World } from "../../support/world.ts";

const hourMs = 3_600_000;
let nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
let world: World;
let contention: ReturnType<typeof createContentionService>;

beforeAll(async () => {
  world = await createWorld(inject("dynamoDbEndpoint"), clock);
  contention = createContentionService({ ...world, logger: silentLogger });
});
// Each test has a day of its own.
beforeEach(() => {
  nowMs += 24 * hourMs;
});

let sequence = 0;

/** An order that is placed, or ends after a minute, as its stream tells it. */
function orderChange(itemIds: readonly string[], status = "pending"): ToldChange {
  const row = {
    orderId: `ord-${(sequence += 1)}`,
    lines: itemIds.map((itemId) => ({ itemId, quantity: 1 })),
    cart: { cartId: "ada/default" },
    createdAtMs: nowMs,
    status,
  };
  const isNew = status === "pending";
  const atMs = isNew ? nowMs : nowMs + 60_000;
  const change = {
    eventId: row.orderId,
    sequence: String(sequence),
    key: { orderId: row.orderId },
    ...(!isNew && { before: { ...row, status: "pending" } }),
    after: { ...row, change: { atMs } },
    atMs: epochMs(atMs),
    byTtl: false,
  };
  return { change, told: [{ action: isNew ? "order.placed" : `order.${status}` }] };
}

const soldOut = (itemId: string) =>
  new HoldfastError("ITEMS_UNAVAILABLE", "Not available", {
    failedItems: [{ itemId, reason: "insufficient_stock" }],
  });

const requestsOf = async (work: () => Promise<unknown>): Promise<number> =>
  (await metered(work)).meter.requests;

/** The minutes of a day around now, all of them. */
async function list(kind: Contention["kind"], limit = 100) {
  const span = { kind, from: nowMs - 12 * hourMs, to: nowMs + 12 * hourMs, limit };
  const minutes: Contention[] = [];
  let cursor: string | undefined;
  do {
    const page = await contention.listMinutes({ ...span, cursor });
    minutes.push(...page.rows);
    ({ cursor } = page);
  } while (cursor !== undefined);
  return minutes.map(contentionView);
}

describe("from the streams", () => {
  test("a batch of a hundred orders of one item takes one request for the item, one for each cart, and one for the shop", async () => {
    const batch = Array.from({ length: 100 }, () => orderChange(["chair"]));
    expect(await requestsOf(() => contention.count(batch))).toBe(3);
    const [item] = await list("item");
    expect(item).toMatchObject({ resource: "chair", attempts: 100, granted: 100, refused: {} });
    expect(await list("cart")).toMatchObject([{ resource: "ada/default", granted: 100 }]);
    expect(await list("shop")).toMatchObject([{ resource: "all", granted: 100 }]);
  });

  test("what was told before is not counted, and takes no request", async () => {
    const { change } = orderChange(["chair"]);
    expect(await requestsOf(() => contention.count([{ change, told: [] }]))).toBe(0);
    expect(await list("item")).toEqual([]);
  });

  test("an order that ends says how long it held its items", async () => {
    await contention.count([orderChange(["chair", "desk", "chair"], "paid")]);
    const minutes = await list("item");
    expect(minutes.map(({ resource }) => resource).toSorted()).toEqual(["chair", "desk"]);
    for (const { attempts, holds } of minutes) {
      expect(attempts).toBe(0);
      expect(holds.count).toBe(1);
      expect(holds.p95Ms).toBeGreaterThan(60_000 / 1.1);
      expect(holds.p95Ms).toBeLessThan(60_000 * 1.1);
    }
  });

  test("a batch that touches more than sixty things counts the others together, in bounded requests", async () => {
    const wide = Array.from({ length: 200 }, (_, nth) => orderChange([`item-${nth}`]));
    expect(await requestsOf(() => contention.count(wide))).toBe(61);
    const minutes = await list("item");
    const granted = minutes.reduce((sum, each) => sum + each.granted, 0);
    expect(granted).toBe(200);
    expect(minutes.find(({ resource }) => resource === "others")?.granted).toBe(142);
  });
});

describe("from refusals", () => {
  test("a million of them in ten seconds cost two requests, and the same again ten seconds later", async () => {
    const gathering = createGathering(world);
    const error = soldOut("chair");
    for (let times = 0; times < 1_000_000; times += 1) gathering.refused({ error });
    expect(await requestsOf(gathering.writeIfDue)).toBe(2);
    for (let times = 0; times < 1_000; times += 1) {
      gathering.refused({ error });
      await gathering.writeIfDue();
    }
    expect(await requestsOf(gathering.writeIfDue)).toBe(0);
    nowMs += gatheringMs;
    expect(await requestsOf(gathering.writeIfDue)).toBe(2);
    const refused = { insufficient_stock: 1_001_000 };
    expect(await list("item")).toMatchObject([{ attempts: 1_001_000, granted: 0, refused }]);
    const [shop] = await list("shop");
    expect(shop).toMatchObject({ refused: { ITEMS_UNAVAILABLE: 1_001_000 } });
  });

  test("of more things than it remembers, the rest is counted together, and no flush writes more than its rows", async () => {
    const gathering = createGathering(world);
    for (let nth = 0; nth < 10 * mostGathered; nth += 1) {
      gathering.refused({ error: soldOut(`item-${nth}`) });
    }
    for (let flush = 0; flush < 9; flush += 1) {
      expect(await requestsOf(gathering.writeIfDue)).toBeLessThanOrEqual(mostWritten);
      nowMs += gatheringMs;
    }
    expect(await requestsOf(gathering.writeIfDue)).toBe(0);
    const attempts = (await list("item")).map((minute) => minute.attempts);
    expect(attempts).toHaveLength(mostGathered);
    expect(attempts.reduce((sum, each) => sum + each, 0)).toBe(10 * mostGathered);
  });

  test("conflicts and waits stand beside them, for the thing and for the shop", async () => {
    const gathering = createGathering(world);
    gathering.met(3, ["document", "report"]);
    gathering.met(0, ["document", "report"]);
    gathering.waited(2_000, ["document", "report"]);
    await gathering.writeIfDue();
    for (const kind of ["document", "shop"] as const) {
      expect(await list(kind)).toMatchObject([{ conflicts: 3, waits: { count: 1 } }]);
    }
  });

  test("names that nobody knows are not remembered: anybody could make them up", async () => {
    const gathering = createGathering(world);
    const failedItems = [{ itemId: "made-up", reason: "not_found" }];
    const error = new HoldfastError("ITEMS_UNAVAILABLE", "Not available", { failedItems });
    gathering.refused({ error });
    await gathering.writeIfDue();
    expect(await list("item")).toMatchObject([{ resource: "others", refused: { not_found: 1 } }]);
  });
});

describe("rows", () => {
  const buckets = new Map(Array.from({ length: bucketCount }, (_, bucket) => [bucket, 1e9]));
  const counted: Omit<Contention, "minuteMs"> = {
    kind: "item",
    resource: "i".repeat(128),
    granted: 1e9,
    refused: Object.fromEntries(refusalReasons.map((reason) => [reason, 1e9])),
    conflicts: 1e9,
    waits: buckets,
    holds: buckets,
  };

  test("have a bound: with every reason and every duration there is, 4 KB", async () => {
    await addContention(world.database, [{ ...counted, minuteMs: clock() }]);
    const { meter } = await metered(() =>
      addContention(world.database, [{ ...counted, minuteMs: clock() }]),
    );
    expect(meter).toMatchObject({ requests: 1 });
    expect(meter.writeUnits).toBeLessThanOrEqual(4);
    const [minute] = await list("item");
    expect(minute).toMatchObject({ granted: 2e9, conflicts: 2e9 });
  });

  test("end by themselves after eight days", async () => {
    await contention.count([orderChange(["chair"])]);
    const { rows } = await world.database.scan({ table: "Insight", limit: 1_000 });
    const ends = rows.map(({ span, ttlSeconds }) => {
      return Number(ttlSeconds) * 1_000 - Number(String(span).split("/")[0]);
    });
    expect(new Set(ends)).toEqual(new Set([8 * 24 * hourMs]));
  });

  test("of an hour are spread over four partitions, each thing in one of them", async () => {
    const tally = createTally(100);
    for (let nth = 0; nth < 64; nth += 1) {
      tally.add({ kind: "item", resource: `seat-${nth}`, minuteMs: clock() }, { granted: 1 });
    }
    await addContention(world.database, tally.take(100));
    const { rows } = await world.database.scan({ table: "Insight", limit: 1_000 });
    const partitions = rows
      .filter(({ span }) => String(span).includes(`${nowMs}/seat-`))
      .map(({ about }) => about);
    expect(new Set(partitions).size).toBe(4);
  });
});

describe("a list", () => {
  test("pages through everything once, the newest hour first, in bounded requests", async () => {
    const tally = createTally(1_000);
    for (let hour = 0; hour < 3; hour += 1) {
      for (let nth = 0; nth < 20; nth += 1) {
        const minuteMs = epochMs(nowMs - hour * hourMs);
        tally.add({ kind: "item", resource: `item-${nth}`, minuteMs }, { granted: 1 });
      }
    }
    await addContention(world.database, tally.take(1_000));
    const minutes = await list("item", 7);
    expect(new Set(minutes.map((each) => `${each.resource}@${each.minuteMs}`)).size).toBe(60);
    const order = minutes.map(({ minuteMs }) => minuteMs);
    expect(order).toEqual(order.toSorted((a, b) => b - a));
    const ofHour = { kind: "item", from: nowMs - 60_000, to: nowMs + 1, limit: 100 } as const;
    expect(await requestsOf(() => contention.listMinutes(ofHour))).toBeLessThanOrEqual(8);
  });

  test.each([
    ["query.from", "an empty span", { from: 2_000, to: 2_000 }],
    ["query.from", "a span of more than a day", { from: 0, to: 24 * hourMs + 1 }],
    ["cursor", "a cursor of no list", { cursor: "none" }],
  ])("names %s where it asks for %s", async (path, _, wrong) => {
    const asked = contention.listMinutes({ kind: "item", limit: 10, ...wrong });
    const { issues } = (await errorOf(asked))["fields"] as { issues: { path: string }[] };
    expect(issues.map((issue) => issue.path)).toEqual([path]);
  });
});
