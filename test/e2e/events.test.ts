/** Facts go out, from a request to the bus: what leaves, in which order, and what becomes of it when the bus refuses. */
import { afterAll, expect, test } from "vitest";
import { anyEvent } from "../../shared/api/events.ts";
import { localPlace } from "../../scripts/redrive/places.ts";
import { redrive } from "../../scripts/redrive/redrive.ts";
import { clientOf } from "../support/http.ts";
import { fresh } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { server, shop } = await openShopForFile();
const admin = clientOf(server, "root", ["admin"]);

const local = async (method: string, path: string, body?: object) => {
  const headers = { "content-type": "application/json" };
  const given = body === undefined ? {} : { headers, body: JSON.stringify(body) };
  const answer = await fetch(`${server.url}/_local/${path}`, { method, ...given });
  return (await answer.json()) as Record<string, never>;
};
const refuse = (refuses: boolean) => local("PUT", "events/bus", { refuses });
afterAll(() => refuse(false));

interface OnBus {
  readonly detail: { readonly id: string; readonly sequence: number; readonly type: string };
  readonly "detail-type": string;
  readonly "replay-name"?: string;
}

async function onBus(resource: string): Promise<OnBus[]> {
  const all: OnBus[] = [];
  for (let after = 0; ;) {
    const query = new URLSearchParams({ resource, after: String(after) });
    const page = await local("GET", `events/list?${query}`);
    all.push(...(page["events"] as unknown as OnBus[]));
    if (page["next"] === after) return all;
    after = page["next"] as unknown as number;
  }
}

const orderOf = (itemId: string) => {
  return { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox" };
};
const typesOf = (events: readonly OnBus[]) =>
  events.map(({ detail }) => `${detail.sequence} ${detail.type}`);

test("what happens to an order leaves in order, is listed under the same ids, and can be replayed", async () => {
  const itemId = await shop.item();
  const shopper = shop.shopper();
  const order = await shopper.mustOrder(orderOf(itemId), fresh("key"));
  await shop.pay(shopper, order);
  const { orderId } = order;
  const resource = `order/${orderId}`;
  await expect
    .poll(async () => typesOf(await onBus(resource)))
    .toEqual(["1 order.placed", "2 order.paid"]);
  const sent = await onBus(resource);
  for (const { detail, ...event } of sent) {
    expect(anyEvent.parse(detail)).toEqual(detail);
    expect(event).toMatchObject({ source: "holdfast", "detail-type": detail.type });
  }
  const { body, cost } = await admin.send(`GET /admin/events?resource=${resource}`);
  expect(body).toEqual({ events: sent.map(({ detail }) => detail), cursor: null });
  expect(cost?.requests).toBe(1);
  await local("POST", "events/replay", { fromMs: 0 });
  const again = (await onBus(resource)).filter((event) => event["replay-name"]);
  expect(again.map(({ detail }) => detail)).toEqual(sent.map(({ detail }) => detail));
});

test("what the bus refuses is tried again, then kept whole, and leaves when it is handed over again @long", async () => {
  const itemId = await shop.item();
  const shopper = shop.shopper();
  await refuse(true);
  const { orderId } = await shopper.mustOrder(orderOf(itemId), fresh("key"));
  const place = localPlace(server.url);
  const isKept = async () => {
    const bodies = await Promise.all((await place.keys()).map((key) => place.read(key)));
    return bodies.some((body) => body.includes(orderId) && body.includes("Outbox"));
  };
  await expect.poll(isKept, { timeout: 60_000 }).toBe(true);
  expect(await onBus(`order/${orderId}`)).toEqual([]);
  expect((await redrive(place)).left.length).toBeGreaterThan(0);
  await refuse(false);
  // What comes next takes along what was held up; handed over again, that is passed over.
  await shopper.cancel(orderId);
  const inOrder = ["1 order.placed", "2 order.cancelled"];
  await expect.poll(async () => typesOf(await onBus(`order/${orderId}`))).toEqual(inOrder);
  expect((await redrive(place)).left).toEqual([]);
  expect(typesOf(await onBus(`order/${orderId}`))).toEqual(inOrder);
});
