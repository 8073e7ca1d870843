/** Webhooks from an order to somebody's server: signed, in order, tried again, and within their limits. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { anyEvent } from "../../shared/api/events.ts";
import { clientOf } from "../support/http.ts";
import { fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop } = await openShopForFile();
const admin = clientOf(server, "root", ["admin"]);

interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody's server, which answers with what its path says. */
const heard: Heard[] = [];
const statuses = new Map<string, number>();
let receiver: Server;
let base = "";

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { url: path = "", headers } = request;
      heard.push({ path, headers, body: Buffer.concat(parts).toString() });
      if (path.startsWith("/silent")) return;
      response.writeHead(statuses.get(path) ?? 200, { location: "/elsewhere" });
      response.end("thank you");
    });
  });
  await new Promise<void>((settle) => receiver.listen(0, "127.0.0.1", settle));
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});

const made: string[] = [];
afterAll(async () => {
  for (const endpointId of made) await admin.send(`DELETE /admin/webhooks/${endpointId}`);
  receiver.closeAllConnections();
  receiver.close();
});

const types = ["order.placed", "order.paid"];

/** Functions that were never awake, and tries in between: none of it is about time. */
const patience = { timeout: 60_000 };

async function makeWebhook(path: string, include?: readonly string[]) {
  const endpointId = fresh("hook");
  made.push(endpointId);
  const url = `${base}${path}`;
  const { status, body } = await admin.send(`PUT /admin/webhooks/${endpointId}`, {
    body: { url, types, ...(include && { include }) },
  });
  expect(status).toBe(200);
  expect(body.include).toEqual(include ?? []);
  return { endpointId, url, secret: body.secret as string };
}

async function paidOrder(): Promise<string> {
  const shopper = shop.shopper();
  const items = [{ itemId: await shop.item(), quantity: 1 }];
  const order = await shopper.mustOrder({ items, paymentMethod: "sandbox" }, fresh("key"));
  await shop.pay(shopper, order);
  return order.orderId;
}

const toldAt = (path: string, orderId: string) =>
  heard.filter((each) => each.path === path && each.body.includes(orderId));
const typesAt = (path: string, orderId: string): string[] =>
  toldAt(path, orderId).map(({ body }) => JSON.parse(body).type);
/** Without what came again, because an answer took too long. */
const distinct = (all: readonly string[]): string[] => [...new Set(all)];

/** What has been told by now; and has it looked what is due. */
async function sweepAndSee(path: string, orderId: string): Promise<string[]> {
  await server.call("POST /_local/schedules/webhooks-due");
  return typesAt(path, orderId);
}

async function deliveriesOf(endpointId: string, orderId: string) {
  const { body } = await admin.send(`GET /admin/webhooks/${endpointId}/deliveries?limit=100`);
  return body.deliveries.filter(({ resource }: { resource: string }) => resource.includes(orderId));
}

test("an order is told in order, signed, and is in the log; a receiver that says nothing delays nobody", async () => {
  await makeWebhook("/silent");
  const { endpointId, secret } = await makeWebhook("/a");
  const orderId = await paidOrder();
  await expect.poll(() => distinct(typesAt("/a", orderId)), patience).toEqual(types);
  for (const { headers, body } of toldAt("/a", orderId)) {
    const event = new Verifier(secret).verify(body, headers as Record<string, string>);
    expect(anyEvent.parse(event)).toEqual(event);
    expect(headers["webhook-id"]).toBe(anyEvent.parse(event).id);
  }
  await expect
    .poll(async () => (await deliveriesOf(endpointId, orderId)).length, patience)
    .toBe(types.length);
  for (const delivery of await deliveriesOf(endpointId, orderId)) {
    expect(delivery).toMatchObject({ status: "delivered", answered: 200 });
    expect(delivery.answer).toBe("thank you");
  }
});

test("who an order is for and where it goes is told to whom asks for it, and is in no log", async () => {
  const { endpointId, secret } = await makeWebhook("/mailer", ["customer", "shipTo"]);
  await makeWebhook("/plain");
  const shopper = shop.shopper();
  const items = [{ itemId: await shop.item(), quantity: 1 }];
  const person = { customer: { name: fresh("Ada") }, shipTo: { street: fresh("Street") } };
  const order = await shopper.mustOrder({ items, ...person }, fresh("key"));
  await shop.pay(shopper, order);
  const { orderId } = order;
  for (const path of ["/mailer", "/plain"])
    await expect.poll(() => distinct(typesAt(path, orderId)), patience).toEqual(types);
  for (const { headers, body } of toldAt("/mailer", orderId)) {
    const event = new Verifier(secret).verify(body, headers as Record<string, string>);
    expect(anyEvent.parse(event)).toEqual(event);
    expect(anyEvent.parse(event).data).toMatchObject(person);
  }
  await expect
    .poll(async () => (await deliveriesOf(endpointId, orderId)).length, patience)
    .toBe(types.length);
  const [{ deliveryId }] = await deliveriesOf(endpointId, orderId);
  const route = `POST /admin/webhooks/${endpointId}/deliveries/${deliveryId}/retry`;
  const { body: retried } = await admin.send(route, { body: {} });
  expect(retried).toMatchObject({ status: "delivered", answered: 200, answer: null });
  const kept = [
    toldAt("/plain", orderId),
    await deliveriesOf(endpointId, orderId),
    (await admin.send(`GET /admin/events?resource=order/${orderId}`)).body,
    (await server.call("GET /_local/logs")).body,
  ];
  const text = JSON.stringify(kept);
  expect(text).not.toContain(person.customer.name);
  expect(text).not.toContain(person.shipTo.street);
});

