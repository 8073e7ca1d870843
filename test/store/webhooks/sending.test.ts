/** Webhooks on the real engine: who is told what, in which order, what they cost, and what a dead process leaves. */
import { Webhook as Verifier } from "standardwebhooks";
import { beforeAll, describe, expect, inject, test } from "vitest";
import type { EventType } from "../../../shared/base/event-type.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { ShopEvent } from "../../../shared/events/event.ts";
import type { Database } from "../../../shared/table/database.ts";
import { createFeedingService } from "../../../shared/webhooks/feeding-service.ts";
import { createSendingService } from "../../../shared/webhooks/sending-service.ts";
import { createTryingService } from "../../../shared/webhooks/trying-service.ts";
import type { Outcome, WebhookCall } from "../../../shared/webhooks/webhook.ts";
import { createWebhookService } from "../../../shared/webhooks/webhook-service.ts";
import { dying, listDeaths } from "../../support/dying.ts";
import { fresh } from "../../support/shop.ts";
import { createWorld, metered, type World } from "../../support/world.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];
const startMs = 1_800_000_000_000;
let world: World;

beforeAll(async () => {
  world = await createWorld(inject("dynamoDbEndpoint"), () => epochMs(startMs));
});

/** Somebody who is told, with a clock of their own. */
function openScene(of: World = world) {
  let nowMs = startMs;
  const clock = () => epochMs(nowMs);
  const endpointId = fresh("crm");
  const calls: WebhookCall[] = [];
  let answers = (_call: WebhookCall): Outcome => ({ answered: 200 });
  const call = async (given: WebhookCall): Promise<Outcome> => {
    calls.push(given);
    return answers(given);
  };
  const over = (database: Database) => {
    const parts = { database, clock, call, sleep: async (ms: number) => void (nowMs += ms) };
    const rules = { production: true };
    return {
      webhooks: createWebhookService({ ...parts, rules, overlapMs: hourMs }),
      feeding: createFeedingService(parts),
      sending: createSendingService(parts),
      trying: createTryingService(parts),
    };
  };
  const services = over(of.database);
  const send = (from = services) => from.sending.send(endpointId, epochMs(nowMs + 48_000));
  return {
    ...services,
    endpointId,
    calls,
    over,
    send,
    clock,
    pass: (ms: number) => void (nowMs += ms),
    answer: (next: typeof answers) => void (answers = next),
    put: (types: EventType[] = ["order.placed", "order.paid"], id = endpointId) =>
      services.webhooks.put(id, { url: "https://example.com/hooks", types, active: true }),
    log: async () => (await services.webhooks.listDeliveries(endpointId, { limit: 100 })).rows,
    told: () => calls.map(({ body }) => seen(JSON.parse(body) as ShopEvent)),
  };
}

const seen = ({ resource, sequence }: ShopEvent) => `${resource} ${sequence}`;

/** Events as they stand in the outbox. */
async function tell(
  resource: string,
  types: readonly EventType[],
  { from = 1, atMs = startMs, at = world }: { from?: number; atMs?: number; at?: World } = {},
): Promise<ShopEvent[]> {
  const events = types.map((type, index): ShopEvent => {
    const sequence = from + index;
    const id = `evt_${resource}_${sequence}`;
    const facts = { id, type, resource, resourceVersion: String(sequence), sequence };
    return { ...facts, occurredAtMs: atMs, actor: "alice", data: { n: sequence } };
  });
  await at.database.strew("Outbox", { put: events.map((event) => ({ ...event })) });
  return events;
}

test("what was asked for is told, signed, in order and once, however often it is fed", async () => {
  const { put, feeding, send, calls, told, log } = openScene();
  const { secret } = await put();
  const resource = fresh("order/o");
  const events = await tell(resource, ["order.placed", "hold.expired", "order.paid"]);
  for (const batch of [events, events.slice(1), events, events.slice(0, 1)])
    await feeding.feed(batch);
  expect(await send()).toMatchObject({ delivered: 2, failing: 0, busy: 0 });
  await feeding.feed(events);
  expect(await send()).toMatchObject({ delivered: 0 });
  expect(told()).toEqual([`${resource} 1`, `${resource} 3`]);
  const headers = calls[0]!.headers as Record<string, string>;
  expect(headers["webhook-id"]).toBe(events[0]!.id);
  // Its clock is ahead of ours: only the signature is looked at.
  expect(new Verifier(secret!).sign(events[0]!.id, new Date(startMs), calls[0]!.body)).toBe(
    headers["webhook-signature"],
  );
  const deliveries = await log();
  expect(deliveries.map(({ eventId }) => eventId).toSorted()).toEqual(
    [events[0]!.id, events[2]!.id].toSorted(),
  );
  expect(deliveries[0]).toMatchObject({ status: "delivered", attempts: 1, answered: 200 });
});

