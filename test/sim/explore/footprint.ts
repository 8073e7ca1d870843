/** What a request read and wrote: two that touch nothing in common may come in either order, with the same outcome. */
import type { KeySchema } from "../engine/table.ts";
import { keyText } from "../engine/table.ts";
import { copyOfMap, type Item } from "../engine/values.ts";
import type { HeldStep } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";

/** One item, or with `partitions` every item of these partitions (of all, where there are none), under one table's name. */
interface Place {
  readonly table: string;
  readonly partition?: string;
  readonly key?: string;
  readonly partitions?: ReadonlySet<string>;
}

export interface Footprint {
  readonly reads: readonly Place[];
  readonly writes: readonly Place[];
}

interface Input {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly Key?: object;
  readonly Item?: object;
  readonly TransactItems?: readonly Readonly<Record<string, Input>>[];
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
}

const schemas: ReadonlyMap<string, KeySchema> = new Map(
  simulatedTables.map((table) => [table.name, table]),
);

const nothing: Footprint = { reads: [], writes: [] };
/** What is not in the database (a bank, a receiver of events) is one place. */
const outside: Footprint = { reads: [], writes: [{ table: "outside" }] };

function placeOf({ TableName = "", Key, Item: whole }: Input): Place {
  const item = copyOfMap(Key ?? whole ?? {}) as Item;
  const schema = schemas.get(TableName)!;
  const partition = String(item[schema.partition.name]);
  return { table: TableName, partition, key: keyText(schema, item) };
}

/** A query of a table reads within one partition, whose key is among its values; one of an index may find anything. */
function placeOfQuery(input: Input): Place {
  const table = input.TableName ?? "";
  const values = Object.values(input.ExpressionAttributeValues ?? {}).map(String);
  return input.IndexName === undefined ? { table, partitions: new Set(values) } : { table };
}

function batchPlaces(requests: Readonly<Record<string, unknown>>): Place[] {
  return Object.entries(requests).flatMap(([TableName, asked]) => {
    const keys = Array.isArray(asked)
      ? asked.map((each) => each.PutRequest ?? each.DeleteRequest)
      : (asked as { Keys: object[] }).Keys.map((Key) => ({ Key }));
    return keys.map((each: Input) => placeOf({ ...each, TableName }));
  });
}

/** Parts of a transaction: a mere check reads. */
function placesOfParts(parts: NonNullable<Input["TransactItems"]>): Footprint {
  const each = parts.flatMap((part) => Object.entries(part));
  const of = (isCheck: boolean) =>
    each
      .filter(([kind]) => /^(ConditionCheck|Get)$/.test(kind) === isCheck)
      .map(([, part]) => placeOf(part));
  return { reads: of(true), writes: of(false) };
}

function wishOf(label: string, input: Input): Footprint {
  if (input.TransactItems) return placesOfParts(input.TransactItems);
  if (input.RequestItems) {
    const places = batchPlaces(input.RequestItems);
    return label === "BatchGet" ? { reads: places, writes: [] } : { reads: [], writes: places };
  }
  if (label === "Query") return { reads: [placeOfQuery(input)], writes: [] };
  if (label === "Scan") return { reads: [{ table: input.TableName ?? "" }], writes: [] };
  const place = [placeOf(input)];
  return label === "Get" ? { reads: place, writes: [] } : { reads: [], writes: place };
}

/** The footprint of a step that was done; a refused write has only read. */
export function footprintOf({ label, command }: HeldStep, isDone: boolean): Footprint {
  if (label === "pause") return nothing;
  if (!command) return outside;
  const { reads, writes } = wishOf(label, command.input);
  return isDone ? { reads, writes } : { reads: [...reads, ...writes], writes: [] };
}

function overlap(one: Place, other: Place): boolean {
  if (one.table !== other.table) return false;
  if (one.key !== undefined && other.key !== undefined) return one.key === other.key;
  const partitions = one.partitions ?? other.partitions;
  const partition = one.partition ?? other.partition;
  if (!partitions || partition === undefined) return true;
  return partitions.has(partition);
}

const meet = (some: readonly Place[], others: readonly Place[]): boolean =>
  some.some((one) => others.some((other) => overlap(one, other)));

/** Whether the order of two steps can matter. */
export function areDependent(one: Footprint, other: Footprint): boolean {
  return (
    meet(one.writes, other.writes) || meet(one.writes, other.reads) || meet(one.reads, other.writes)
  );
}
