/** The real lock and document services over DynamoDB Local, with a clock of the test's. */
import type { Clock } from "../../shared/base/time.ts";
import { createLockService } from "../../shared/locks/lock-service.ts";
import { createLockStore } from "../../shared/locks/lock-store.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase, type DocumentClient } from "../../shared/table/database.ts";
import { createTables, localClientSettings, type TableNames } from "./tables.ts";

export interface LockWorldOptions {
  readonly client: DocumentClient;
  readonly tables: TableNames;
  readonly clock: Clock;
}

/** Locks over a client and tables that are there. */
export function createLockWorldOver({ client, tables, clock }: LockWorldOptions) {
  const database = createDatabase({ client });
  const store = createLockStore({ database, tableName: tables.Locks });
  const locks = createLockService({ store, clock });
  return { client, tables, database, clock, store, locks };
}

export type LockWorld = ReturnType<typeof createLockWorldOver>;

/** Locks of their own in DynamoDB Local. */
export async function createLockWorld(endpoint: string, clock: Clock): Promise<LockWorld> {
  const client = createDocumentClient(localClientSettings(endpoint));
  return createLockWorldOver({ client, tables: await createTables(endpoint), clock });
}