test("an event costs 2 requests to be written down and 3 to be told, a run 7 besides", async () => {
  const at = await createWorld(inject("dynamoDbEndpoint"), () => epochMs(startMs));
  const { put, feeding, send } = openScene(at);
  await put();
  const events = await tell(fresh("order/o"), ["order.placed"], { at });
  const { meter: fed } = await metered(() => feeding.feed(events));
  expect([fed.requests, fed.writeUnits]).toEqual([2, 2]);
  const { meter: alone } = await metered(() => send());
  await feeding.feed(await tell(fresh("order/o"), ["order.placed", "order.paid"], { at }));
  const { meter: both } = await metered(() => send());
  // When it took something is written down once a minute.
  expect(alone.requests).toBe(7 + 3 + 1);
  expect(both.requests).toBe(7 + 2 * 3);
  expect(both.writeUnits).toBeLessThanOrEqual(2 + 2 * 10);
});

test("an endpoint is told from its beginning on, also what its stream tells late", async () => {
  const { put, feeding, send, told, pass, clock } = openScene();
  const resource = fresh("order/o");
  await tell(resource, ["order.placed", "order.paid"], { atMs: startMs - hourMs });
  await put();
  pass(minuteMs);
  const late = await tell(resource, ["order.placed", "order.paid"], { from: 3, atMs: clock() });
  await feeding.feed(late.slice(1));
  await feeding.feed(late.slice(0, 1));
  await send();
  expect(told()).toEqual([`${resource} 3`, `${resource} 4`]);
});

test("a receiver that is down for an hour gets everything afterwards, in order, nothing twice @long", async () => {
  const { put, feeding, send, told, answer, pass, calls } = openScene();
  await put();
  const resources = [fresh("order/a"), fresh("order/b")];
  answer(() => ({ problem: "connect ECONNREFUSED" }));
  const at = { ms: 0 };
  for (let round = 0; round < 60; round += 1) {
    for (const resource of resources) {
      if (round % 20 === 0)
        await feeding.feed(await tell(resource, ["order.placed"], { from: round / 20 + 1 }));
    }
    await send();
    pass(minuteMs);
    at.ms += minuteMs;
  }
  // Seven tries in the hour for each resource, and not one of a later event before its time.
  expect(calls.length).toBeLessThanOrEqual(14);
  expect(new Set(told())).toEqual(new Set(resources.map((resource) => `${resource} 1`)));
  answer(() => ({ answered: 204 }));
  calls.length = 0;
  for (let round = 0; round < 24; round += 1) {
    await send();
    pass(10 * minuteMs);
  }
  for (const resource of resources) {
    const own = told().filter((event) => event.startsWith(`${resource} `));
    expect(own).toEqual([1, 2, 3].map((sequence) => `${resource} ${sequence}`));
  }
  expect(calls).toHaveLength(6);
});

test("of one resource nothing later goes before what fails; others and other endpoints do not wait", async () => {
  const scene = openScene();
  await scene.put();
  const [bad, good] = [fresh("order/bad"), fresh("order/good")];
  scene.answer(({ body }) => ({ answered: body.includes(bad) ? 500 : 200, answer: "no" }));
  for (const resource of [bad, good]) {
    await scene.feeding.feed(await tell(resource, ["order.placed", "order.paid"]));
  }
  await scene.send();
  expect(scene.told().filter((event) => event.startsWith(good))).toEqual([
    `${good} 1`,
    `${good} 2`,
  ]);
  expect(new Set(scene.told().filter((event) => event.startsWith(bad)))).toEqual(
    new Set([`${bad} 1`]),
  );
  const failing = (await scene.log()).find(({ status }) => status === "failing");
  expect(failing).toMatchObject({ resource: bad, sequence: 1, answered: 500, answer: "no" });
  // One second, five, and then it is left to the sweep.
  expect(failing).toMatchObject({ attempts: 3, nextTryAtMs: failing!.triedAtMs + 30_000 });
});

