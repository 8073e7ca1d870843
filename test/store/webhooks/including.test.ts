/** What an endpoint may ask for besides: who an order is for and where it goes, as long as the order has it. */
import { Webhook as Verifier } from "standardwebhooks";
import { beforeAll, expect, inject, test } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { EventType } from "../../../shared/base/event-type.ts";
import type { ShopEvent } from "../../../shared/events/event.ts";
import { callWith } from "../../../shared/webhooks/calling.ts";
import { createFeedingService } from "../../../shared/webhooks/feeding-service.ts";
import { createSendingService } from "../../../shared/webhooks/sending-service.ts";
import { createTryingService } from "../../../shared/webhooks/trying-service.ts";
import type { Outcome, Webhook, WebhookCall } from "../../../shared/webhooks/webhook.ts";
import { createWebhookService } from "../../../shared/webhooks/webhook-service.ts";
import { fresh } from "../../support/shop.ts";
import { createWorld, metered, type World } from "../../support/world.ts";

const startMs = 1_800_000_000_000;
const clock = () => epochMs(startMs);
const customer = { name: "Ada Lovelace", email: "ada@example.com" };
const shipTo = { street: "12 St James's Square", city: "London" };
let world: World;

beforeAll(async () => {
  world = await createWorld(inject("dynamoDbEndpoint"), clock);
});

/** An endpoint that says back what it hears, and an order with somebody's name on it. */
async function openScene(include?: Webhook["include"]) {
  const endpointId = fresh("crm");
  const orderId = fresh("ord");
  const calls: WebhookCall[] = [];
  const call = async (given: WebhookCall): Promise<Outcome> => {
    calls.push(given);
    return { answered: 200, answer: given.body };
  };
  const { database } = world;
  const parts = { database, clock, call, sleep: async () => undefined };
  const rules = { production: true };
  const webhooks = createWebhookService({ ...parts, rules, overlapMs: 1 });
  const [feeding, sending] = [createFeedingService(parts), createSendingService(parts)];
  const types: EventType[] = ["order.placed", "order.paid", "hold.expired"];
  const facts = { url: "https://example.com/hooks", types, active: true };
  const { secret } = await webhooks.put(endpointId, { ...facts, ...(include && { include }) });
  const row = { orderId, userId: "ada", status: "paid" };
  const personal = { customer, shipTo: JSON.stringify(shipTo) };
  await database.strew("Orders", { put: [{ ...row, ...personal }] });
  return {
    calls,
    parts,
    webhook: () => webhooks.get(endpointId),
    secret: secret!,
    erase: () => database.strew("Orders", { put: [row] }),
    retry: async () => {
      const [{ deliveryId } = { deliveryId: "" }] = await log();
      return createTryingService(parts).retry(endpointId, deliveryId);
    },
    log,
    async tell(type: EventType, sequence = 1): Promise<ShopEvent> {
      const resource = `order/${orderId}`;
      const told = { id: `evt_${orderId}_${sequence}`, type, resource, resourceVersion: "1" };
      const data = { orderId };
      const event = { ...told, sequence, occurredAtMs: startMs, actor: "ada", data };
      await database.strew("Outbox", { put: [{ ...event }] });
      await feeding.feed([event]);
      await sending.send(endpointId, epochMs(startMs + 48_000));
      return event;
    },
  };

  async function log() {
    return (await webhooks.listDeliveries(endpointId, { limit: 10 })).rows;
  }
}

const dataIn = ({ body }: WebhookCall) => (JSON.parse(body) as ShopEvent).data;

test("an endpoint that asks for it is told who an order is for and where it goes, signed with the rest", async () => {
  const { tell, calls, secret, log } = await openScene(["customer", "shipTo"]);
  const { id } = await tell("order.placed");
  expect(dataIn(calls[0]!)).toMatchObject({ customer, shipTo });
  expect(new Verifier(secret).sign(id, new Date(startMs), calls[0]!.body)).toBe(
    calls[0]!.headers["webhook-signature"],
  );
  // Its answer says it back, and is not kept.
  expect(await log()).toMatchObject([{ status: "delivered", answered: 200 }]);
  expect(JSON.stringify(await log())).not.toMatch(/Ada|London|example/);
});

test("whoever asks for a part gets that part, and who asks for none nothing", async () => {
  const part = await openScene(["shipTo"]);
  await part.tell("order.paid");
  expect(dataIn(part.calls[0]!)).toMatchObject({ shipTo });
  expect(dataIn(part.calls[0]!)).not.toHaveProperty("customer");
  const none = await openScene();
  await none.tell("order.paid");
  await none.tell("hold.expired", 2);
  expect(none.calls).toHaveLength(2);
  expect(JSON.stringify(none.calls)).not.toMatch(/Ada|London/);
  const [delivery] = await none.log();
  expect(delivery!.answer).toContain("order");
  const other = await openScene(["customer", "shipTo"]);
  await other.tell("hold.expired");
  expect(JSON.stringify(other.calls)).not.toMatch(/Ada|London/);
});

test("what is told again after an erasure has none of it, under the same id", async () => {
  const { tell, erase, retry, calls } = await openScene(["customer", "shipTo"]);
  await tell("order.placed");
  await erase();
  await retry();
  await tell("order.paid", 2);
  const ids = calls.map(({ headers }) => headers["webhook-id"]);
  expect(ids[1]).toBe(ids[0]);
  expect(JSON.stringify(calls[0])).toContain("Ada Lovelace");
  expect(JSON.stringify(calls.slice(1))).not.toMatch(/Ada|London/);
});

test("what is included costs a read of the order for each event, and nothing where it is not asked for", async () => {
  const { tell, webhook, parts } = await openScene(["customer"]);
  const event = await tell("order.placed");
  const { meter: asking } = await metered(async () => callWith(parts, await webhook(), event));
  const { meter: silent } = await metered(async () => {
    const { include: _include, ...plain } = await webhook();
    return callWith(parts, plain, event);
  });
  expect(asking.requests - silent.requests).toBe(1);
  expect(asking.readUnits - silent.readUnits).toBe(1);
  expect(asking.writeUnits).toBe(0);
});
