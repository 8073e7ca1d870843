/** Lists rows or entries of an index that are spread over several partitions as if they were one list. */
import type { Database } from "./database.ts";
import type { Fragment } from "./expression.ts";
import { decodeCursor, encodeCursor, notACursor, type Page } from "./paging.ts";
import type { TableName } from "./table-name.ts";
import type { Row } from "./write.ts";

/** A list over several partitions, one after the other. */
export interface ShardedList {
  readonly table: TableName;
  /** Default: the table itself. */
  readonly index?: string;
  /** The key condition of each partition, in the order in which they are listed. */
  readonly partitions: readonly Fragment[];
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** The order within each partition: smallest first (default) or the other way round. */
  readonly ascending?: boolean;
}

/** Where a list goes on: in which partition, and behind which row of it. */
interface Position {
  readonly shard: number;
  readonly after?: string;
}

function parsePosition(cursor: string | undefined, shards: number): Position {
  if (cursor === undefined) return { shard: 0 };
  const { shard, after } = decodeCursor(cursor);
  if (typeof shard !== "number" || !Number.isInteger(shard) || shard < 0 || shard >= shards) {
    throw notACursor();
  }
  return { shard, ...(after === undefined ? {} : { after: String(after) }) };
}

/** So many partitions are asked side by side, once one alone did not fill the page: most are empty most of the time. */
const atOnce = 16;

/**
 * A page of entries, full unless it is the last. One request for each partition that it touches, and for those
 * that were asked beside them in vain.
 *
 * @throws InvalidRequest when the cursor is none of this list
 * @example await listShards(database, { table: "Orders", index: "due", partitions, limit: 20, cursor });
 */
export async function listShards(
  database: Pick<Database, "query">,
  { partitions, limit, cursor, ...list }: ShardedList,
): Promise<Page> {
  const rows: Row[] = [];
  let position: Position | undefined = parsePosition(cursor, partitions.length);
  let width = 1;
  while (position && rows.length < limit) {
    const { shard: first, after }: Position = position;
    const left = limit - rows.length;
    const asked = partitions.slice(first, first + width).map((where, nth): Promise<Page> => {
      const from = nth === 0 ? after : undefined;
      return database.query({ ...list, where, limit: left, cursor: from });
    });
    for (const [nth, page] of (await Promise.all(asked)).entries()) {
      // What does not fit any more is asked for again, with the limit that it has then.
      if (rows.length >= limit || page.rows.length > limit - rows.length) break;
      rows.push(...page.rows);
      const shard: number = first + nth;
      if (page.cursor !== undefined) position = { shard, after: page.cursor };
      else position = shard + 1 < partitions.length ? { shard: shard + 1 } : undefined;
      if (page.cursor !== undefined) break;
    }
    width = atOnce;
  }
  return { rows, ...(position ? { cursor: encodeCursor({ ...position }) } : {}) };
}
