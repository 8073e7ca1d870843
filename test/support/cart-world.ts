/** Carts in every storage mode over DynamoDB Local (or a simulation), with faults on demand. */
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { type Clock, systemClock } from "../../shared/base/time.ts";
import { createCartContents } from "../../shared/carts/storage/cart-store.ts";
import { createCartService } from "../../shared/carts/cart-service.ts";
import type { CartStorage } from "../../shared/carts/model/cart.ts";
import { lockService } from "../../shared/shop.ts";
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
function withLostAnswers(inner: DocumentClient): FaultyClient {
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
}

/** Carts, and everything that orders of them need. Locks go by the machine's clock, because they wait. */
export function createCartWorldOver({ lockTimeoutMs = 5_000, ...options }: CartWorldOptions) {
  const { client, tables } = options;
  const world = createWorldOver(options);
  const { database, parts } = world;
  const locks = lockService({ ...parts, clock: systemClock });
  const service = (storage: CartStorage, timeoutMs = lockTimeoutMs) =>
    createCartService({ ...parts, locks, storage, lockTimeoutMs: timeoutMs });
  return {
    ...world,
    contents: createCartContents(parts),
    locks,
    service,
    shop: world.carts,
    /** Puts a cart's row there as it is, behind everybody's back. */
    async plant(row: Record<string, unknown>): Promise<void> {
      await client.send(new PutCommand({ TableName: tables.Carts, Item: row }));
    },
    /** A cart's row as it is stored, every byte of it. */
    async rowOf(cartId: string): Promise<string> {
      const row = (await database.get("Carts", { cartId })) ?? {};
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