test("a person who is erased is in no answer, event, delivery or log any more, and that is told", async () => {
  const { endpointId } = await makeWebhook("/erased", ["customer", "shipTo"]);
  const shopper = shop.shopper();
  const { userId } = shopper;
  const name = fresh("Lovelace");
  const said = {
    customer: { name },
    shipTo: { street: name },
    note: name,
    metadata: { gift: name },
  };
  const items = [{ itemId: await shop.item(), quantity: 1 }];
  const order = await shopper.mustOrder({ items, ...said }, fresh("key"));
  const { orderId } = order;
  await shop.pay(shopper, order);
  const left = await shopper.mustOrder({ items, ...said }, fresh("key"));
  await shopper.add({ itemId: items[0]!.itemId, quantity: 1 });
  await shopper.send("PUT /carts/me/default/main/metadata/address", { body: { street: name } });
  const docId = fresh("doc");
  await shopper.send("POST /api/lock/acquire", { body: { docId, username: name } });
  await expect.poll(() => distinct(typesAt("/erased", orderId)), patience).toEqual(types);
  await expect.poll(() => typesAt("/erased", left.orderId), patience).toContain("order.placed");

  const route = `/admin/people/${userId}`;
  const readAll = async () => {
    const pages: unknown[] = [];
    let query: string | undefined = "";
    while (query !== undefined) {
      const page: { status: number; body: { cursor: string | null } } = await admin.send(
        `GET ${route}${query}`,
      );
      expect(page.status).toBe(200);
      pages.push(page.body);
      query = page.body.cursor === null ? undefined : `?cursor=${page.body.cursor}`;
    }
    return JSON.stringify(pages);
  };
  const before = await readAll();
  for (const each of [orderId, left.orderId, name, docId]) expect(before).toContain(each);

  const refused = await admin.send(`DELETE ${route}?includeUnsent=true`);
  expect([refused.status, refused.body.code]).toEqual([409, "PERSON_BUSY"]);
  expect(refused.body.openOrders).toEqual([left.orderId]);
  await admin.send(`POST /admin/locks/release/${left.orderId}`, { body: { reason: name } });
  // The reason is in the trail by then, as the release itself.
  const history = `GET /admin/audit?subject=order/${left.orderId}`;
  await expect
    .poll(async () => JSON.stringify((await admin.send(history)).body), patience)
    .toContain(name);
  const unsent = await admin.send(`DELETE ${route}`);
  expect(unsent.body.openOrders).toEqual([orderId]);
  const { status, body } = await admin.send(`DELETE ${route}?includeUnsent=true`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ userId, done: true, phase: "done", orders: 2, carts: 1, locks: 1 });

  const told = `GET /admin/events?resource=person/${userId}`;
  await expect.poll(async () => (await admin.send(told)).body.events.length, patience).toBe(1);
  const [event] = (await admin.send(told)).body.events;
  expect(anyEvent.parse(event)).toMatchObject({ type: "person.erased", actor: "root" });
  expect(event.data).toEqual({ userId, orders: 2, carts: 1 });
  const [{ deliveryId }] = await deliveriesOf(endpointId, orderId);
  await expect
    .poll(async () => (await deliveriesOf(endpointId, orderId)).length, patience)
    .toBe(types.length);
  const count = heard.length;
  const retried = `POST /admin/webhooks/${endpointId}/deliveries/${deliveryId}/retry`;
  expect((await admin.send(retried, { body: {} })).body.status).toBe("delivered");
  const logs = (await server.call("GET /_local/logs")).body;
  const kept = [
    await readAll(),
    event,
    heard.slice(count),
    await deliveriesOf(endpointId, orderId),
    logs,
  ];
  expect(JSON.stringify(kept)).not.toContain(name);
  expect((await shopper.see(orderId)).totalMinor).toBe(order.totalMinor);
  const nobody = await clientOf(server, "alice").send(`GET ${route}`);
  expect(nobody.status).toBe(403);
});

