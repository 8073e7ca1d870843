/** What each operation costs: DynamoDB requests as `Server-Timing` counts them, warm and alone. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../support/http.ts";
import { fresh, type LineGiven, type Shopper } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const { shop } = await openShopForFile();

beforeAll(async () => {
  // Steady state: what a function reads once in its life, it has read.
  const shopper = shop.shopper();
  await shop.pay(shopper, await shopper.mustOrder({ items: [await aLine()] }));
});

function requests({ cost }: Answer): number | undefined {
  return cost?.requests;
}

async function aLine(): Promise<LineGiven> {
  return { itemId: await shop.item(), quantity: 1 };
}

async function shopperWith(lineCount: number): Promise<{ shopper: Shopper; lines: LineGiven[] }> {
  const shopper = shop.shopper();
  const itemIds = await shop.items(lineCount);
  const lines = itemIds.map((itemId) => ({ itemId, quantity: 2 }));
  await shopper.putInCart(lines);
  return { shopper, lines };
}

describe.each([1, 20])("an order from a cart of %i lines", (lineCount) => {
  it("costs 2 requests, and 2 again when the request is repeated @long", async () => {
    const { shopper } = await shopperWith(lineCount);
    const key = fresh("key");
    const placed = await shopper.order({}, key);
    expect(placed).toMatchObject({ status: 201, cost: { requests: 2 } });
    expect(placed.body.lines).toHaveLength(lineCount);
    const again = await shopper.order({}, key);
    expect(again).toMatchObject({ status: 200, cost: { requests: 2 } });
    expect(again.body).toEqual(placed.body);
  });

  it("costs 2 requests, and 2 again, without a key @long", async () => {
    const { shopper } = await shopperWith(lineCount);
    expect(await shopper.order()).toMatchObject({ status: 201, cost: { requests: 2 } });
    expect(await shopper.order()).toMatchObject({ status: 200, cost: { requests: 2 } });
  });

  it("costs 2 requests when every line is refused @long", async () => {
    const { shopper, lines } = await shopperWith(lineCount);
    const rival = shop.shopper();
    await rival.mustOrder({ items: lines.map(({ itemId }) => ({ itemId, quantity: 9 })) });
    const refused = await shopper.order();
    expect(refused).toMatchObject({ status: 409, cost: { requests: 2 } });
    expect((refused.body as { failedItems?: unknown[] }).failedItems).toHaveLength(lineCount);
  });
});

describe("an order of inline items", () => {
  it("costs 2 requests placed, repeated and refused", async () => {
    const shopper = shop.shopper();
    const line = await aLine();
    const key = fresh("key");
    expect(requests(await shopper.order({ items: [line] }, key))).toBe(2);
    expect(requests(await shopper.order({ items: [line] }, key))).toBe(2);
    const refused = await shopper.order({ items: [{ ...line, quantity: 10 }] });
    expect(refused).toMatchObject({ status: 409, cost: { requests: 2 } });
  });
});

describe("editing a cart", () => {
  it("costs 2 requests to add, and 1 to change or remove a line", async () => {
    const shopper = shop.shopper();
    const line = await aLine();
    const path = `/carts/me/default/main/items`;
    expect(await shopper.add(line)).toMatchObject({ cost: { requests: 2 } });
    expect(await shopper.add(line)).toMatchObject({ cost: { requests: 2 } });
    const changed = await shopper.send(`PATCH ${path}/${line.itemId}`, { body: { quantity: 7 } });
    expect(changed).toMatchObject({ status: 200, cost: { requests: 1 } });
    const removed = await shopper.send(`DELETE ${path}/${line.itemId}`);
    expect(removed).toMatchObject({ status: 200, cost: { requests: 1 } });
    await shopper.add(line);
    const zeroed = await shopper.send(`PATCH ${path}/${line.itemId}`, { body: { quantity: 0 } });
    expect(zeroed).toMatchObject({ status: 200, cost: { requests: 1 } });
  });

  it("costs 1 request when a payment refuses it, whatever the edit @long", async () => {
    const { shopper, lines } = await shopperWith(2);
    const { itemId } = lines[0]!;
    await shopper.mustOrder();
    const main = "/carts/me/default/main";
    const edits: [string, unknown?][] = [
      [`POST ${main}/items`, { itemId, quantity: 1 }],
      [`PATCH ${main}/items/${itemId}`, { quantity: 1 }],
      [`PATCH ${main}/items/${itemId}`, { quantity: 0 }],
      [`DELETE ${main}/items/${itemId}`],
      [`PUT ${main}/items`, [{ itemId, quantity: 1 }]],
      [`PUT ${main}/metadata/gift`, true],
      [`DELETE ${main}/metadata/gift`],
      [`DELETE ${main}`],
      [`POST /carts/me/default/menu/items`, { itemId, quantity: 1 }],
    ];
    const sale = `/carts/${shopper.userId}/default/main/conditions/sale`;
    const byTheShop: [string, unknown?][] = [
      [`PUT ${sale}`, { type: "discount", target: "total", value: "-10%" }],
      [`DELETE ${sale}`],
    ];
    for (const [route, body] of [...edits, ...byTheShop]) {
      const who = route.endsWith(sale) ? shop.admin : shopper;
      const answer = await who.send(route, body === undefined ? {} : { body });
      expect({ route, status: answer.status, requests: requests(answer) }).toEqual({
        route,
        status: 423,
        requests: 1,
      });
    }
  });
});

describe("a webhook", () => {
  it("costs 2 requests when it pays, 1 when it is a duplicate", async () => {
    const { shopper } = await shopperWith(3);
    const order = await shopper.mustOrder();
    await shopper.startPaying(order.orderId);
    const delivery = await shop.sign({ type: "payment.captured", order });
    expect(await shop.deliver(delivery)).toMatchObject({ status: 200, cost: { requests: 2 } });
    expect(await shop.deliver(delivery)).toMatchObject({ status: 200, cost: { requests: 1 } });
    // Another event that tells the same is kept, too: it is among those that the provider sent.
    expect(await shop.tell({ type: "payment.captured", order })).toMatchObject({
      status: 200,
      cost: { requests: 2 },
    });
    expect((await shopper.see(order.orderId)).status).toBe("paid");
  });

  it("costs 2 requests when it ends an order, 1 when it is a duplicate", async () => {
    const { shopper } = await shopperWith(3);
    const order = await shopper.mustOrder();
    await shopper.startPaying(order.orderId);
    const delivery = await shop.sign({ type: "payment.failed", order });
    expect(requests(await shop.deliver(delivery))).toBe(2);
    expect(requests(await shop.deliver(delivery))).toBe(1);
  });

  it("costs nothing when its signature is bad, its time stale or its body changed", async () => {
    const shopper = shop.shopper();
    const order = await shopper.mustOrder({ items: [await aLine()] });
    const news = { type: "payment.captured", order } as const;
    const good = await shop.sign(news);
    const bad = [
      { ...good, headers: { ...good.headers, "webhook-signature": `v1,${"A".repeat(43)}=` } },
      { ...good, body: good.body.replace('"amountMinor":1000', '"amountMinor":1') },
      { ...good, headers: { ...good.headers, "webhook-id": "msg_other" } },
      { ...good, headers: {} },
      await shop.sign(news, new Date(Date.now() - 400_000)),
      await shop.sign(news, new Date(Date.now() + 400_000)),
    ];
    for (const delivery of bad) {
      const answer = await shop.deliver(delivery);
      expect(answer).toMatchObject({ status: 401, body: { code: "BAD_SIGNATURE" } });
      expect(requests(answer)).toBe(0);
    }
    expect((await shopper.see(order.orderId)).status).toBe("pending");
  });
});

describe("what is refused at the door", () => {
  it("costs nothing", async () => {
    const shopper = shop.shopper();
    const [line] = [await aLine()];
    const other = shop.shopper();
    const order = await other.mustOrder({ items: [line] });
    const unauthenticated = await shop.nobody.send("POST /order/me", { body: { items: [line] } });
    // API Gateway refuses it alone: no function runs, so nothing can have been read.
    expect(unauthenticated).toMatchObject({ status: 401, cost: undefined });

    const atTheDoor: [number, Answer][] = [
      [403, await shopper.send("POST /items", { body: {} })],
      [403, await shopper.send("POST /admin/locks/cleanup")],
      [403, await shopper.send(`POST /payments/${order.orderId}/refund`, { body: {} })],
      [
        403,
        await shopper.send("POST /order/somebody-else", { body: { paymentMethod: "sandbox" } }),
      ],
      [403, await shopper.send("GET /carts/somebody-else/default")],
      [400, await shopper.order({ paymentMethod: "cash" })],
      [400, await shopper.order({ items: [{ ...line, quantity: 0 }] })],
      [400, await shopper.add({ ...line, quantity: 1.5 })],
      [400, await shopper.send("POST /payments/initiate", { body: { orderId: 5 } })],
    ];
    for (const [status, answer] of atTheDoor) {
      expect({ status: answer.status, requests: requests(answer) }).toEqual({
        status,
        requests: 0,
      });
    }
  });
});
