/** Replays on the real engine: what is told again, in which order, beside what is new, and what a dead process leaves. */
import { beforeEach, expect, inject, test } from "vitest";
import type { EventType } from "../../../shared/base/event-type.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { ShopEvent } from "../../../shared/events/event.ts";
import type { Database } from "../../../shared/table/database.ts";
import { createFeedingService } from "../../../shared/webhooks/feeding-service.ts";
import type { ReplayAsk } from "../../../shared/webhooks/replay.ts";
import { createReplayService } from "../../../shared/webhooks/replay-service.ts";
import { createSendingService } from "../../../shared/webhooks/sending-service.ts";
import { createTryingService } from "../../../shared/webhooks/trying-service.ts";
import type { Outcome, WebhookCall } from "../../../shared/webhooks/webhook.ts";
import { createWebhookService } from "../../../shared/webhooks/webhook-service.ts";
import { dying, listDeaths } from "../../support/dying.ts";
import { createWorld, type World } from "../../support/world.ts";

const startMs = 1_800_000_000_000;
const [minuteMs, dayMs] = [60_000, 86_400_000];
const endpointId = "crm";
const types: EventType[] = ["order.placed", "order.paid"];
let world: World;
let nowMs: number;
let told: string[];
let answers: (call: WebhookCall) => Outcome;

beforeEach(async () => {
  [nowMs, told] = [startMs, []];
  answers = () => ({ answered: 200 });
  world = await createWorld(inject("dynamoDbEndpoint"), () => epochMs(nowMs));
});

function open(database: Database = world.database) {
  const parts = {
    database,
    clock: () => epochMs(nowMs),
    sleep: async (ms: number) => void (nowMs += ms),
    call: async (call: WebhookCall): Promise<Outcome> => {
      told.push((JSON.parse(call.body) as ShopEvent).id);
      return answers(call);
    },
  };
  const webhooks = createWebhookService({ ...parts, rules: { production: true }, overlapMs: 1 });
  const feeding = createFeedingService(parts);
  const sending = createSendingService(parts);
  const replays = createReplayService(parts);
  const trying = createTryingService(parts);
  return {
    webhooks,
    trying,
    put: () => webhooks.put(endpointId, { url: "https://example.com/", types, active: true }),
    replay: (ask: ReplayAsk) => replays.begin(endpointId, ask),
    send: () => sending.send(endpointId, epochMs(nowMs + 48_000)),
    feed: (events: readonly ShopEvent[]) => feeding.feed(events),
    isSwept: async () => (await feeding.listDue()).includes(endpointId),
    seen: async () => (await webhooks.get(endpointId)).replay,
  };
}

/** Events as they stand in the outbox, a minute apart. */
async function tell(
  resource: string,
  numbers: readonly number[],
  given = types,
): Promise<ShopEvent[]> {
  const events = numbers.map((sequence, index): ShopEvent => {
    const type = given[index % given.length]!;
    const facts = { id: `${resource} ${sequence}`, type, resource, resourceVersion: "1", sequence };
    return { ...facts, occurredAtMs: nowMs + index * minuteMs, actor: "alice", data: {} };
  });
  await world.database.strew("Outbox", { put: events.map((event) => ({ ...event })) });
  return events;
}

