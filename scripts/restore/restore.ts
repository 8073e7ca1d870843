/** From restored tables to a setting: their rows are mended while nobody writes, then they get what they lack. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { systemClock } from "../../shared/base/time.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { type Mended, mend } from "./mend.ts";
import { inspectTables, nameTables, prepareTables, restoredSetting } from "./tables.ts";

/** Where the restored tables are. */
export interface RestoreWish {
  readonly client: DynamoDBClient;
  /** What they are called, with `{table}` for the name of each. */
  readonly pattern: string;
  readonly isLocal: boolean;
  say(text: string): void;
}

function listFindings({ locks, carts, resources, stock, ledger }: Mended): string[] {
  const { items, ended, short, spread } = stock;
  const list = (names: Iterable<string>): string => [...names].join(", ");
  return [
    `${locks} locks ended, ${carts} carts got a newer version, events of ${resources} resources higher numbers`,
    `${ledger.entered} entries of the ledger made, ${ledger.removed} removed`,
    ...(items.length > 0 ? [`stock follows the orders again: ${list(items)}`] : []),
    ...(ended.length > 0 ? [`orders ended whose units are not there: ${list(ended)}`] : []),
    ...[...short].map(
      ([itemId, units]) => `SOLD TWICE: ${units} of ${itemId}; pay orders of it back`,
    ),
    ...(spread.size > 0 ? [`in several rows, look yourself: ${list(spread)}`] : []),
  ];
}

/**
 * Makes restored tables fit to be used. Who dies in between begins anew: rows are mended as long as no table has a stream,
 * and only then do tables get one.
 *
 * @returns the value of `restoredTables`
 * @throws NotRestored when a table is missing, not ready or of another shape; nothing was changed
 */
export async function restore({ client, pattern, isLocal, say }: RestoreWish): Promise<string> {
  const tables = nameTables(pattern);
  const names = new Map(tables.map(({ table, tableName }) => [table as string, tableName]));
  const { isPrepared } = await inspectTables(client, tables);
  if (isPrepared) say("rows were mended before: they are left as they are");
  else {
    const document = DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true },
    });
    const database = createDatabase({ client: document, tableName: (table) => names.get(table)! });
    for (const line of listFindings(await mend({ database, nowMs: systemClock() }))) say(line);
  }
  return restoredSetting(await prepareTables(client, tables, { isLocal }));
}
