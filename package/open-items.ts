/** Opens the one table of a part that reads and writes single items. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { createItemDatabase, type ItemDatabase } from "../shared/table/item-database.ts";
import type { Connection } from "./open-database.ts";

/** DynamoDB answers in milliseconds: what takes longer is lost, and there is time for three more attempts. */
const attemptMs = 3_000;

/**
 * Opens it. A request that is not answered in 3 s is asked again, within ten seconds altogether.
 *
 * @example const database = openItems("my-locks", { dynamodb: { region: "eu-west-1" } });
 */
export function openItems(table: string, { dynamodb }: Connection): ItemDatabase {
  const requestHandler = { requestTimeout: attemptMs, throwOnRequestTimeout: true };
  // The SDK's own retries would repeat a write whose answer was lost without knowing what that write means.
  const client = new DynamoDBClient({ requestHandler, ...dynamodb, maxAttempts: 1 });
  return createItemDatabase({
    client: DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true },
    }),
    tableName: () => table,
  });
}
