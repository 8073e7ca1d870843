/** The examples on the running stack: told by webhooks over HTTP, and then all of it again, reversed and twice. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { createClient } from "../../client/index.ts";
import { createFulfilment } from "../../examples/fulfilment.ts";
import { createMailing, type Mailer } from "../../examples/mail.ts";
import { createReceiver, type Take } from "../../examples/receiver.ts";
import { createStockMirror } from "../../examples/stock-mirror.ts";
import type { AnyEvent } from "../../shared/api/events.ts";
import { eventTypes } from "../../shared/base/event-type.ts";
import { clientOf } from "../support/http.ts";
import { fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop } = await openShopForFile();
const admin = clientOf(server, "root", ["admin"]);
const client = createClient({ baseUrl: server.url, token: () => server.token("root", ["admin"]) });
/** Functions that were never awake, and tries in between: none of it is about time. */
const patience = { timeout: 60_000 };

const fronts: Server[] = [];
const endpoints: string[] = [];
afterAll(async () => {
  for (const endpointId of endpoints) await admin.send(`DELETE /admin/webhooks/${endpointId}`);
  for (const front of fronts) {
    front.closeAllConnections();
    front.close();
  }
});

/** An endpoint at which an example listens; its secret is known only when it has an address. */
async function listen(
  asked: { types: readonly string[]; include?: readonly string[] },
  take: Take,
) {
  let receiver: Server | undefined;
  const front = createServer((request, response) => receiver?.emit("request", request, response));
  fronts.push(front);
  await new Promise<void>((settle) => front.listen(0, "127.0.0.1", settle));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/events`;
  const endpointId = fresh("example");
  endpoints.push(endpointId);
  const put = await admin.send(`PUT /admin/webhooks/${endpointId}`, { body: { url, ...asked } });
  expect(put.status).toBe(200);
  receiver = createReceiver(put.body.secret, take);
  return { endpointId, url };
}

/** What left of a resource, with the person whom a webhook may include. */
async function eventsOf(resource: string, customer: object): Promise<AnyEvent[]> {
  const { body } = await admin.send(`GET /admin/events?resource=${encodeURIComponent(resource)}`);
  const events = body.events as AnyEvent[];
  return events.map((event) => ({ ...event, data: { ...event.data, customer } }) as AnyEvent);
}

test("mails, parcels and the copy of the stock are right after everything came once, and after it came again @long", async () => {
  const sent: Parameters<Mailer["sendMail"]>[0][] = [];
  const ids = new Set<string>();
  const mailed = { has: async (id: string) => ids.has(id), add: async (id: string) => ids.add(id) };
  const mailing = createMailing({ sendMail: async (mail) => sent.push(mail) }, mailed);
  const parcels = new Map<string, number>();
  const fulfilment = createFulfilment(client, {
    ship: async ({ reference }) => {
      parcels.set(reference, parcels.get(reference) ?? parcels.size + 1);
      return { tracking: `TRACK-${parcels.get(reference)}` };
    },
  });
  const available = new Map<string, number>();
  const mirror = createStockMirror(client, available);
  await listen({ types: ["order.paid"], include: ["customer"] }, mailing);
  const { endpointId } = await listen({ types: ["order.paid"] }, fulfilment);
  const movesStock = eventTypes.filter((type) => /^(?:order|hold|item)\./.test(type));
  await listen({ types: movesStock }, mirror);

  const itemIds = await shop.items(2, { quantity: 3 });
  const shopper = shop.shopper();
  const customer = { email: `${fresh("ada")}@example.com` };
  const order = async (itemId: string, quantity: number): Promise<string> => {
    const items = [{ itemId, quantity }];
    return (await shopper.mustOrder({ items, customer }, fresh("key"))).orderId;
  };
  const paidId = await order(itemIds[0]!, 3);
  await shop.pay(shopper, await shopper.see(paidId));
  const cancelledId = await order(itemIds[1]!, 2);
  await shopper.cancel(cancelledId);
  const resources = [paidId, cancelledId].map((orderId) => `order/${orderId}`);
  resources.push(...itemIds.map((itemId) => `item/${itemId}`));

  const mails = () => sent.filter(({ to }) => to === customer.email);
  const ownStock = () => itemIds.map((itemId) => available.get(itemId));
  const levels = () =>
    Promise.all(itemIds.map(async (itemId) => (await shop.levels(itemId)).available));
  const expectRight = async (): Promise<void> => {
    await expect.poll(mails, patience).toHaveLength(1);
    expect(mails()[0]).toMatchObject({ text: "Thank you. We received €30.00." });
    const isSent = async () =>
      (await admin.send(`GET /orders/${paidId}`)).body.fulfilments?.length ?? 0;
    await expect.poll(isSent, patience).toBe(1);
    await expect.poll(ownStock, patience).toEqual(await levels());
    expect(ownStock()).toEqual([0, 3]);
  };
  await expectRight();

  const listAll = async () =>
    (await Promise.all(resources.map((each) => eventsOf(each, customer)))).flat();
  // What an item comes to is told by another stream than the order is.
  await expect
    .poll(async () => (await listAll()).map(({ type }) => type), patience)
    .toEqual(
      expect.arrayContaining(["order.placed", "order.paid", "order.cancelled", "item.sold_out"]),
    );
  const all = await listAll();
  for (const event of [...all.toReversed(), ...all]) {
    for (const take of [mailing, fulfilment, mirror]) await take(event);
  }
  await expectRight();

  // Once more under the same id, over HTTP: as if the answer had been lost.
  const findDelivery = async () => {
    const { body } = await admin.send(`GET /admin/webhooks/${endpointId}/deliveries?limit=100`);
    const isOwn = ({ resource }: { resource: string }) => resource.includes(paidId);
    return body.deliveries.find(isOwn) as { deliveryId: string; status: string } | undefined;
  };
  await expect.poll(async () => (await findDelivery())?.status, patience).toBe("delivered");
  const { deliveryId } = (await findDelivery())!;
  const route = `POST /admin/webhooks/${endpointId}/deliveries/${deliveryId}/retry`;
  expect((await admin.send(route, { body: {} })).body).toMatchObject({ status: "delivered" });
  await expectRight();
});

test("who does not know the secret is turned away", async () => {
  const heard: AnyEvent[] = [];
  const { url } = await listen({ types: ["order.paid"] }, async (event) => {
    heard.push(event);
  });
  const headers = { "webhook-id": "evt_x", "webhook-timestamp": "1", "webhook-signature": "v1,no" };
  const { status } = await fetch(url, { method: "POST", headers, body: '{"type":"order.paid"}' });
  expect(status).toBe(401);
  expect(heard).toEqual([]);
});
