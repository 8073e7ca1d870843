/**
 * Numbers of events that went back: whoever goes by them would pass over what they are given to next. So the last event of
 * each resource is told again, under a number above all that can have been given since: an event is a write into its
 * resource's partition, which takes 1,000 a second.
 *
 * @see docs/restore.md
 */
import { dayMs } from "../../shared/base/time.ts";
import { setLeft } from "../../shared/events/event-store.ts";
import { condition, isMissing, pathsOf } from "../../shared/table/expression.ts";
import { put, type Row } from "../../shared/table/write.ts";
import { forEach, type Mending, NotAlone, pagesOf } from "./rows.ts";

const at = pathsOf<{ readonly resource: string }>();

/** Clocks of those who told it differ by less. */
const marginMs = 60_000;
/** For how long a table can be brought back: of numbers without an event it is not known when they were given. */
const longestMs = 35 * dayMs;

/** The highest row of a resource: an event, or row 0 that remembers the number of those that have ended. */
async function raise({ database, nowMs }: Mending, last: Row): Promise<void> {
  const resource = String(last["resource"]);
  const sequence = Number(last["sequence"]);
  if (sequence === 0)
    return setLeft(database, resource, Number(last["through"]) + longestMs, nowMs);
  const sinceMs = Math.max(0, nowMs - Number(last["occurredAtMs"]));
  const higher = sequence + sinceMs + marginMs;
  await database.apply(
    put({
      table: "Outbox",
      key: { resource, sequence: higher },
      item: { ...last, sequence: higher },
      condition: isMissing(at("resource")),
      refused: () => new NotAlone(),
      applied: (found) => found?.["id"] === last["id"],
    }),
  );
  // It stays in its table: what is told next goes on behind it.
  await setLeft(database, resource, higher, nowMs);
}

async function findLast({ database }: Mending, resource: string): Promise<Row | undefined> {
  const where = condition`${at("resource")} = ${resource}`;
  const page = { ascending: false, isConsistent: true, limit: 1 } as const;
  const { rows } = await database.query({ table: "Outbox", where, ...page });
  return rows[0];
}

/**
 * Raises the numbers of every resource that something was told of. Once more raises them once more, which harms nobody.
 * A scan, and three requests for each resource; their names are all in memory.
 *
 * @returns how many resources there are
 */
export async function raiseNumbers(mending: Mending): Promise<number> {
  const resources = new Set<string>();
  for await (const rows of pagesOf(mending.database, "Outbox")) {
    for (const row of rows) resources.add(String(row["resource"]));
  }
  await forEach(resources, async (resource) => {
    const last = await findLast(mending, resource);
    if (last) await raise(mending, last);
  });
  return resources.size;
}