describe("who fails for good", () => {
  test("is left alone after ten tries over a day, loses nothing, and goes on when told to", async () => {
    const { put, feeding, send, answer, pass, calls, webhooks, endpointId, told } = openScene();
    await put();
    answer(() => ({ answered: 503 }));
    const resource = fresh("order/o");
    await feeding.feed(await tell(resource, ["order.placed", "order.paid"]));
    let hours = 0;
    while ((await webhooks.get(endpointId)).pausedAtMs === undefined && hours < 100) {
      await send();
      pass(hourMs);
      hours += 1;
    }
    expect(calls).toHaveLength(10);
    expect(hours).toBeGreaterThan(24);
    expect(await webhooks.get(endpointId)).toMatchObject({ pausedBecause: "Answered 503" });
    await feeding.feed(await tell(resource, ["order.paid"], { from: 3 }));
    await send();
    expect(calls).toHaveLength(10);
    answer(() => ({ answered: 200 }));
    expect((await put()).secret).toBeUndefined();
    calls.length = 0;
    await send();
    expect(told()).toEqual([1, 2, 3].map((sequence) => `${resource} ${sequence}`));
  });

  test("for one event only, is told the next one @long", async () => {
    const { put, feeding, send, answer, pass, calls, webhooks, endpointId, log } = openScene();
    await put();
    const [bad, good] = [fresh("order/bad"), fresh("order/good")];
    answer(({ body }) => ({
      answered: body.includes(`${bad}"`) && body.includes('"n":1') ? 400 : 200,
    }));
    await feeding.feed(await tell(bad, ["order.placed", "order.paid"]));
    for (let hours = 0; hours < 50; hours += 1) {
      await feeding.feed(await tell(good, ["order.paid"], { from: hours + 1 }));
      await send();
      pass(hourMs);
    }
    expect((await webhooks.get(endpointId)).pausedAtMs).toBeUndefined();
    const ofBad = calls.filter(({ body }) => body.includes(`${bad}"`));
    expect(ofBad).toHaveLength(11);
    expect(ofBad.at(-1)!.body).toContain('"n":2');
    const failed = (await log()).find(({ status }) => status === "failed");
    expect(failed).toMatchObject({ resource: bad, sequence: 1, attempts: 10, answered: 400 });
  });

  test("and says that it is gone, is not asked again", async () => {
    const { put, feeding, send, answer, calls, webhooks, endpointId } = openScene();
    await put();
    answer(() => ({ answered: 410 }));
    await feeding.feed(await tell(fresh("order/o"), ["order.placed"]));
    expect(await send()).toMatchObject({ paused: 1 });
    expect((await webhooks.get(endpointId)).pausedBecause).toBe("Answered 410");
    await send();
    expect(calls).toHaveLength(1);
  });
});

describe("a process that dies", () => {
  test("at any request of feeding or sending loses nothing, and only repeats what it may have told @long", async () => {
    for (const death of listDeaths(16)) {
      const scene = openScene();
      await scene.put();
      const resource = fresh("order/o");
      const events = await tell(resource, ["order.placed", "order.paid"]);
      const dead = scene.over(dying(world.database, death));
      await dead.feeding.feed(events).catch(() => undefined);
      await scene.feeding.feed(events);
      await scene.send(dead).catch(() => undefined);
      // Turn and lease of the dead one lapse.
      scene.pass(2 * minuteMs);
      await scene.send();
      const what = `${death.where} request ${death.count}`;
      const told = scene.told();
      expect([what, [...new Set(told)]]).toEqual([what, [`${resource} 1`, `${resource} 2`]]);
      expect([what, told.toSorted()]).toEqual([what, told]);
      expect(told.length).toBeLessThanOrEqual(3);
      const statuses = (await scene.log()).map(({ status }) => status);
      expect([what, statuses]).toEqual([what, ["delivered", "delivered"]]);
    }
  });

  test("and comes back when its lease is over writes nothing more", async () => {
    const scene = openScene();
    await scene.put(["order.placed"]);
    const resource = fresh("order/o");
    await scene.feeding.feed(await tell(resource, ["order.placed"]));
    let isFirst = true;
    const stuck = scene.over(world.database);
    scene.answer(() => ({ answered: 200 }));
    const slow = createSendingService({
      database: world.database,
      clock: scene.clock,
      sleep: async () => {},
      call: async () => {
        if (isFirst) {
          isFirst = false;
          scene.pass(2 * minuteMs);
          await stuck.sending.send(scene.endpointId, epochMs(scene.clock() + 48_000));
        }
        return { answered: 500 };
      },
    });
    const sent = await slow.send(scene.endpointId, epochMs(scene.clock() + 48_000));
    expect(sent).toMatchObject({ busy: 1, failing: 0 });
    expect((await scene.log()).map(({ status }) => status)).toEqual(["delivered"]);
  });
});

test("who stood still between its lease and the call calls nobody any more", async () => {
  const scene = openScene();
  await scene.put(["order.placed"]);
  await scene.feeding.feed(await tell(fresh("order/o"), ["order.placed"]));
  // It has its lease by then, and looks for what is to be told.
  const query: Database["query"] = async (given) => {
    if (given.table === "Outbox") scene.pass(minuteMs);
    return world.database.query(given);
  };
  await scene.send(scene.over({ ...world.database, query }));
  expect(scene.calls).toEqual([]);
  await scene.send();
  expect(scene.calls).toHaveLength(1);
});