const of = (resource: string): string[] => told.filter((id) => id.startsWith(`${resource} `));
const all = (resource: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${resource} ${from + index}`);

test("what left since an instant is told again under the same ids, in order, as often as one asks", async () => {
  const { put, feed, send, replay, seen, isSwept } = open();
  await put();
  for (const resource of ["order/a", "order/b"]) await feed(await tell(resource, [1, 2, 3, 4]));
  nowMs += dayMs;
  await send();
  expect(await isSwept()).toBe(false);
  for (let round = 0; round < 2; round += 1) {
    told = [];
    await replay({ fromMs: epochMs(startMs + minuteMs) });
    expect(await seen()).toMatchObject({ status: "searching", found: 0 });
    expect(await isSwept()).toBe(true);
    await send();
    for (const resource of ["order/a", "order/b"])
      expect(of(resource)).toEqual(all(resource, 2, 4));
    expect(await seen()).toMatchObject({ status: "told", found: 6, toldAtMs: nowMs });
    expect(await isSwept()).toBe(false);
    await send();
    expect(told).toHaveLength(6);
  }
});

test("of a resource, or of types, nothing else; what happened before the endpoint was made as well", async () => {
  const { put, send, replay, seen } = open();
  await tell("order/old", [1, 2, 3]);
  await tell("order/other", [1, 2]);
  await tell("order/old", [4], ["order.refunded"]);
  nowMs += dayMs;
  await put();
  await replay({ fromMs: epochMs(startMs), resource: "order/old" });
  await send();
  expect(told).toEqual(all("order/old", 1, 3));
  told = [];
  await replay({ fromMs: epochMs(startMs), types: ["order.paid"] });
  await send();
  expect(told.toSorted()).toEqual(["order/old 2", "order/other 2"]);
  told = [];
  await replay({ fromMs: epochMs(nowMs) });
  await send();
  expect([told, (await seen())!.status]).toEqual([[], "told"]);
});

test("what fails again holds up nothing that is new, of the same resource neither, and can be tried by hand", async () => {
  const { put, feed, send, replay, seen, webhooks, trying, isSwept } = open();
  await put();
  await feed(await tell("order/a", [1, 2]));
  nowMs += minuteMs * 5;
  await send();
  nowMs += minuteMs;
  told = [];
  answers = ({ body }) => ({ answered: body.includes('"sequence":1') ? 500 : 200 });
  await replay({ fromMs: epochMs(startMs) });
  await send();
  expect(told).toEqual(["order/a 1"]);
  await feed(await tell("order/a", [3]));
  await send();
  expect(told.at(-1)).toBe("order/a 3");
  expect(await seen()).toMatchObject({ status: "telling", found: 2 });
  answers = () => ({ answered: 200 });
  const { rows } = await webhooks.listDeliveries(endpointId, { limit: 20 });
  const failing = rows.find(({ status }) => status === "failing")!;
  expect(await trying.retry(endpointId, failing.deliveryId)).toMatchObject({ status: "delivered" });
  expect(await isSwept()).toBe(true);
  await send();
  expect(told.slice(-2)).toEqual(["order/a 1", "order/a 2"]);
  expect(await seen()).toMatchObject({ status: "told" });
});

test("there is one at a time: the same is the same, another is refused, the future too", async () => {
  const { put, replay, send, seen, webhooks } = open();
  await put();
  const ask = { fromMs: epochMs(startMs - dayMs), types };
  await replay(ask);
  const begun = await seen();
  await replay({ ...ask, types: types.toReversed() });
  expect(await seen()).toEqual(begun);
  const other = replay({ ...ask, resource: "order/a" });
  await expect(other).rejects.toMatchObject({ code: "REPLAY_UNDER_WAY" });
  const future = replay({ fromMs: epochMs(nowMs + 1) });
  await expect(future).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  await webhooks.put(endpointId, { url: "https://example.com/", types, active: false });
  await send();
  expect(await seen()).toEqual(begun);
  await put();
  await send();
  expect(await seen()).toMatchObject({ status: "told" });
});

test("many events are looked through page after page, and told in several runs @long", async () => {
  const { put, send, replay, seen } = open();
  await put();
  const resources = Array.from({ length: 12 }, (_, index) => `order/o${index}`);
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1);
  const mostly: EventType[] = [
    ...Array.from({ length: 9 }, () => "order.refunded" as const),
    "order.paid",
  ];
  for (const resource of resources) await tell(resource, numbers, mostly);
  nowMs += dayMs;
  await replay({ fromMs: epochMs(startMs) });
  // Each call takes a while, so that no run can tell them all.
  answers = () => {
    nowMs += 1_000;
    return { answered: 200 };
  };
  let runs = 0;
  while ((await seen())!.status !== "told" && runs < 100) {
    await send();
    runs += 1;
  }
  expect(runs).toBeGreaterThan(2);
  expect(await seen()).toMatchObject({ status: "told", found: 120 });
  expect(told).toHaveLength(120);
  const tens = Array.from({ length: 10 }, (_, index) => 10 * (index + 1));
  for (const resource of resources) {
    expect(of(resource)).toEqual(tens.map((number) => `${resource} ${number}`));
  }
});

test("whoever dies at any request loses nothing of it, and only repeats what it may have told @long", async () => {
  const living = open();
  await living.put();
  await living.feed(await tell("order/a", [1, 2]));
  await living.feed(await tell("order/b", [1, 2]));
  nowMs += dayMs;
  await living.send();
  for (const death of listDeaths(24)) {
    const what = `${death.where} request ${death.count}`;
    told = [];
    const dead = open(dying(world.database, death));
    await dead.replay({ fromMs: epochMs(startMs) }).catch(() => undefined);
    await living.replay({ fromMs: epochMs(startMs) });
    await dead.send().catch(() => undefined);
    for (let round = 0; round < 5; round += 1) {
      // Turn and lease of the dead one lapse.
      nowMs += 2 * minuteMs;
      await living.send();
    }
    expect([what, await living.seen()]).toEqual([
      what,
      expect.objectContaining({ status: "told", found: 4 }),
    ]);
    for (const resource of ["order/a", "order/b"]) {
      const own = of(resource);
      expect([what, [...new Set(own)]]).toEqual([what, all(resource, 1, 2)]);
      expect([what, own.toSorted()]).toEqual([what, own]);
      expect(own.length).toBeLessThanOrEqual(3);
    }
  }
});
