/** Makes random calls of DynamoDB: mostly right, often nearly right, over few items so that they meet. */
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
import type { TableDefinition } from "../engine/table.ts";
import type { Random } from "../random.ts";
import { Expressions } from "./expressions.ts";

/** One call as data: the same command object goes to both engines. */
export interface Call {
  readonly name: string;
  readonly command: { readonly input: object };
  /** Rows come in no promised order: they are compared as a set. */
  readonly isUnordered: boolean;
}

/** The two tables of one comparison, with every kind of key and index the project has. */
export function tablesFor(world: string): readonly [TableDefinition, TableDefinition] {
  return [
    {
      name: `${world}-plain`,
      partition: { name: "pk", type: "S" },
      indexes: [
        {
          name: "sparse",
          partition: { name: "g", type: "S" },
          sort: { name: "gn", type: "N" },
          projection: "KEYS_ONLY",
        },
      ],
    },
    {
      name: `${world}-sorted`,
      partition: { name: "pk", type: "S" },
      sort: { name: "sk", type: "N" },
      indexes: [
        {
          name: "byName",
          partition: { name: "g", type: "S" },
          sort: { name: "gs", type: "S" },
          projection: "ALL",
        },
      ],
    },
  ];
}

const keys = ["a", "b", "c", "d"];

/** Draws calls one after the other. */
export class CallSource {
  readonly #random: Random;
  readonly #run: string;
  readonly #tables: readonly [TableDefinition, TableDefinition];
  #lastTransaction: object | undefined;

  /** DynamoDB remembers tokens beyond the life of a table: `run` keeps those of two runs apart. */
  constructor(random: Random, tables: readonly [TableDefinition, TableDefinition], run: string) {
    this.#random = random;
    this.#run = run;
    this.#tables = tables;
  }

  next(): Call {
    const kinds = {
      put: 16,
      update: 34,
      delete: 8,
      get: 8,
      query: 10,
      scan: 2,
      batchGet: 3,
      batchWrite: 3,
      transactGet: 2,
      transactWrite: 14,
    };
    const name = this.#random.weighted(kinds);
    const command = this.#command(name);
    return { name, command, isUnordered: name !== "query" || "IndexName" in command.input };
  }

