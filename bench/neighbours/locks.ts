/** The lock clients of this comparison, each asked for the same: hold a name, do something, give it back. */
import { callbackify } from "node:util";
import { createRequire } from "node:module";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocument, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { dynamoDBLockClientFactory } from "@deliveryhero/dynamodb-lock";
import { randomUUID } from "node:crypto";
import { systemClock } from "../../shared/base/time.ts";
import type { Write } from "../../shared/table/write.ts";
import { localClientSettings, type TableNames } from "../../test/support/tables.ts";
import { createWorldOver } from "../../test/support/world.ts";

/** A lock that somebody holds. */
export interface Held {
  /** The number that is to grow from holder to holder; undefined where the client has none. */
  readonly fence: number | undefined;
  /** Writes to be put in front of a protected write; none where the client offers none. */
  readonly guards: () => readonly Write[];
  release(): Promise<void>;
}

/** A lock client. `undefined` means that somebody else has the lock. */
export interface Locker {
  readonly name: string;
  readonly leaseMs: number;
  acquire(resource: string): Promise<Held | undefined>;
}

/** Short, so that a holder who stands still loses it while somebody looks. */
const shortLeaseMs = 600;

export function holdfast(
  client: DynamoDBDocumentClient,
  tables: TableNames,
  leaseMs = 1_000,
): Locker {
  const { locks } = createWorldOver({ client, tables, clock: systemClock });
  return {
    name: "Holdfast",
    leaseMs,
    async acquire(resource) {
      const owner = { userId: randomUUID() };
      const lock = await locks.acquire({ resource, owner, leaseMs }).catch(() => undefined);
      return (
        lock && {
          fence: lock.fence,
          guards: () => locks.checkWrites(lock),
          release: async () => void (await locks.release(lock)),
        }
      );
    },
  };
}

interface FailOpenLock {
  readonly fencingToken: number;
  release(done: (error: unknown) => void): void;
  on(event: "error", listener: () => void): void;
}

/** Written for version 2 of the SDK: callbacks, and errors with a `code`. */
export function lockClient(
  client: DynamoDBDocument,
  lockTable: string,
  leaseMs = shortLeaseMs,
): Locker {
  const { FailOpen } = createRequire(import.meta.url)("dynamodb-lock-client") as {
    FailOpen: new (options: object) => {
      acquireLock(id: string, done: (error: unknown, lock: FailOpenLock) => void): void;
    };
  };
  const dynamodb = Object.fromEntries(
    (["get", "put", "delete"] as const).map((method) => [
      method,
      callbackify(async (parameters: never) => {
        try {
          return await client[method as "get"](parameters);
        } catch (error) {
          throw Object.assign(error as Error, { code: (error as Error).name });
        }
      }),
    ]),
  );
  // No heartbeat: a process that stands still sends none.
  const options = { dynamodb, lockTable, partitionKey: "resource", leaseDurationMs: leaseMs };
  const locks = new FailOpen({ ...options, retryCount: 0, trustLocalTime: true });
  return {
    name: "dynamodb-lock-client 0.7.3",
    leaseMs,
    acquire: (resource) =>
      new Promise((resolve) => {
        locks.acquireLock(resource, (error, lock) => {
          if (error) return resolve(undefined);
          lock.on("error", () => {});
          return resolve({
            fence: lock.fencingToken,
            guards: () => [],
            release: () =>
              new Promise((settle, fail) => {
                lock.release((failure) => (failure ? fail(failure) : settle()));
              }),
          });
        });
      }),
  };
}

export async function deliveryHero(
  client: DynamoDBDocument,
  endpoint: string,
  leaseMs = shortLeaseMs,
): Promise<Locker> {
  const tableName = `delivery-hero-${randomUUID()}`;
  const plain = new DynamoDBClient(localClientSettings(endpoint));
  await plain.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "lockId", KeyType: "HASH" },
        { AttributeName: "lockGroup", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "lockId", AttributeType: "S" },
        { AttributeName: "lockGroup", AttributeType: "S" },
      ],
    }),
  );
  const settings = { tableName, partitionKey: "lockId", sortKey: "lockGroup" };
  const locks = dynamoDBLockClientFactory(client, settings as never);
  const wish = { leaseDurationInMs: leaseMs, prolongLeaseEnabled: false };
  return {
    name: "@deliveryhero/dynamodb-lock 2.0.0",
    leaseMs,
    async acquire(resource) {
      const lock = await locks.lock("group", resource, wish as never).catch(() => undefined);
      return (
        lock && {
          fence: undefined,
          guards: () => [],
          release: async () => void (await locks.releaseLock(lock)),
        }
      );
    },
  };
}
