/** Learned hold times through the front door: seen by the streams, decided by the job, had by orders, shown with reasons. */
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { expect, it } from "vitest";
import type { z } from "zod";
import type { orderView } from "../../shared/api/orders.ts";
import { cohortMs } from "../../shared/insight/hold-cohort.ts";
import { drawOrders, exponential, seededRandom } from "../unit/insight/known-distributions.ts";
import { expectStatus, type OrderView } from "../support/shop.ts";
import { openShopForFile } from "../support/shop-for-file.ts";
import { inServerTable } from "../support/server-tables.ts";

const tablePrefix = `learned-${process.pid}-`;
const context = { sweep: "off", learnedHolds: "apply" };
const { server, shop } = await openShopForFile({ context, tablePrefix });

/** A thousand orders of five hours ago, held for ten minutes, some for half an hour. */
async function seed(): Promise<void> {
  const hourMs = (Math.floor(Date.now() / cohortMs) - 5) * cohortMs;
  const random = seededRandom(9);
  const holdMs = (): number => (random() < 0.1 ? 1_800_000 : 600_000);
  const times = exponential(150_000, 0.8);
  const { events, censored } = drawOrders(times, { count: 1_000, holdMs, random });
  const counts = Object.fromEntries([
    ["placed", 1_000],
    ...[...events].map(([bucket, count]) => [`p${bucket}`, count]),
    ...[...censored].map(([bucket, count]) => [`u${bucket}`, count]),
  ]) as Record<string, number>;
  const names = Object.keys(counts);
  await inServerTable({ tablePrefix, table: "Insight" }, (client, TableName) =>
    client.send(
      new UpdateCommand({
        TableName,
        Key: { about: "hold-times/sandbox", span: new Date(hourMs).toISOString().slice(0, 13) },
        UpdateExpression: `SET ${names.map((_, index) => `#n${index} = :v${index}`).join(", ")}`,
        ExpressionAttributeNames: Object.fromEntries(
          names.map((name, index) => [`#n${index}`, name]),
        ),
        ExpressionAttributeValues: Object.fromEntries(
          names.map((name, index) => [`:v${index}`, counts[name]]),
        ),
      }),
    ),
  );
}

it("an order has the learned deadline and its reason, and administrators see what it was learned from", async () => {
  await seed();
  const { status } = await server.call("POST /_local/schedules/learn", {
    as: "boss",
    groups: ["admin"],
  });
  expect(status).toBe(200);
  const { holds } = expectStatus(await shop.admin.send("GET /admin/analytics/holds"), 200);
  const known = holds.find(({ method }: { method: string }) => method === "sandbox");
  expect(known).toMatchObject({ settingSeconds: 600, isApplied: true });
  const { seconds } = known.learned;
  expect(known.learned.reason).toContain("Of 1,000 orders");

  const items = [{ itemId: await shop.item({ quantity: 100 }), quantity: 1 }];
  const shopper = shop.shopper();
  await shopper.putInCart(items);
  const order = (await shopper.mustOrder()) as OrderView & z.output<typeof orderView>;
  expect(["learned", "kept_longest"]).toContain(order.holdDecision?.by);
  if (order.holdDecision?.by === "learned") {
    // Its owner reads it, and learns nothing of how many others there are.
    const reason = expect.stringMatching(/^Learned from [^%,]+, as of \d{4}-\d\d-\d\d\./);
    expect(order.holdDecision).toMatchObject({ seconds, reason });
  }
  const heldMs = order.expiresAtMs - order.createdAtMs;
  expect(heldMs).toBeGreaterThanOrEqual(1_000 * order.holdDecision!.seconds);
  await shop.pay(shopper, order);
});

it("what is placed and paid now is counted in this hour", async () => {
  const span = new Date().toISOString().slice(0, 13);
  await expect
    .poll(async () => {
      const Key = { about: "hold-times/sandbox", span };
      const { Item } = await inServerTable({ tablePrefix, table: "Insight" }, (client, TableName) =>
        client.send(new GetCommand({ TableName, Key })),
      );
      const paid = Object.keys(Item ?? {}).filter((name) => /^p\d+$/.test(name));
      return [Item?.["placed"], paid.length];
    })
    .toEqual([1, 1]);
});
