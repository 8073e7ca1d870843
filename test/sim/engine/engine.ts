/**
 * A deterministic DynamoDB in memory, for the operations and expressions that Holdfast uses.
 * It knows nothing of faults or time passing: the scheduler decides when a request arrives.
 */
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { conditionFailed, Faults, invalid, noSuchTable } from "./errors.ts";
import { project, query, scan } from "./reads.ts";
import { type ChangeRecord, keyText, SimulatedTable, type TableDefinition } from "./table.ts";
import { TransactionTokens, transactWrite } from "./transactions.ts";
import { areEqual, copyOfMap, type Item, sizeOfItem } from "./values.ts";
import { consumed, outcomeOf, prepare, returned, type WriteInput } from "./writes.ts";

export interface EngineOptions {
  readonly tables: readonly TableDefinition[];
  /** The database's own clock: idempotency tokens, index lag and TTL go by it. */
  readonly nowMs: () => number;
  /** How long a change takes to reach an index; 0 unless told. */
  readonly indexLagMs?: () => number;
  readonly onChange?: (change: ChangeRecord) => void;
}

/** Any command of the document client. */
export interface Command {
  readonly input: object;
}

export type Output = Record<string, unknown>;

interface ReadOneInput {
  readonly TableName?: string;
  readonly Key?: object;
  readonly ConsistentRead?: boolean;
  readonly ProjectionExpression?: string;
  readonly ReturnConsumedCapacity?: string;
}

/** The state that all operations share. */
export class Engine {
  readonly tokens = new TransactionTokens();
  readonly #options: EngineOptions;
  readonly #tables: ReadonlyMap<string, SimulatedTable>;
  #sequence = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#tables = new Map(
      options.tables.map((definition) => [definition.name, new SimulatedTable(definition)]),
    );
  }

  nowMs(): number {
    return this.#options.nowMs();
  }

  findTable(name: string | undefined): SimulatedTable | undefined {
    return this.#tables.get(name ?? "");
  }

  table(name: string | undefined): SimulatedTable {
    const table = this.findTable(name);
    if (!table) throw noSuchTable();
    return table;
  }

  tables(): Iterable<SimulatedTable> {
    return this.#tables.values();
  }

  /** Writes without conditions: what every accepted request ends in. */
  commit(
    table: SimulatedTable,
    key: Item,
    oldImage: Item | undefined,
    newImage: Item | undefined,
    isTtlDeletion = false,
  ): void {
    const { indexLagMs = () => 0, onChange } = this.#options;
    const atMs = this.nowMs();
    table.write(key, newImage, () => atMs + indexLagMs());
    if (!onChange || oldImage === newImage) return;
    if (oldImage && newImage && areEqual(oldImage, newImage)) return;
    this.#sequence += 1;
    const { name } = table.definition;
    onChange({
      table: name,
      key,
      oldImage,
      newImage,
      sequence: this.#sequence,
      atMs,
      isTtlDeletion,
    });
  }

  /** Deletes what TTL may delete now; `chosen` decides row by row, since DynamoDB takes its time. */
  deleteExpired(chosen: (item: Item, table: TableDefinition) => boolean): number {
    let count = 0;
    const nowSeconds = Math.floor(this.nowMs() / 1000);
    for (const table of this.#tables.values()) {
      const attribute = table.definition.ttlAttribute;
      if (!attribute) continue;
      for (const item of table.items()) {
        const ttl = item[attribute];
        if (typeof ttl !== "number" || ttl > nowSeconds || !chosen(item, table.definition))
          continue;
        this.commit(table, table.keyOf(item), item, undefined, true);
        count += 1;
      }
    }
    return count;
  }

  /** Carries out one request at this instant, all of it or nothing. */
  execute(command: Command): Output {
    const handler = handlers.get(command.constructor);
    if (!handler) throw new Error(`Not simulated: ${command.constructor.name}`);
    return handler(this, command.input as never);
  }
}

type Handler = (engine: Engine, input: never) => Output;

function get(engine: Engine, input: ReadOneInput): Output {
  const table = engine.table(input.TableName);
  const key = copyOfMap(input.Key ?? {});
  const faults = new Faults();
  const paths = project.bind(input, faults);
  faults.attempt(() => table.checkKeyCount(key));
  faults.attempt(() => table.checkKeyValues(key));
  faults.raise();
  const item = table.get(key);
  return {
    ...(item ? { Item: project.apply(item, paths) } : {}),
    ...consumed(input, table, readUnits(item, input.ConsistentRead)),
  };
}

function readUnits(item: Item | undefined, isConsistent: boolean | undefined): number {
  const units = Math.max(1, Math.ceil((item ? sizeOfItem(item) : 0) / 4096));
  return isConsistent ? units : units / 2;
}

