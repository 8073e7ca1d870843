/** The small door to DynamoDB: items one by one, by the same rules as `createDatabase`, for whoever needs no more. */
import type { Database, DatabaseOptions } from "./database.ts";
import { createItemReading } from "./item-reading.ts";
import { completePatience, persistAlone } from "./repeating.ts";
import { createSingleWriting } from "./single-writing.ts";
import type { Row, Write } from "./write.ts";

/** Reads and writes one item at a time; no write of it may have a companion. Each request is repeated for ten seconds at most. */
export interface ItemDatabase extends Pick<Database, "get"> {
  apply(write: Write): Promise<Row>;
}

/**
 * Opens it over a client.
 *
 * @example const database = createItemDatabase({ client, tableName: () => "my-locks" });
 */
export function createItemDatabase(options: DatabaseOptions): ItemDatabase {
  const { client, tableName } = options;
  const parts = { client, tableName, persist: persistAlone(completePatience(options)) };
  const { getItem } = createItemReading(parts);
  return { get: (table, key) => getItem(table, key, true), apply: createSingleWriting(parts) };
}
