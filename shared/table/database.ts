/** The one door to DynamoDB: reads, guarded writes and transactions, each as few requests as can be. */
import { type DynamoDBDocumentClient, QueryCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { type Place, readBatches } from "./batch-read.ts";
import { type LooseRows, writeBatches } from "./batch-write.ts";
import { type Fragment, Placeholders } from "./expression.ts";
import { isInvalidInput } from "./failures.ts";
import { createItemReading } from "./item-reading.ts";
import { knownRow } from "./layout.ts";
import { decodeCursor, encodeCursor, notACursor, type Page } from "./paging.ts";
import { completePatience, type Patience } from "./repeating.ts";
import { persistWithin } from "./retry.ts";
import type { TableName, TableResolver } from "./table-name.ts";
import type { Key, Row, Write } from "./write.ts";
import { createWriting, type TransactOptions, type WriteOptions } from "./writing.ts";

/** What the database needs of a client: the SDK's document client, or a simulation of it. */
export type DocumentClient = Pick<DynamoDBDocumentClient, "send">;

/** One page of a list: in a table or an index, in the order of its sort key. */
export interface ListRequest {
  readonly table: TableName;
  readonly index?: string;
  readonly filter?: Fragment;
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** As of now, for twice the read units; of a table only. */
  readonly isConsistent?: true;
}

/** A list within one partition. */
export interface QueryRequest extends ListRequest {
  readonly where: Fragment;
  /** Oldest or smallest first (default) or the other way round. */
  readonly ascending?: boolean;
}

/**
 * Reads and writes items. All reads of items but `look` and `lookAtMany` are strongly consistent; index queries cannot be.
 *
 * Throttling, transaction conflicts and lost answers are retried with full jitter within the time
 * of the current operation. A write whose answer was lost is repeated only in ways that cannot take
 * effect twice: transactions carry one token for all attempts, and a single write must carry a
 * condition that its own effect makes fail, and say in `applied` how to recognise that.
 *
 * A row that a later release gave a layout of its own is neither read nor changed: LayoutUnknown, a fault.
 */
export interface Database {
  /** The item, as of now, or undefined. One request. */
  get(table: TableName, key: Key): Promise<Row | undefined>;
  /** The item as it is or was a moment ago: half a read unit for up to 4 KB. One request. */
  look(table: TableName, key: Key): Promise<Row | undefined>;
  /** Those of the items that exist, in the order asked for. One request per 100 keys. */
  getMany(table: TableName, keys: readonly Key[]): Promise<Row[]>;
  /** The same as they are or were a moment ago: half the read units. One request per 100 keys. */
  lookAtMany(table: TableName, keys: readonly Key[]): Promise<Row[]>;
  /** Items of several tables, in the order asked for, undefined for none. One request per 100. */
  getTogether(places: readonly Place[]): Promise<(Row | undefined)[]>;
  /** One page of a partition. One request. */
  query(request: QueryRequest): Promise<Page>;
  /** One page of a whole table, for administration only. One request. */
  scan(request: ListRequest): Promise<Page>;
  /**
   * Does one write and hands back the item as it is afterwards (nothing of a blind one). One request; with a companion
   * one more to read what was updated, which may be as somebody else left it by then.
   *
   * @throws the write's own error when its condition fails; nothing was changed
   * @throws Contended, AnswerLost as the options say
   */
  apply(write: Write, options?: WriteOptions): Promise<Row>;
  /**
   * Does all writes or none of them, at most 100, each on an item of its own. One request.
   *
   * @throws TransactionRefused when a condition fails; nothing was changed
   * @throws Contended as the options say
   */
  transact(writes: readonly Write[], options?: TransactOptions): Promise<void>;
  /** Puts and removes rows that nothing relies on, without conditions. One request per 25. Safe to repeat. */
  strew(table: TableName, rows: LooseRows): Promise<void>;
}

function listInput(request: ListRequest & { where?: Fragment }, tableName: TableResolver) {
  const placeholders = new Placeholders();
  const { where, filter, index, cursor } = request;
  return {
    TableName: tableName(request.table),
    ...(index ? { IndexName: index } : {}),
    ...(where ? { KeyConditionExpression: placeholders.text(where) } : {}),
    ...(filter ? { FilterExpression: placeholders.text(filter) } : {}),
    ...placeholders.attributes(),
    Limit: request.limit,
    ...(request.isConsistent && { ConsistentRead: true }),
    ...(cursor === undefined ? {} : { ExclusiveStartKey: decodeCursor(cursor) }),
  };
}

function parsePage(output: {
  Items?: Row[] | undefined;
  LastEvaluatedKey?: Key | undefined;
}): Page {
  const { Items = [], LastEvaluatedKey } = output;
  const rows = Items.map((row) => knownRow(row));
  return { rows, ...(LastEvaluatedKey ? { cursor: encodeCursor(LastEvaluatedKey) } : {}) };
}

/** Of a list's request only the cursor is a caller's: when DynamoDB finds the request invalid, that is why. */
async function continued<T>({ cursor }: ListRequest, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (cursor !== undefined && isInvalidInput(error)) throw notACursor();
    throw error;
  }
}

/** Where the database is; clock, sleep and random are for tests and simulations. */
export interface DatabaseOptions extends Partial<Patience> {
  readonly client: DocumentClient;
  /** Asked with every request, so that it may refuse a table that was not granted. */
  readonly tableName: TableResolver;
}

/**
 * Opens the database over a client.
 *
 * @example const database = createDatabase({ client, tableName: (table) => `shop-${table}` });
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { client, tableName } = options;
  const persist = persistWithin(completePatience(options));
  const { read, getItem } = createItemReading({ client, tableName, persist });
  const reader = { client, read, tableName };

  return {
    get: (table, key) => getItem(table, key, true),
    look: (table, key) => getItem(table, key, false),
    async getMany(table, keys) {
      const places = keys.map((key) => ({ table, key }));
      return (await readBatches(reader, places)).filter((row) => row !== undefined);
    },
    async lookAtMany(table, keys) {
      const places = keys.map((key) => ({ table, key }));
      const rows = await readBatches({ ...reader, isConsistent: false }, places);
      return rows.filter((row) => row !== undefined);
    },
    getTogether: (places) => readBatches(reader, places),
    async query(request) {
      const ScanIndexForward = request.ascending ?? true;
      const command = new QueryCommand({
        ...listInput(request, tableName),
        ScanIndexForward,
      });
      const answer = read(() => client.send(command));
      return parsePage(await continued(request, answer));
    },
    async scan(request) {
      const command = new ScanCommand(listInput(request, tableName));
      const answer = read(() => client.send(command));
      return parsePage(await continued(request, answer));
    },
    ...createWriting({
      client,
      tableName,
      persist,
      read: (table, key) => getItem(table, key, true),
    }),
    strew: (table, rows) => writeBatches(reader, table, rows),
  };
}
