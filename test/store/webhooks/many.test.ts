/** Many endpoints on the real engine, one of which hangs: what the others are told, and when, is as if it were not there. */
import { expect, inject, test } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { ShopEvent } from "../../../shared/events/event.ts";
import { createFeedingService } from "../../../shared/webhooks/feeding-service.ts";
import { createSendingService } from "../../../shared/webhooks/sending-service.ts";
import type { WebhookCall } from "../../../shared/webhooks/webhook.ts";
import { createWebhookService } from "../../../shared/webhooks/webhook-service.ts";
import { createWorld, metered } from "../../support/world.ts";

const startMs = 1_800_000_000_000;
const types = ["order.placed", "order.paid"] as const;

/** What each of so many endpoints was told, at which instant of its run, and in how many requests. */
async function tellMany(count: number, isHanging: boolean) {
  const clock = () => epochMs(startMs);
  const { database } = await createWorld(inject("dynamoDbEndpoint"), clock);
  const webhooks = createWebhookService({
    database,
    clock,
    rules: { production: true },
    overlapMs: 1,
  });
  const names = Array.from(
    { length: count },
    (_, index) => `hook-${String(index).padStart(3, "0")}`,
  );
  for (const name of names) {
    await webhooks.put(name, { url: `https://example.com/${name}`, types, active: true });
  }
  const events = types.map((type, index): ShopEvent => {
    const sequence = index + 1;
    const facts = { id: `evt_${sequence}`, type, resource: "order/o", resourceVersion: "1" };
    return { ...facts, sequence, occurredAtMs: startMs, actor: "alice", data: {} };
  });
  await database.strew("Outbox", { put: events.map((event) => ({ ...event })) });
  const { endpointIds } = await createFeedingService({ database, clock }).feed(events);
  expect(endpointIds.toSorted()).toEqual(names);

  let release = (): void => undefined;
  const isReleased = new Promise<void>((settle) => (release = settle));
  const heard: string[] = [];
  /** A run for an endpoint, as each is called for by itself; its calls take 50 ms of its own time. */
  async function run(name: string): Promise<number> {
    let nowMs = startMs;
    const call = async ({ url, body }: WebhookCall) => {
      if (isHanging && url.endsWith(names[0]!)) {
        await isReleased;
        return { problem: "No answer within 5 seconds" };
      }
      nowMs += 50;
      heard.push(`${name} ${(JSON.parse(body) as ShopEvent).id} after ${nowMs - startMs} ms`);
      return { answered: 200 };
    };
    const sleep = async (ms: number): Promise<void> => void (nowMs += ms);
    const own = { database, clock: () => epochMs(nowMs), call, sleep };
    const { meter } = await metered(() =>
      createSendingService(own).send(name, epochMs(startMs + 48_000)),
    );
    return meter.requests;
  }

  const first = run(names[0]!);
  const requests: number[] = [];
  for (const name of names.slice(1)) requests.push(await run(name));
  const others = heard.filter((line) => !line.startsWith(names[0]!)).toSorted();
  release();
  await first;
  return { others, requests };
}

test.each([
  { count: 8, title: "8 endpoints" },
  { count: 200, title: "200 endpoints @long" },
])("one that hangs delays no other and costs it nothing: $title", async ({ count }) => {
  const alone = await tellMany(2, false);
  expect(alone.others).toEqual(["hook-001 evt_1 after 50 ms", "hook-001 evt_2 after 100 ms"]);
  const beside = await tellMany(count, true);
  const names = [...new Set(beside.others.map((line) => line.slice(0, "hook-001".length)))];
  expect(names).toHaveLength(count - 1);
  expect(beside.others).toEqual(
    names.flatMap((name) => alone.others.map((line) => line.replace("hook-001", name))),
  );
  expect(new Set(beside.requests)).toEqual(new Set(alone.requests));
});
