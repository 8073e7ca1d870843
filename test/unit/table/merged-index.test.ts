/** A list merged over the partitions of an index: whole, in the order of its numbers, page by page. */
import { describe, expect, it } from "vitest";
import { listMerged } from "../../../shared/table/merged-index.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { createTestClock } from "../../support/clock.ts";
import { seededRandom } from "../../sim/random.ts";

const shards = ["due-0", "due-1", "due-2"];

async function listOf(entries: readonly (readonly [shard: number, at: number])[]) {
  const { database } = createMemoryWorld(createTestClock().clock);
  const rows = entries.map(([shard, dueAtMs], nth) => {
    return { orderId: `o-${nth}`, dueShard: shards[shard], dueAtMs };
  });
  await database.strew("Orders", { put: rows });
  const index = { table: "Orders", index: "due", partition: "dueShard", sort: "dueAtMs" } as const;
  return async function listAll(limit: number, from = 0) {
    const pages: (readonly Record<string, unknown>[])[] = [];
    let cursor: string | undefined;
    do {
      const page = await listMerged(database, {
        ...index,
        shards,
        key: "orderId",
        limit,
        from,
        cursor,
      });
      pages.push(page.rows);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return pages;
  };
}

describe("a list merged over partitions", () => {
  it("has every entry once, the smallest first, though many are equal, in pages of any size", async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 20; round += 1) {
      const entries = Array.from(
        { length: 25 },
        () => [random.int(0, 2), random.int(0, 4)] as const,
      );
      const listAll = await listOf(entries);
      for (const limit of [1, 2, 3, 25, 40]) {
        const rows = (await listAll(limit)).flat();
        const numbers = rows.map(({ dueAtMs }) => Number(dueAtMs));
        expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
        expect(new Set(rows.map(({ orderId }) => orderId)).size).toBe(25);
      }
    }
  });

  it("begins where it is told, and fills each page but the last one", async () => {
    const listAll = await listOf([
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 3],
    ]);
    const pages = await listAll(2, 2);
    expect(pages.map((rows) => rows.map(({ dueAtMs }) => dueAtMs))).toEqual([[2, 2], [3]]);
  });

  it("has nothing to tell of empty partitions, and no cursor", async () => {
    const listAll = await listOf([]);
    expect(await listAll(5)).toEqual([[]]);
  });
});
