/** Powertools' idempotency, which is no lock: for a name it lets a function run once, and remembers what came of it. */
import { randomUUID } from "node:crypto";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** Makes a call that does nothing, once for each name. */
export async function powertools(client: DynamoDBClient, leaseMs: number) {
  const tableName = `powertools-${randomUUID()}`;
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    }),
  );
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: client });
  const config = new IdempotencyConfig({ expiresAfterSeconds: leaseMs / 1_000 });
  // By it another call knows when this one must have ended; outside of Lambda nobody says so.
  config.registerLambdaContext({ getRemainingTimeInMillis: () => leaseMs } as never);
  const options = { persistenceStore, config, keyPrefix: "bench" };
  return {
    name: "Powertools idempotency 2.35.0",
    run: makeIdempotent(async (_resource: string): Promise<void> => undefined, options),
  };
}