function singleWrite(kind: "Put" | "Update" | "Delete") {
  return (engine: Engine, input: WriteInput): Output => {
    const write = prepare(engine, kind, input);
    const outcome = outcomeOf(write);
    if (!outcome.isAllowed) {
      const wantsItem = input.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
      throw conditionFailed(wantsItem ? outcome.old : undefined);
    }
    const { old, next } = outcome;
    if (next) {
      write.table.checkIndexKeys(next);
      write.table.checkSize(next);
    }
    engine.commit(write.table, write.key, old, next);
    return returned(write, old, next);
  };
}

function batchGet(
  engine: Engine,
  input: { RequestItems?: Record<string, { Keys?: object[]; ProjectionExpression?: string }> },
): Output {
  const responses: Record<string, Item[]> = {};
  const requests = Object.entries(input.RequestItems ?? {});
  if (requests.reduce((sum, [, { Keys = [] }]) => sum + Keys.length, 0) > 100) {
    invalid("Too many items requested for the BatchGetItem call");
  }
  for (const [name, request] of requests) {
    const table = engine.table(name);
    const keys = (request.Keys ?? []).map(copyOfMap);
    if (keys.length === 0) {
      invalid(
        `The list of keys in RequestItems for BatchGetItem is required: ${name} has empty list`,
      );
    }
    const faults = new Faults();
    const paths = project.bind(request, faults);
    if (keys.some((key) => Object.keys(key).length === 0)) {
      faults.attempt(() =>
        invalid(
          `The list of keys in RequestItems for BatchGetItem may not contain null or empty values: ${name} has one or more empty keys`,
        ),
      );
    }
    for (const key of keys) {
      faults.attempt(() => table.checkKeyCount(key));
      faults.attempt(() => table.checkKeyValues(key));
    }
    if (keys.some((key, index) => keys.slice(0, index).some((other) => areEqual(key, other)))) {
      faults.attempt(() => invalid("Provided list of item keys contains duplicates"));
    }
    faults.raise();
    const found = keys.map((key) => table.get(key)).filter((item) => item !== undefined);
    responses[name] = found.map((item) => project.apply(item, paths));
  }
  return { Responses: responses, UnprocessedKeys: {} };
}

interface BatchWriteRequest {
  readonly PutRequest?: { readonly Item?: object };
  readonly DeleteRequest?: { readonly Key?: object };
}

function batchWrite(
  engine: Engine,
  input: { RequestItems?: Record<string, BatchWriteRequest[]> },
): Output {
  const requests = Object.entries(input.RequestItems ?? {});
  if (requests.reduce((sum, [, list]) => sum + list.length, 0) > 25) {
    invalid("Too many items requested for the BatchWriteItem call");
  }
  const faults = new Faults();
  const keys = new Set<string>();
  const writes = requests.flatMap(([name, list]) =>
    list.flatMap(({ PutRequest, DeleteRequest }) => {
      const { definition } = engine.table(name);
      const text = `${name} ${keyText(definition, copyOfMap(PutRequest?.Item ?? DeleteRequest?.Key ?? {}))}`;
      if (keys.has(text)) {
        faults.attempt(() => invalid("Provided list of item keys contains duplicates"));
      }
      keys.add(text);
      const write = faults.attempt(() =>
        PutRequest
          ? prepare(engine, "Put", { TableName: name, Item: PutRequest.Item } as WriteInput)
          : prepare(engine, "Delete", { TableName: name, Key: DeleteRequest?.Key } as WriteInput),
      );
      return write ? [write] : [];
    }),
  );
  faults.raise();
  for (const write of writes) {
    const { old, next } = outcomeOf(write);
    if (next) write.table.checkIndexKeys(next);
    engine.commit(write.table, write.key, old, next);
  }
  return { UnprocessedItems: {} };
}

function transactGet(engine: Engine, input: { TransactItems?: { Get: ReadOneInput }[] }): Output {
  const parts = input.TransactItems ?? [];
  const responses = parts.map(({ Get }) => get(engine, Get));
  const keys = parts.map(({ Get }) => {
    const { definition } = engine.table(Get.TableName);
    return `${definition.name} ${keyText(definition, copyOfMap(Get.Key ?? {}))}`;
  });
  if (new Set(keys).size < keys.length) {
    invalid("Transaction request cannot include multiple operations on one item");
  }
  return { Responses: responses };
}

const handlers = new Map<unknown, Handler>([
  [GetCommand, get],
  [PutCommand, singleWrite("Put")],
  [UpdateCommand, singleWrite("Update")],
  [DeleteCommand, singleWrite("Delete")],
  [QueryCommand, query],
  [ScanCommand, scan],
  [BatchGetCommand, batchGet],
  [BatchWriteCommand, batchWrite],
  [TransactGetCommand, transactGet],
  [TransactWriteCommand, transactWrite],
] as [unknown, Handler][]);
