/** Lists the entries of an index that are spread over several partitions in the order of their sort keys, as one list. */
import limitTo from "p-limit";
import type { Database } from "./database.ts";
import { AttributePath, condition } from "./expression.ts";
import { decodeCursor, encodeCursor, notACursor, type Page } from "./paging.ts";
import type { TableName } from "./table-name.ts";
import type { Row } from "./write.ts";

/** A list over several partitions, merged by the number that they are sorted by. */
export interface MergedList {
  readonly table: TableName;
  readonly index: string;
  /** The attribute that names the partition, and every value of it that is looked at. */
  readonly partition: string;
  readonly shards: readonly string[];
  /** The number by which the index is sorted, and the table's own key. */
  readonly sort: string;
  readonly key: string;
  /** Only entries from this number on. */
  readonly from: number;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The entry behind which a list goes on: those of the same number are told partition by partition. */
interface Place {
  readonly shard: number;
  readonly at: number;
  readonly after: string;
}

/** So many partitions are asked side by side. */
const atOnce = 16;

function parsePlace({ cursor, shards }: MergedList): Place | undefined {
  if (cursor === undefined) return undefined;
  const { shard, at, after } = decodeCursor(cursor);
  const isPlace = typeof shard === "number" && shards[shard] !== undefined;
  if (!isPlace || typeof at !== "number" || typeof after !== "string") throw notACursor();
  return { shard, at, after };
}

/** What of a partition stands behind the place; of its own partition, behind its very entry. */
function askShard(
  database: Pick<Database, "query">,
  { table, index, limit, ...list }: MergedList,
  shard: number,
  place: Place | undefined,
): Promise<Page> {
  const name = list.shards[shard]!;
  const [partition, sort] = [new AttributePath([list.partition]), new AttributePath([list.sort])];
  const isPast = place !== undefined && shard < place.shard;
  const from = Math.max(list.from, place ? place.at + (isPast ? 1 : 0) : list.from);
  const where = condition`${partition} = ${name} AND ${sort} >= ${from}`;
  if (shard !== place?.shard || place.at < list.from) {
    return database.query({ table, index, where, limit });
  }
  const start = { [list.partition]: name, [list.sort]: place.at, [list.key]: place.after };
  return database.query({ table, index, where, limit, cursor: encodeCursor(start) });
}

interface Taken extends Omit<Place, "after"> {
  readonly row: Row;
}

/** The next of all queues, the one of the first partition where several are equal. */
function takeFirst(queues: readonly Row[][], sort: string): Taken {
  const heads = queues.map(([head]) => (head ? Number(head[sort]) : Number.POSITIVE_INFINITY));
  const at = Math.min(...heads);
  const shard = heads.indexOf(at);
  return { shard, at, row: queues[shard]!.shift()! };
}

/**
 * A page of entries, the smallest first, full unless it is the last one. One request for each partition and page; each
 * is asked for a whole page, since all of it may be in one. What stands elsewhere by the next page is told where it
 * stands then, or not at all when that is before the cursor.
 *
 * @throws InvalidRequest when the cursor is none of this list
 * @example await listMerged(database, { table: "Orders", index: "owed", partition: "owedShard", ...more });
 */
export async function listMerged(
  database: Pick<Database, "query">,
  list: MergedList,
): Promise<Page> {
  const place = parsePlace(list);
  const lane = limitTo(atOnce);
  const numbers = list.shards.map((_, shard) => shard);
  const pages = await lane.map(numbers, (shard) => askShard(database, list, shard, place));
  const queues = pages.map(({ rows }) => [...rows]);
  const total = queues.reduce((sum, { length }) => sum + length, 0);
  const taken = Array.from({ length: Math.min(list.limit, total) }, () =>
    takeFirst(queues, list.sort),
  );
  const rows = taken.map(({ row }) => row);
  const last = taken.at(-1);
  const isMore = total > rows.length || pages.some(({ cursor }) => cursor !== undefined);
  if (!last || !isMore) return { rows };
  const { shard, at, row } = last;
  return { rows, cursor: encodeCursor({ shard, at, after: String(row[list.key]) }) };
}