  #command(kind: string): { input: object } {
    const table = this.#random.pick(this.#tables);
    switch (kind) {
      case "put":
        return new PutCommand(this.#write("Put", table, true) as never);
      case "update":
        return new UpdateCommand(this.#write("Update", table, true) as never);
      case "delete":
        return new DeleteCommand(this.#write("Delete", table, true) as never);
      case "get":
        return new GetCommand(this.#get(table) as never);
      case "query":
        return new QueryCommand(this.#query(table) as never);
      case "scan":
        return new ScanCommand(this.#scan(table) as never);
      case "batchGet":
        return new BatchGetCommand(this.#batchGet() as never);
      case "batchWrite":
        return new BatchWriteCommand(this.#batchWrite() as never);
      case "transactGet":
        return new TransactGetCommand({
          TransactItems: this.#several(1, 3, () => ({
            Get: { TableName: table.name, Key: this.#key(table, 0) },
          })),
        } as never);
      default:
        return new TransactWriteCommand(this.#transactWrite() as never);
    }
  }

  #several<T>(low: number, high: number, make: () => T): T[] {
    return Array.from({ length: this.#random.int(low, high) }, make);
  }

  #tableName(table: TableDefinition): string {
    return this.#random.chance(0.003) ? "no-such-table" : table.name;
  }

  #key(table: TableDefinition, spoiledShare = 0.02): Record<string, unknown> {
    const key: Record<string, unknown> = { pk: this.#random.pick(keys) };
    if (table.sort) key["sk"] = this.#random.int(0, 3);
    if (!this.#random.chance(spoiledShare)) return key;
    const spoil = {
      missing: () => delete key["pk"],
      wrongType: () => (key["pk"] = 5),
      empty: () => (key["pk"] = ""),
      extra: () => (key["zz"] = 1),
    };
    this.#random.pick(Object.values(spoil))();
    return key;
  }

  #item(table: TableDefinition, spoiledShare = 0.02): Record<string, unknown> {
    const item = this.#key(table, spoiledShare);
    const expressions = new Expressions(this.#random);
    for (const name of ["a", "b", "n", "m", "l", "s", "ns", "line:x"]) {
      if (this.#random.chance(0.5)) item[name] = expressions.valueFor(name);
    }
    if (this.#random.chance(0.5)) item["g"] = this.#random.pick(["g1", "g2"]);
    if (this.#random.chance(0.5)) item["gn"] = this.#random.int(0, 20);
    if (this.#random.chance(0.5)) item["gs"] = this.#random.pick(["p", "pq", "q", "r"]);
    if (this.#random.chance(spoiledShare / 2))
      item[this.#random.pick(["g", "gn", "gs"])] = expressions.value();
    if (this.#random.chance(0.01)) item["big"] = "x".repeat(this.#random.pick([900, 2_000, 5_000]));
    return item;
  }

  /** Wrong tables and keys come alone, or it would be open which fault of several is reported. */
  #write(
    kind: string,
    table: TableDefinition,
    isSingle: boolean,
    mayBeSpoiled = true,
  ): Record<string, unknown> {
    const spoiledShare = mayBeSpoiled ? 0.02 : 0;
    const expressions = new Expressions(this.#random, isSingle);
    const random = this.#random;
    const TableName = mayBeSpoiled ? this.#tableName(table) : table.name;
    const input: Record<string, unknown> = { TableName };
    if (kind === "Put") input["Item"] = this.#item(table, spoiledShare);
    else input["Key"] = this.#key(table, spoiledShare);
    if (kind === "Update" && !random.chance(0.02)) input["UpdateExpression"] = expressions.update();
    if (kind === "ConditionCheck" ? !random.chance(spoiledShare / 2) : random.chance(0.6)) {
      input["ConditionExpression"] = expressions.condition();
    }
    if (random.chance(0.5)) input["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD";
    if (isSingle && random.chance(0.6)) {
      const choices = ["ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "NONE"];
      input["ReturnValues"] =
        kind === "Update" ? random.pick(choices) : random.chance(0.9) ? "ALL_OLD" : "ALL_NEW";
    }
    return { ...input, ...expressions.attributes(mayBeSpoiled) };
  }

  #get(table: TableDefinition): Record<string, unknown> {
    const expressions = new Expressions(this.#random);
    const projection = this.#random.chance(0.4)
      ? { ProjectionExpression: expressions.projection() }
      : {};
    return {
      TableName: this.#tableName(table),
      Key: this.#key(table),
      ...projection,
      ...expressions.attributes(),
      ...(this.#random.chance(0.5) ? { ConsistentRead: true } : {}),
    };
  }

  #query(table: TableDefinition): Record<string, unknown> {
    const random = this.#random;
    const expressions = new Expressions(random);
    const index = random.chance(0.4) ? table.indexes![0]! : undefined;
    const schema = index ?? table;
    const input: Record<string, unknown> = {
      TableName: table.name,
      KeyConditionExpression: expressions.keyCondition(schema),
      ...(index ? { IndexName: random.chance(0.02) ? "no-such" : index.name } : {}),
    };
    if (random.chance(0.4)) input["FilterExpression"] = expressions.condition();
    if (random.chance(0.2)) input["ProjectionExpression"] = expressions.projection();
    if (random.chance(0.3)) input["ScanIndexForward"] = false;
    if (random.chance(0.1)) input["Select"] = "COUNT";
    if (random.chance(index ? 0.02 : 0.3)) input["ConsistentRead"] = true;
    if (!index && random.chance(0.4)) input["Limit"] = random.int(random.chance(0.03) ? 0 : 1, 4);
    if (!index && table.sort && random.chance(0.2)) {
      input["ExclusiveStartKey"] = { pk: random.pick(keys), sk: random.int(0, 3) };
    }
    if (input["Select"]) delete input["ProjectionExpression"];
    return { ...input, ...expressions.attributes() };
  }

  #scan(table: TableDefinition): Record<string, unknown> {
    const expressions = new Expressions(this.#random);
    const useIndex = this.#random.chance(0.3);
    const index = useIndex ? { IndexName: table.indexes![0]!.name } : {};
    // DynamoDB Local filters the scan of an index by attributes that the index does not hold.
    const mayFilter = !useIndex || table.indexes![0]!.projection === "ALL";
    const filter =
      mayFilter && this.#random.chance(0.7) ? { FilterExpression: expressions.condition() } : {};
    return { TableName: table.name, ...index, ...filter, ...expressions.attributes() };
  }

  #batchGet(): Record<string, unknown> {
    const table = this.#random.pick(this.#tables);
    return {
      RequestItems: { [table.name]: { Keys: this.#several(1, 5, () => this.#key(table)) } },
    };
  }

  #batchWrite(): Record<string, unknown> {
    const table = this.#random.pick(this.#tables);
    const request = (): object =>
      this.#random.chance(0.6)
        ? { PutRequest: { Item: this.#item(table) } }
        : { DeleteRequest: { Key: this.#key(table) } };
    return { RequestItems: { [table.name]: this.#several(1, 4, request) } };
  }

  #transactWrite(): Record<string, unknown> {
    const random = this.#random;
    if (this.#lastTransaction && random.chance(0.15)) return { ...this.#lastTransaction };
    // Two actions on one item are refused by AWS before anything else, by DynamoDB Local only after
    // all conditions held: a case for a test of its own, not for this comparison.
    const met = new Set<string>();
    const count = random.int(1, 4);
    const parts = Array.from({ length: count }, () => {
      const kind = random.weighted({ Put: 2, Update: 5, Delete: 2, ConditionCheck: 2 });
      const input = this.#write(kind, random.pick(this.#tables), false, count === 1);
      const { pk, sk } = (input["Key"] ?? input["Item"]) as Record<string, unknown>;
      const key = JSON.stringify([input["TableName"], pk, sk]);
      if (met.has(key)) return [];
      met.add(key);
      return [{ [kind]: input }];
    }).flat();
    const token = random.chance(0.5)
      ? { ClientRequestToken: `${this.#run}-${random.int(0, 60)}` }
      : {};
    this.#lastTransaction = { TransactItems: parts, ...token };
    return this.#lastTransaction as Record<string, unknown>;
  }
}
