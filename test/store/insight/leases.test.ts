/** Silences on the real engine: counted once, read in few requests, and what is suggested from them. */
import { beforeEach, expect, inject, test } from "vitest";
import { silentLogger } from "../../../shared/base/logger.ts";
import { dayMs, epochMs } from "../../../shared/base/time.ts";
import { bucketCount } from "../../../shared/insight/duration-grid.ts";
import { createLeaseService } from "../../../shared/insight/lease-service.ts";
import { addSilences, listSilences } from "../../../shared/insight/silence-store.ts";
import type { ItemChange } from "../../../shared/table/stream.ts";
import { changeAfter, heardMs } from "../../unit/insight/known-silences.ts";
import { createWorld, metered, type World } from "../../support/world.ts";

let world: World;
let nowMs = heardMs;
const clock = () => epochMs(nowMs);

beforeEach(async () => {
  nowMs = heardMs;
  world = await createWorld(inject("dynamoDbEndpoint"), clock);
});

const makeService = (maxLockMs = Infinity) =>
  createLeaseService({ ...world, logger: silentLogger, settings: { lockLimits: { maxLockMs } } });

const fresh = (change: ItemChange) => ({ change, told: [{ action: "lock.renewed" }] });

/** Three in four come back, most of them soon after they were missed. */
const drawBatch = (count: number): ItemChange[] =>
  Array.from({ length: count }, (_, nth) =>
    nth % 4 === 0
      ? changeAfter(330_000, "lock.expired")
      : changeAfter(151_000 + (nth % 50) * 1_000, "lock.renewed"),
  );

test("owners who renew in time cost no request, and a hundred silences of one day and lease cost one", async () => {
  const service = makeService();
  const prompt = Array.from({ length: 100 }, () => fresh(changeAfter(100_000, "lock.renewed")));
  expect((await metered(() => service.count(prompt))).meter.requests).toBe(0);
  expect((await metered(() => service.count(drawBatch(100).map(fresh)))).meter.requests).toBe(1);
  const { leases } = await service.show();
  expect(leases).toMatchObject([{ leaseSeconds: 300, silences: 100, suggestedSeconds: null }]);
  expect(leases[0]!.reason).toMatch(/^100 of at least 200 owners/);
});

test("what was told before is not counted", async () => {
  const service = makeService();
  const [change] = drawBatch(1);
  await service.count([{ change: change!, told: [] }]);
  expect((await service.show()).leases).toMatchObject([{ silences: 0, suggestedSeconds: null }]);
});

test("what cannot be written is lost, and stops nobody", async () => {
  const database = { ...world.database, apply: () => Promise.reject(new Error("away")) };
  const service = createLeaseService({
    database,
    clock,
    logger: silentLogger,
    settings: { lockLimits: { maxLockMs: Infinity } },
  });
  await expect(service.count(drawBatch(2).map(fresh))).resolves.toBeUndefined();
});

test("the suggestion comes with its reason, its data and what it costs, from one request", async () => {
  const service = makeService();
  await service.count(drawBatch(1_000).map(fresh));
  const { result, meter } = await metered(() => service.show());
  expect(meter.requests).toBe(1);
  expect(result).toMatchObject({ usualSeconds: 300, leastSeconds: 15, mostSeconds: 86_400 });
  const [lease, ...others] = result.leases;
  expect(others).toEqual([]);
  expect(lease).toMatchObject({ kind: "document", leaseSeconds: 300, silences: 1_000 });
  expect(lease!.suggestedSeconds).toBe(225);
  expect(lease).toMatchObject({ renewalsPerHour: 36, suggestedRenewalsPerHour: 48 });
  expect(lease!.reason).toMatch(/^Of 1,000 owners .* 75 % were back within 225 s/);
  const sum = (ages: readonly { readonly owners: number }[]) =>
    ages.reduce((total, { owners }) => total + owners, 0);
  expect([sum(lease!.back), sum(lease!.gone)]).toEqual([750, 250]);
});

test("each lease in use has its own suggestion, none longer than a lock may last; two weeks are learned from", async () => {
  const service = makeService(120_000);
  await service.count(drawBatch(300).map(fresh));
  const shorter = Array.from({ length: 400 }, (_, nth) =>
    fresh(changeAfter(91_000 + (nth % 28) * 1_000, "lock.renewed", { leaseMs: 120_000 })),
  );
  await service.count(shorter);
  const { leases, mostSeconds } = await service.show();
  expect(mostSeconds).toBe(120);
  expect(leases.map(({ leaseSeconds }) => leaseSeconds)).toEqual([120, 300]);
  for (const { suggestedSeconds } of leases) {
    expect(suggestedSeconds).toBeGreaterThanOrEqual(90);
    expect(suggestedSeconds).toBeLessThanOrEqual(120);
  }
  nowMs = heardMs + 13 * dayMs;
  expect((await service.show()).leases).toHaveLength(2);
  nowMs = heardMs + 15 * dayMs;
  expect((await service.show()).leases).toMatchObject([{ leaseSeconds: 300, silences: 0 }]);
});

test("rows and requests are bounded, whatever leases are asked for", async () => {
  const full = new Map(Array.from({ length: bucketCount }, (_, bucket) => [bucket, 1_000_000]));
  const one = new Map([[90, 1]]);
  const today = epochMs(Date.UTC(2026, 0, 10));
  const fullRow = { silences: 324e6, leasesMs: 1e14, back: full, gone: full };
  const added = [{ ...fullRow, dayStartMs: today, leaseBucket: 90 }];
  expect(await addSilences(world.database, "document", added)).toBe(0);
  const key = { about: "silences/document", span: "2026-01-10/090" };
  const row = await world.database.get("Insight", key);
  expect(JSON.stringify(row).length).toBeLessThan(8 * 1_024);
  const leases = Array.from({ length: bucketCount }, (_, leaseBucket) => leaseBucket);
  for (const day of [7, 8, 9]) {
    const dayStartMs = epochMs(Date.UTC(2026, 0, day));
    const small = { silences: 1, leasesMs: 3e5, back: one, gone: one, dayStartMs };
    const rows = leases.map((leaseBucket) => ({ ...small, leaseBucket }));
    expect(await addSilences(world.database, "document", rows)).toBe(0);
  }
  const span = { fromMs: epochMs(nowMs - 13 * dayMs), toMs: epochMs(nowMs) };
  const listed = () => listSilences(world.database, "document", span);
  const { result, meter } = await metered(listed);
  expect(meter.requests).toBe(4);
  expect(result).toHaveLength(400);
  expect(result[0]!.dayStartMs).toBe(today);
});
