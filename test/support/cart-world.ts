/** Carts in every storage mode over DynamoDB Local (or a simulation), with faults on demand. */
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { silentLogger } from "../../shared/base/logger.ts";
import type { Clock } from "../../shared/base/time.ts";
import { createCartContentsStore } from "../../shared/carts/cart-contents-store.ts";
import { createCartService } from "../../shared/carts/cart-service.ts";
import type { CartStorage } from "../../shared/carts/collection-guard.ts";
import { createLockService } from "../../shared/locks/lock-service.ts";
import { createLockStore } from "../../shared/locks/lock-store.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import type { DocumentClient } from "../../shared/table/database.ts";
import { createTables, localClientSettings } from "./tables.ts";
import { createWorldOver, type WorldOptions } from "./world.ts";

/** A client whose next answers to writes can be lost after DynamoDB has done them. */
export interface FaultyClient {
  readonly client: DocumentClient;
  /** Loses the answers of this many writes to come. */
  loseAnswers(count: number): void;
}

/** The SDK's name for a connection that broke; there is no HTTP status in it. */
class AnswerLost extends Error {
  override readonly name = "TimeoutError";
}

/** Passes everything on, and loses answers when told to. */
export function withLostAnswers(inner: DocumentClient): FaultyClient {
  let toLose = 0;
  const send = async (command: { constructor: { name: string } }): Promise<unknown> => {
    const answer = await (inner.send as (given: unknown) => Promise<unknown>)(command);
    const isWrite = /^(?:Update|Put|Delete|TransactWrite)Command$/.test(command.constructor.name);
    if (isWrite && toLose > 0) {
      toLose -= 1;
      throw new AnswerLost("the answer was lost");
    }
    return answer;
  };
  return {
    client: { send } as unknown as DocumentClient,
    loseAnswers: (count) => (toLose = count),
  };
}

export interface CartWorldOptions extends WorldOptions {
  readonly lockTimeoutMs?: number;
  /** Waits before a cart that moved is tried again. */
  readonly sleep?: (durationMs: number) => Promise<unknown>;
}

/** Carts, and everything that orders of them need. */
export function createCartWorldOver(options: CartWorldOptions) {
  const { client, tables, clock, lockTimeoutMs = 5_000, sleep } = options;
  const world = createWorldOver({ client, tables, clock });
  const { database, carts: store } = world;
  const contents = createCartContentsStore({
    database,
    tableName: tables.Carts,
    stockTable: tables.Stock,
    clock,
    ...(sleep ? { sleep } : {}),
  });
  const locks = createLockService({
    store: createLockStore({ database, tableName: tables.Locks }),
    clock: () => Date.now() as never,
  });
  const parts = { database, store, contents, clock, locks, lockTimeoutMs, logger: silentLogger };
  const service = (storage: CartStorage) => createCartService({ ...parts, storage });
  return {
    ...world,
    store,
    contents,
    locks,
    service,
    shop: service("versioned"),
    /** Puts a cart's row there as it is, behind everybody's back. */
    async plant(row: Record<string, unknown>): Promise<void> {
      await client.send(new PutCommand({ TableName: tables.Carts, Item: row }));
    },
    /** A cart's row as it is stored, every byte of it. */
    async rowOf(cartId: string): Promise<string> {
      const row = (await database.get(tables.Carts, { cartId })) ?? {};
      const entries = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return JSON.stringify(entries, (_key, value) =>
        value instanceof Set ? [...value].toSorted() : value,
      );
    },
  };
}

/** See `createCartWorldOver`. */
export type CartWorld = ReturnType<typeof createCartWorldOver>;

/** A world of carts of its own in DynamoDB Local, with a client that can lose answers. */
export async function createCartWorld(
  endpoint: string,
  clock: Clock,
  options: { lockTimeoutMs?: number } = {},
) {
  const faulty = withLostAnswers(createDocumentClient(localClientSettings(endpoint)));
  const tables = await createTables(endpoint);
  return {
    ...createCartWorldOver({ client: faulty.client, tables, clock, ...options }),
    ...faulty,
  };
}
