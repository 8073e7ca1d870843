/** The real lock and document services over DynamoDB Local, with a clock of the test's. */
import type { Clock } from "../../shared/base/time.ts";
import { documentService } from "../../shared/shop.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createTables, localClientSettings } from "./tables.ts";
import { createWorldOver, type WorldOptions } from "./world.ts";

/** Locks and documents over a client and tables that are there. */
export function createLockWorldOver(options: WorldOptions) {
  const { client, tables, database, clock, parts, locks } = createWorldOver(options);
  return { client, tables, database, clock, locks, documents: documentService(parts) };
}

export type LockWorld = ReturnType<typeof createLockWorldOver>;

/** Locks of their own in DynamoDB Local. */
export async function createLockWorld(endpoint: string, clock: Clock): Promise<LockWorld> {
  const client = createDocumentClient(localClientSettings(endpoint));
  return createLockWorldOver({ client, tables: await createTables(endpoint), clock });
}