test("that an endpoint takes something is written down once for many events at its side", async () => {
  const at = await createWorld(inject("dynamoDbEndpoint"), () => epochMs(startMs));
  const { put, feeding, send } = openScene(at);
  await put();
  for (let count = 0; count < 20; count += 1) {
    await feeding.feed(await tell(fresh("order/o"), ["order.placed"], { at }));
  }
  const { meter } = await metered(() => send());
  expect(meter.requests).toBe(7 + 20 * 3 + 1);
  // Two for the turn; one for the note of what it took; the rest for the events.
  expect(meter.writeUnits).toBeLessThanOrEqual(2 + 20 * 10 + 1);
});

test("one process at a time tells an endpoint: others leave it to it @long", async () => {
  const scene = openScene();
  await scene.put(["order.placed"]);
  const all = await Promise.all(
    Array.from({ length: 30 }, () => tell(fresh("order/o"), ["order.placed"])),
  );
  await scene.feeding.feed(all.flat());
  await Promise.all(Array.from({ length: 5 }, () => scene.send()));
  expect(scene.told().toSorted()).toEqual(all.flat().map(seen).toSorted());
});

test("what was left is found by the sweep, of those that listen", async () => {
  const scene = openScene();
  await scene.put(["order.placed"]);
  await scene.feeding.feed(await tell(fresh("order/o"), ["order.placed"]));
  expect(await scene.feeding.listDue()).toContain(scene.endpointId);
  const url = "https://example.com/hooks";
  await scene.webhooks.put(scene.endpointId, { url, types: ["order.placed"], active: false });
  expect(await scene.feeding.listDue()).not.toContain(scene.endpointId);
  await scene.send();
  expect(scene.calls).toEqual([]);
  await scene.put(["order.placed"]);
  await scene.send();
  expect(scene.calls).toHaveLength(1);
  expect(await scene.feeding.listDue()).not.toContain(scene.endpointId);
});

test("a new secret is shown once, and the one before signs along for a while", async () => {
  const { put, webhooks, endpointId, trying, calls, pass } = openScene();
  const { secret: first } = await put();
  const { secret: second } = await webhooks.rotate(endpointId);
  expect(first).toMatch(/^whsec_/);
  expect(second).not.toBe(first);
  expect(await trying.test(endpointId)).toEqual({ taken: true, answered: 200 });
  pass(hourMs + 1);
  await trying.test(endpointId);
  const signed = calls.map(({ headers, body }) => {
    const at = new Date(Number(headers["webhook-timestamp"]) * 1_000);
    const id = headers["webhook-id"]!;
    const by = [second!, first!].map((secret) => new Verifier(secret).sign(id, at, body));
    return headers["webhook-signature"]!.split(" ").map((signature) => by.indexOf(signature));
  });
  expect(signed).toEqual([[0, 1], [0]]);
});

test("a name that is taken again is another endpoint: nothing of the one before is told to it", async () => {
  const { put, webhooks, endpointId, feeding, send, calls, log } = openScene();
  const { secret } = await put();
  await feeding.feed(await tell(fresh("order/o"), ["order.placed"]));
  await webhooks.remove(endpointId);
  await expect(webhooks.get(endpointId)).rejects.toMatchObject({ code: "WEBHOOK_NOT_FOUND" });
  expect((await put()).secret).not.toBe(secret);
  await send();
  expect(calls).toEqual([]);
  expect(await log()).toEqual([]);
});

test("a delivery is tried by hand: now where it waits, and once more where it has ended", async () => {
  const { put, feeding, send, answer, trying, endpointId, log, calls } = openScene();
  await put();
  const resource = fresh("order/o");
  answer(() => ({ answered: 500 }));
  await feeding.feed(await tell(resource, ["order.placed", "order.paid"]));
  await send();
  const [waiting] = await log();
  answer(() => ({ answered: 200 }));
  calls.length = 0;
  const tried = await trying.retry(endpointId, waiting!.deliveryId);
  expect(tried).toMatchObject({ status: "delivered", attempts: waiting!.attempts + 1 });
  const again = await trying.retry(endpointId, waiting!.deliveryId);
  expect(again).toMatchObject({ status: "delivered", attempts: waiting!.attempts + 2 });
  expect(calls.map(({ headers }) => headers["webhook-id"])).toEqual([
    waiting!.eventId,
    waiting!.eventId,
  ]);
  await send();
  expect(calls).toHaveLength(3);
  await expect(trying.retry(endpointId, "whd_none")).rejects.toMatchObject({
    code: "DELIVERY_NOT_FOUND",
  });
});
