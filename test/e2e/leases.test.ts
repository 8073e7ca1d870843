/** Suggested leases through the front door: an owner's silence is seen by the stream, and administrators see what follows. */
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { expect, it } from "vitest";
import { inServerTable } from "../support/server-tables.ts";
import { openShopForFile } from "../support/shop-for-file.ts";
import { expectStatus } from "../support/shop.ts";

const tablePrefix = `leases-${process.pid}-`;
const { shop } = await openShopForFile({ context: { sweep: "off" }, tablePrefix });

const listLeases = async () =>
  expectStatus(await shop.admin.send("GET /admin/analytics/leases"), 200);

it("an owner who is late to renew is counted under his lease, one who is not is none @long", async () => {
  const ada = shop.shopper("ada");
  const lock = { docId: "letter", ttl: 10 };
  expectStatus(await ada.send("POST /api/lock/acquire", { body: lock }), 200);
  expectStatus(await ada.send("POST /api/lock/extend", { body: lock }), 200);
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expectStatus(await ada.send("POST /api/lock/extend", { body: lock }), 200);
  await expect
    .poll(async () => (await listLeases()).leases, { timeout: 20_000 })
    .toMatchObject([
      { leaseSeconds: 10, silences: 1, suggestedSeconds: null, back: [{ owners: 1 }], gone: [] },
      { leaseSeconds: 300, silences: 0, suggestedSeconds: null },
    ]);
  const { usualSeconds, leastSeconds, mostSeconds } = await listLeases();
  expect([usualSeconds, leastSeconds, mostSeconds]).toEqual([300, 15, 28_800]);
});

it("from some hundred owners a lease is suggested, with its reason and what it costs", async () => {
  const day = new Date().toISOString().slice(0, 10);
  // 300 were back within 190 s, 100 were gone for the whole of 300 s.
  const counts = { silences: 400, leasesMs: 400 * 300_000, b85: 300, g90: 100 };
  const ttlSeconds = Math.ceil(Date.now() / 1_000) + 86_400;
  const row = { about: "silences/document", span: `${day}/090`, ttlSeconds, ...counts };
  await inServerTable({ tablePrefix, table: "Insight" }, (client, TableName) =>
    client.send(new PutCommand({ TableName, Item: row })),
  );
  const { leases } = await listLeases();
  expect(leases[0]).toMatchObject({
    kind: "document",
    leaseSeconds: 300,
    suggestedSeconds: 225,
    silences: 400,
    renewalsPerHour: 36,
    suggestedRenewalsPerHour: 48,
  });
  expect(leases[0].reason).toMatch(/^Of 400 owners .* 75 % were back within 225 s/);
});

it("nobody but administrators is told", async () => {
  const { status } = await shop.shopper("ada").send("GET /admin/analytics/leases");
  expect(status).toBe(403);
});
