/** What one shopper may withhold, over HTTP and with the rights of every function that counts. */
import { describe, expect, it } from "vitest";
import { expectStatus } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";

const limits = { maxOpenOrders: "2", maxUnitsPerLine: "4", maxUnpaidOrders: "2" };
const { shop } = await openShopForFile({ context: { sweep: "off", ...limits } });

describe("a shopper who withholds too much", () => {
  it("is told which rule and until when, and goes on when orders are paid or ended @long", async () => {
    const shopper = shop.shopper();
    const [itemId] = await shop.items(1);
    const line = { itemId: itemId!, quantity: 1 };
    const [first, second] = [
      await shopper.mustOrder({ items: [line] }),
      await shopper.mustOrder({ items: [line] }),
    ];
    const refused = await shopper.order({ items: [line] });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: "LIMIT_EXCEEDED", limit: { name: "maxOpenOrders", value: 2 } },
      cost: { requests: 2 },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await shop.pay(shopper, first!);
    const third = await shopper.mustOrder({ items: [line] });
    for (const { orderId } of [second!, third]) {
      expectStatus(await shop.admin.send(`POST /admin/locks/release/${orderId}`), 200);
    }
    expect(await shopper.order({ items: [{ ...line, quantity: 5 }] })).toMatchObject({
      status: 409,
      body: { limit: { name: "maxUnitsPerLine", value: 4, itemId } },
    });
    await shopper.mustOrder({ items: [line] });
    expect(await shop.levels(itemId!)).toMatchObject({ held: 1, sold: 1 });
  });

  it("has to pause after cancelling again and again", async () => {
    const shopper = shop.shopper();
    const itemId = await shop.item();
    for (let count = 0; count < 2; count += 1) {
      const { orderId } = await shopper.mustOrder({ items: [{ itemId, quantity: 1 }] });
      expectStatus(await shopper.cancel(orderId), 200);
    }
    expect(await shopper.order({ items: [{ itemId, quantity: 1 }] })).toMatchObject({
      status: 409,
      body: { limit: { name: "maxUnpaidOrders", value: 2 } },
    });
  });
});
