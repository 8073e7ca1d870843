/** A cursor that no list has given out is refused on every list, by its name: never a fault of ours. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { z } from "zod";
import { endpoints } from "../../shared/api/index.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { shop } = await openShopForFile();

const lists = endpoints.filter(({ query }) => {
  return "cursor" in ((query as unknown as Partial<z.ZodObject>).shape ?? {});
});

/** The one that is listed of; it is told nothing. */
const webhook = "/admin/webhooks/x";
beforeAll(async () => {
  const body = { url: "https://example.com/x", types: ["order.paid"], active: false };
  await shop.admin.send(`PUT ${webhook}`, { body });
});
afterAll(() => shop.admin.send(`DELETE ${webhook}`));

/** With what they cannot do without. */
const required: Readonly<Record<string, string>> = {
  subject: "item/x",
  resource: "item/x",
  kind: "item",
};

function routeOf({ method, path, query }: (typeof lists)[number], itemId: string): string {
  const { shape = {} } = query as unknown as Partial<z.ZodObject<Record<string, z.ZodType>>>;
  const needed = Object.entries(shape)
    .filter(([, schema]) => !schema.safeParse(undefined).success)
    .map(([field]) => `${field}=${encodeURIComponent(required[field] ?? "x")}&`);
  const filled = path.replace("{itemId}", itemId).replaceAll(/\{\w+\}/g, "x");
  return `${method} ${filled}?${needed.join("")}`;
}

const encode = (text: string): string => Buffer.from(text).toString("base64url");
const tampered = [
  "junk",
  "e30x",
  encode("null"),
  encode("[]"),
  encode("5"),
  encode('{"itemId":1e308}'),
  encode('{"shard":1e308}'),
  encode('{"shard":-1,"after":"x"}'),
  encode('{"shard":0.5}'),
  encode('{"source":1e308,"after":"x"}'),
  encode('{"orderId":{"$gt":""}}'),
  encode('{"subject":["item/x"],"at":null}'),
  encode('{"itemId":true}'),
  encode(`{"${"k".repeat(300)}":"x"}`),
];

it("that was tampered with, of whatever type @long", async () => {
  const itemId = await shop.item();
  const names = lists.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(6);
  const told: unknown[] = [];
  for (const endpoint of lists) {
    const route = routeOf(endpoint, itemId);
    for (const cursor of tampered) {
      const { status, body } = await shop.admin.send(`${route}cursor=${cursor}`);
      const paths = body.issues?.map(({ path }: { path: string }) => path) ?? [];
      const isNamed = paths.length === 1 && /(^|\.)cursor$/.test(paths[0]);
      if (status !== 400 || !isNamed) told.push({ route, cursor, status, paths });
    }
  }
  expect(told).toEqual([]);
});

it("that another list has given out leads to no fault, and into nobody else's rows @long", async () => {
  const itemId = await shop.item();
  await shop.items(3);
  const [one, other] = [shop.shopper(), shop.shopper()];
  for (const shopper of [one, one, other, other]) {
    await shopper.mustOrder({ items: [{ itemId, quantity: 1 }] });
  }
  const given: string[] = [];
  for (const endpoint of lists) {
    for (const client of [shop.admin, one]) {
      const { body } = await client.send(`${routeOf(endpoint, itemId)}limit=1`);
      if (typeof body.cursor === "string") given.push(body.cursor);
    }
  }
  expect(given.length).toBeGreaterThan(3);
  for (const endpoint of lists) {
    for (const cursor of given) {
      const route = `${routeOf(endpoint, itemId)}cursor=${cursor}`;
      const { status, body } = await other.send(route);
      expect({ route, isFault: status >= 500 }).toEqual({ route, isFault: false });
      const owners = (body.orders ?? []).map(({ userId }: { userId: string }) => userId);
      expect(owners.filter((userId: string) => userId !== other.userId)).toEqual([]);
      const { status: forAdmin } = await shop.admin.send(route);
      expect({ route, isFault: forAdmin >= 500 }).toEqual({ route, isFault: false });
    }
  }
});