test("what failed is tried again by itself within moments, later by the sweep, or by hand @long", async () => {
  const { endpointId } = await makeWebhook("/fails");
  statuses.set("/fails", 500);
  const orderId = await paidOrder();
  const first = () => deliveriesOf(endpointId, orderId);
  await expect.poll(async () => (await first())[0]?.attempts, patience).toBeGreaterThan(2);
  expect(distinct(typesAt("/fails", orderId))).toEqual(["order.placed"]);
  statuses.set("/fails", 302);
  const [{ deliveryId }] = await first();
  const route = `POST /admin/webhooks/${endpointId}/deliveries/${deliveryId}/retry`;
  const retry = async () => (await admin.send(route, { body: {} })).body;
  await expect.poll(async () => (await retry()).answered, patience).toBe(302);
  expect(toldAt("/elsewhere", orderId)).toEqual([]);
  statuses.set("/fails", 200);
  await expect.poll(async () => (await retry()).status, patience).toBe("delivered");
  // What waited behind it is due, and found by whoever looks next.
  await expect
    .poll(async () => (await sweepAndSee("/fails", orderId)).at(-1), patience)
    .toBe("order.paid");
  const { attempts } = (await first()).find(
    (each: { deliveryId: string }) => each.deliveryId === deliveryId,
  );
  expect(await retry()).toMatchObject({ status: "delivered", attempts: attempts + 1 });
});

test("an endpoint that is gone is paused, and goes on when it is put again, with the secret that it has", async () => {
  const { endpointId, url, secret } = await makeWebhook("/gone");
  statuses.set("/gone", 410);
  const orderId = await paidOrder();
  const route = `/admin/webhooks/${endpointId}`;
  await expect
    .poll(async () => (await admin.send(`GET ${route}`)).body.pausedBecause, patience)
    .toBe("Answered 410");
  statuses.set("/gone", 200);
  const { body } = await admin.send(`PUT ${route}`, { body: { url, types, active: true } });
  expect(body).toMatchObject({ secret: null, pausedAtMs: null });
  await expect
    .poll(async () => (await sweepAndSee("/gone", orderId)).slice(-2), patience)
    .toEqual(types);
  const [last] = toldAt("/gone", orderId).slice(-1);
  const { headers } = last!;
  expect(new Verifier(secret).verify(last!.body, headers as Record<string, string>)).toBeDefined();
});

test("a test says what the endpoint answers; a new secret and the one before both sign", async () => {
  const { endpointId, secret } = await makeWebhook("/test");
  const route = `/admin/webhooks/${endpointId}`;
  const rotated = await admin.send(`POST ${route}/secret`, { body: {} });
  const { body } = await admin.send(`POST ${route}/test`, { body: {} });
  expect(body).toEqual({ taken: true, answered: 200, answer: "thank you", problem: null });
  const call = heard.find(({ path }) => path === "/test")!;
  for (const each of [secret, rotated.body.secret as string]) {
    const event = new Verifier(each).verify(call.body, call.headers as Record<string, string>);
    expect(event).toMatchObject({ type: "webhook.test", resource: `webhook/${endpointId}` });
  }
  const { body: listed } = await admin.send("GET /admin/webhooks?limit=100");
  expect(JSON.stringify(listed)).not.toContain("whsec_");
  expect(listed.webhooks.map((each: { endpointId: string }) => each.endpointId)).toContain(
    endpointId,
  );
});

test("what left since an instant is told again, under the same ids; how far it has come is seen", async () => {
  const { endpointId } = await makeWebhook("/replayed");
  const orderId = await paidOrder();
  const ids = () => toldAt("/replayed", orderId).map(({ headers }) => headers["webhook-id"]!);
  const sweptIds = async () => {
    await sweepAndSee("/replayed", orderId);
    return ids();
  };
  await expect.poll(async () => new Set(await sweptIds()).size, patience).toBe(types.length);
  const first = [...new Set(ids())] as string[];
  const heardBefore = ids().length;
  const route = `/admin/webhooks/${endpointId}`;
  const begun = await admin.send(`POST ${route}/replay`, { body: { fromMs: 0 } });
  expect(begun.body.replay).toMatchObject({ status: "searching", resource: null, types: null });
  const replay = async () => {
    await sweepAndSee("/replayed", orderId);
    return (await admin.send(`GET ${route}`)).body.replay;
  };
  await expect.poll(async () => (await replay()).status, patience).toBe("told");
  expect((await replay()).found).toBeGreaterThanOrEqual(types.length);
  expect([...new Set(ids().slice(heardBefore))]).toEqual(first);
});

test("inner addresses are refused, and what there is not is not found", async () => {
  for (const url of ["https://10.0.0.1/", "http://169.254.169.254/", "ftp://example.com/"]) {
    const { status, body } = await admin.send("PUT /admin/webhooks/inner", {
      body: { url, types },
    });
    expect([status, body.issues?.[0]?.path]).toEqual([400, "url"]);
  }
  const found = await admin.send("DELETE /admin/webhooks/inner");
  expect([found.status, found.body.code]).toEqual([404, "WEBHOOK_NOT_FOUND"]);
  const alice = await clientOf(server, "alice").send("GET /admin/webhooks");
  expect(alice.status).toBe(403);
});
