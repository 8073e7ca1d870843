/** Lists an index whose entries are spread over several partitions as if it were one list. */
import type { Database } from "./database.ts";
import type { Fragment } from "./expression.ts";
import { decodeCursor, encodeCursor, notACursor, type Page } from "./paging.ts";
import type { TableName } from "./table-name.ts";
import type { Row } from "./write.ts";

/** A list over several partitions, one after the other. */
export interface ShardedList {
  readonly table: TableName;
  readonly index: string;
  /** The key condition of each partition, in the order in which they are listed. */
  readonly partitions: readonly Fragment[];
  readonly limit: number;
  readonly cursor?: string | undefined;
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

/**
 * A page of index entries, full unless it is the last. One request for each partition that it touches.
 *
 * @throws InvalidRequest when the cursor is none of this list
 * @example await listShards(database, { table: "Orders", index: "due", partitions, limit: 20, cursor });
 */
export async function listShards(
  database: Pick<Database, "query">,
  { table, index, partitions, limit, cursor }: ShardedList,
): Promise<Page> {
  const rows: Row[] = [];
  let position: Position | undefined = parsePosition(cursor, partitions.length);
  while (position && rows.length < limit) {
    const { shard, after }: Position = position;
    const where = partitions[shard]!;
    const left = limit - rows.length;
    const page = await database.query({ table, index, where, limit: left, cursor: after });
    rows.push(...page.rows);
    if (page.cursor !== undefined) position = { shard, after: page.cursor };
    else position = shard + 1 < partitions.length ? { shard: shard + 1 } : undefined;
  }
  return { rows, ...(position ? { cursor: encodeCursor({ ...position }) } : {}) };
}
