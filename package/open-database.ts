/** Opens the database of a part that is used alone: its tables by the names that their owner gave them. */
import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { createDocumentClient } from "../shared/table/client.ts";
import { createDatabase, type Database } from "../shared/table/database.ts";
import type { TableName } from "../shared/table/table-name.ts";

/** Where DynamoDB is, and how it is called: region, endpoint, credentials. By default as the SDK finds them. */
export interface Connection {
  /** Retries are switched off in it, because the part's own know what a lost answer means. */
  readonly dynamodb?: DynamoDBClientConfig;
}

/** The name of each table that a part uses. */
export type TableNames = { readonly [Table in TableName]?: string | undefined };

/**
 * Opens it.
 *
 * @throws Error when a part asks for a table that it was given no name of
 * @example const database = openDatabase({ Locks: "my-locks" }, { dynamodb: { region: "eu-west-1" } });
 */
export function openDatabase(tables: TableNames, { dynamodb = {} }: Connection): Database {
  return createDatabase({
    client: createDocumentClient(dynamodb),
    tableName(table) {
      const name = tables[table];
      if (name === undefined) throw new Error(`Say what the table ${table} is called`);
      return name;
    },
  });
}
