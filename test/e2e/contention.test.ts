/** The whole stack with DynamoDB in a crowd (`npm start -- --contention`): conflicts come, and nobody notices. */
import { expect, it } from "vitest";
import { defaultContention } from "../../local/contention/settings.ts";
import { byStatus } from "../support/http.ts";
import { openShopWhenNeeded } from "../support/shop-for-file.ts";

// Items stay busy for so long that shoppers meet even on a slow machine.
const contention = { ...defaultContention, busy: { medianMs: 60, p99Ms: 90 } };
const file = openShopWhenNeeded({ contention });

it("a dozen shoppers at once buy the last eight units, through every conflict @long", async () => {
  const { server, shop } = file;
  const itemId = await shop.item({ quantity: 8 });
  const orders = Array.from({ length: 12 }, () =>
    shop.shopper().order({ items: [{ itemId, quantity: 1 }] }),
  );
  expect(byStatus(await Promise.all(orders))).toEqual({ 201: 8, 409: 4 });
  const { body } = await server.call("GET /_local/contention");
  expect(body.counts.conflicts).toBeGreaterThan(0);
  expect(body.counts.writeUnits).toBeGreaterThan(8 * 8);
  expect(body.settings.busy).toEqual(contention.busy);
});
