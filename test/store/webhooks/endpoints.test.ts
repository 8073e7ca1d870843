/** How many webhooks there can be, on the real engine: each takes one place, and gives it back once. */
import { beforeEach, expect, inject, test } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { Database } from "../../../shared/table/database.ts";
import { readAudience } from "../../../shared/webhooks/audience-store.ts";
import { createFeedingService } from "../../../shared/webhooks/feeding-service.ts";
import { mostWebhooks } from "../../../shared/webhooks/webhook.ts";
import { createWebhookService } from "../../../shared/webhooks/webhook-service.ts";
import { dying, listDeaths } from "../../support/dying.ts";
import { createWorld, metered, type World } from "../../support/world.ts";

const clock = () => epochMs(1_800_000_000_000);
let world: World;

beforeEach(async () => {
  world = await createWorld(inject("dynamoDbEndpoint"), clock);
});

const makeWebhooks = (most = 3, database: Database = world.database) =>
  createWebhookService({ database, clock, rules: { production: true }, overlapMs: 1, most });

const facts = { url: "https://example.com/", types: ["order.paid"], active: true } as const;

/** Asked again by whoever is told to, as a client does. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== "TRY_AGAIN") throw error;
    }
  }
}

/** Who is told anything, by name; it has to be the same as the endpoints that there are. */
async function listNames(): Promise<string[]> {
  const audience = await readAudience(world.database);
  const { rows } = await makeWebhooks().list({ limit: 1_000 });
  const told = audience.map(({ endpointId, uid }) => `${endpointId} ${uid}`).toSorted();
  expect(told).toEqual(rows.map(({ endpointId, uid }) => `${endpointId} ${uid}`).toSorted());
  return rows.map(({ endpointId }) => endpointId);
}

test("one too many is refused by name, and changing one is not; a place that is given back is free", async () => {
  const webhooks = makeWebhooks();
  for (const name of ["a", "b", "c", "c"]) await webhooks.put(name, facts);
  const limit = { name: "maxWebhooks", value: 3 };
  const refusal = { code: "LIMIT_EXCEEDED", fields: { limit } };
  await expect(webhooks.put("d", facts)).rejects.toMatchObject(refusal);
  await webhooks.remove("a");
  await expect(webhooks.remove("a")).rejects.toMatchObject({ code: "WEBHOOK_NOT_FOUND" });
  await webhooks.put("d", facts);
  await expect(webhooks.put("e", facts)).rejects.toMatchObject(refusal);
  expect(await listNames()).toEqual(["b", "c", "d"]);
});

test("of many at once as many are made as there are places, and with deletions between none is lost", async () => {
  const webhooks = makeWebhooks();
  const names = Array.from({ length: 8 }, (_, index) => `hook-${index}`);
  const settle = async (calls: readonly Promise<unknown>[]) => {
    const ended = await Promise.allSettled(calls);
    const refused = ended.flatMap((end) => (end.status === "rejected" ? [end.reason.code] : []));
    expect(new Set(refused)).toEqual(new Set(refused.length > 0 ? ["LIMIT_EXCEEDED"] : []));
    return ended.length - refused.length;
  };
  expect(await settle(names.map((name) => patiently(() => webhooks.put(name, facts))))).toBe(3);
  const there = await listNames();
  expect(there).toHaveLength(3);
  const others = names.filter((name) => !there.includes(name));
  await settle([
    ...there.map((name) => patiently(() => webhooks.remove(name))),
    ...others.map((name) => patiently(() => webhooks.put(name, facts))),
  ]);
  expect((await listNames()).length).toBeLessThanOrEqual(3);
  for (const name of others) await webhooks.put(name, facts).catch(() => undefined);
  expect(await listNames()).toHaveLength(3);
});

test("the same name made and deleted by several at once takes one place or none", async () => {
  const webhooks = makeWebhooks();
  for (let round = 0; round < 5; round += 1) {
    const puts = Array.from({ length: 3 }, () => webhooks.put("same", facts));
    const removals = [webhooks.remove("same"), webhooks.remove("same")];
    await Promise.allSettled([...puts, ...removals]);
    expect((await listNames()).length).toBeLessThanOrEqual(1);
  }
});

test("whoever dies at any request of making, changing or deleting has taken a place or not, never two", async () => {
  for (const death of listDeaths(5)) {
    const [name, webhooks] = [`${death.where}-${death.count}`, makeWebhooks(99)];
    const dead = makeWebhooks(99, dying(world.database, death));
    await dead.put(name, facts).catch(() => undefined);
    await listNames();
    await webhooks.put(name, facts);
    const changing = makeWebhooks(99, dying(world.database, death));
    await changing.put(name, { ...facts, active: false }).catch(() => undefined);
    const audience = await readAudience(world.database);
    const listener = audience.find(({ endpointId }) => endpointId === name);
    expect(listener!.isListening).toBe((await webhooks.get(name)).active);
    const deleting = makeWebhooks(99, dying(world.database, death));
    await deleting.remove(name).catch(() => undefined);
    await listNames();
    await webhooks.remove(name).catch(() => undefined);
    expect(await listNames()).toEqual([]);
  }
});

test("what is deleted costs a batch of events nothing: one read, however many there were", async () => {
  const webhooks = makeWebhooks();
  const feeding = createFeedingService({ database: world.database, clock });
  for (let round = 0; round < 12; round += 1) {
    await webhooks.put(`gone-${round}`, facts);
    await webhooks.remove(`gone-${round}`);
  }
  const { meter } = await metered(() => feeding.feed([]));
  expect([meter.requests, meter.readUnits]).toEqual([1, 1]);
});

test("as many as there may be, with every type of the longest name, go into the row that a batch reads @long", async () => {
  const webhooks = makeWebhooks(mostWebhooks);
  const types = ["payment.processing", "item.back_in_stock", "order.refund_due"] as const;
  const name = (index: number) => `${"n".repeat(60)}-${index}`;
  for (let index = 0; index < mostWebhooks; index += 1) {
    await webhooks.put(name(index), { ...facts, types });
  }
  await expect(webhooks.put("more", facts)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  const { result, meter } = await metered(() => readAudience(world.database));
  expect(result).toHaveLength(mostWebhooks);
  expect(meter.readUnits).toBeLessThan(15);
});
