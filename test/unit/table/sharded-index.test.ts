/** A list over the partitions of an index: whole, in order, page by page, and without a long wait at empty ones. */
import { describe, expect, it } from "vitest";
import { condition } from "../../../shared/table/expression.ts";
import { listShards } from "../../../shared/table/sharded-index.ts";
import type { Database } from "../../../shared/table/database.ts";

/** A database whose index has these rows in these partitions, and how often and at most side by side it was asked. */
function indexOf(partitions: readonly (readonly string[])[]) {
  const asked = { requests: 0, atOnce: 0, most: 0 };
  const wheres = partitions.map((_, index) => condition`${index} = ${index}`);
  const query: Database["query"] = async ({ where, limit, cursor }) => {
    asked.requests += 1;
    asked.atOnce += 1;
    asked.most = Math.max(asked.most, asked.atOnce);
    await Promise.resolve();
    asked.atOnce -= 1;
    const all = partitions[wheres.indexOf(where as never)]!;
    const from = cursor === undefined ? 0 : Number(cursor);
    const rows = all.slice(from, from + limit).map((id) => ({ id }));
    const isMore = from + limit < all.length;
    return { rows, ...(isMore ? { cursor: String(from + limit) } : {}) };
  };
  const list = async (limit: number, cursor?: string) => {
    const page = await listShards(
      { query },
      { table: "Orders", index: "due", partitions: wheres, limit, cursor },
    );
    return { ...page, ids: page.rows.map(({ id }) => id) };
  };
  return { asked, list };
}

const sixtyFour = Array.from({ length: 64 }, (_, shard) =>
  shard % 7 === 3 ? [`${shard}-a`, `${shard}-b`, `${shard}-c`] : [],
);

describe("a list over many partitions", () => {
  it("has every row once and in order, whatever the size of its pages", async () => {
    for (const limit of [1, 2, 3, 4, 5, 100]) {
      const { list } = indexOf(sixtyFour);
      const ids: unknown[] = [];
      let cursor: string | undefined;
      do {
        const page = await list(limit, cursor);
        ids.push(...page.ids);
        cursor = page.cursor;
        if (cursor !== undefined) expect(page.ids).toHaveLength(limit);
      } while (cursor !== undefined);
      expect(ids).toEqual(sixtyFour.flat());
    }
  });

  it("looks into empty partitions sixteen at a time, and into each once", async () => {
    const { asked, list } = indexOf(Array.from({ length: 64 }, () => []));
    expect(await list(20)).toEqual({ rows: [], ids: [] });
    expect(asked).toEqual({ requests: 64, atOnce: 0, most: 16 });
  });

  it("asks one partition alone where that fills the page", async () => {
    const { asked, list } = indexOf([["a", "b", "c"], ["d"], ["e"]]);
    expect((await list(3)).ids).toEqual(["a", "b", "c"]);
    expect(asked.requests).toBe(1);
  });
});
