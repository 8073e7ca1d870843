/** The line for a sold-out item through HTTP: a shopper waits, gets a turn, and orders with it. */
import { expect, test } from "vitest";
import { clientOf } from "../support/http.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const file = await openShopForFile();

test("who waits orders the unit that comes free; strangers and others' tickets get nothing", async () => {
  const itemId = `line/${Date.now()}`;
  const as = (name: string, groups: string[] = []) =>
    clientOf(file.server, `${name}-${itemId}`.replace("/", "-"), groups);
  const [holder, ann, eve, root] = [as("holder"), as("ann"), as("eve"), as("root", ["admin"])];
  const path = `/items/${encodeURIComponent(itemId)}/line`;
  const order = (who: typeof ann, key: string, more = {}) =>
    who.send("POST /order/me", {
      body: { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox", ...more },
      headers: { "idempotency-key": key },
    });
  const price = { amountMinor: 500, currency: "EUR" };
  await root.send("POST /items", {
    body: { itemId, name: "Seat", kind: "Ticket", price, quantity: 1 },
  });
  expect(await ann.send(`POST ${path}`)).toMatchObject({
    status: 409,
    body: { code: "LINE_CLOSED", reason: "not_sold_out" },
  });
  const held = await order(holder, "h");
  const joined = await ann.send(`POST ${path}`);
  expect(joined).toMatchObject({
    status: 202,
    cost: { requests: 2 },
    body: { queued: true, position: 1, ahead: 0, estimatedWaitMs: expect.any(Number) },
  });
  const { ticket } = joined.body;
  const place = `${path}?ticket=${ticket}`;
  expect(await ann.send(`GET ${place}`)).toMatchObject({ status: 202, cost: { requests: 1 } });
  expect(await eve.send(`GET ${place}`)).toMatchObject({ status: 404 });
  await holder.send(`POST /orders/${held.body.orderId}/cancel`);
  expect(await order(eve, "e")).toMatchObject({ status: 409, body: { code: "ITEMS_UNAVAILABLE" } });
  const turn = await ann.send(`GET ${place}`);
  expect(turn).toMatchObject({
    status: 200,
    cost: { requests: 2 },
    body: { success: true, ticket },
  });
  const tickets = [{ itemId, ticket }];
  expect(await order(eve, "e2", { tickets })).toMatchObject({
    status: 404,
    body: { code: "TICKET_NOT_FOUND" },
  });
  expect(await order(ann, "a", { tickets })).toMatchObject({ status: 201, cost: { requests: 3 } });
  expect(await ann.send(`DELETE ${place}`)).toMatchObject({ status: 200 });
});
