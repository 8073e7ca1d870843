/** Put, update and delete: their checks, their conditions and what they hand back. */
import { holds, valueAt } from "./condition.ts";
import type { Engine, Output } from "./engine.ts";
import { invalid, noSuchTable } from "./errors.ts";
import {
  type Condition,
  parseCondition,
  parseUpdate,
  type UpdateTree,
} from "./expression-parser.ts";
import { bindCondition, bindUpdate, Scope } from "./scope.ts";
import type { SimulatedTable } from "./table.ts";
import { updated } from "./update.ts";
import { copyOfMap, type Item, sizeOfItem } from "./values.ts";

/** The fields of all write requests; which of them may be there depends on the kind. */
export interface WriteInput {
  readonly TableName?: string;
  readonly Key?: object;
  readonly Item?: object;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
  readonly ReturnConsumedCapacity?: string;
}

export type WriteKind = "Put" | "Update" | "Delete" | "ConditionCheck";

/** A write that passed every check that needs no item. */
export interface PreparedWrite {
  readonly kind: WriteKind;
  readonly input: WriteInput;
  readonly table: SimulatedTable;
  readonly key: Item;
  readonly item?: Item;
  readonly scope: Scope;
  readonly condition: Condition | undefined;
  readonly change: UpdateTree | undefined;
}

const returnValues: Record<WriteKind, readonly string[]> = {
  Put: ["NONE", "ALL_OLD"],
  Delete: ["NONE", "ALL_OLD"],
  Update: ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"],
  ConditionCheck: ["NONE"],
};

/** The names and values of a request, checked for their own form. */
export function scopeOf(
  input: {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: Record<string, unknown>;
  },
  hasExpression: boolean,
  isUpdate = false,
): Scope {
  const names = input.ExpressionAttributeNames;
  const values = input.ExpressionAttributeValues;
  if (names && !hasExpression) {
    invalid("ExpressionAttributeNames can only be specified when using expressions");
  }
  if (values && !hasExpression) {
    const which = isUpdate
      ? "UpdateExpression and ConditionExpression are null"
      : "ConditionExpression is null";
    invalid(`ExpressionAttributeValues can only be specified when using expressions: ${which}`);
  }
  if (names && Object.keys(names).length === 0)
    invalid("ExpressionAttributeNames must not be empty");
  if (values && Object.keys(values).length === 0) {
    invalid("ExpressionAttributeValues must not be empty");
  }
  for (const name of Object.keys(names ?? {})) {
    if (!/^#\w+$/.test(name)) {
      invalid(`ExpressionAttributeNames contains invalid key: Syntax error; key: "${name}"`);
    }
  }
  for (const name of Object.keys(values ?? {})) {
    if (!/^:\w+$/.test(name)) {
      invalid(`ExpressionAttributeValues contains invalid key: Syntax error; key: "${name}"`);
    }
  }
  return new Scope(names, values && copyOfMap(values));
}

/**
 * Checks a write as far as that goes without looking at an item. In a transaction keys of wrong
 * types are not refused here: they become a reason to cancel it.
 */
export function prepare(
  engine: Engine,
  kind: WriteKind,
  input: WriteInput,
  isInTransaction = false,
): PreparedWrite {
  const item = kind === "Put" ? copyOfMap(input.Item ?? {}) : undefined;
  const givenKey = item ?? copyOfMap(input.Key ?? {});
  const { UpdateExpression, ConditionExpression } = input;
  const hasExpression = UpdateExpression !== undefined || ConditionExpression !== undefined;
  const scope = scopeOf(input, hasExpression, kind === "Update");
  const { faults } = scope;
  const change = faults.attempt(() => bindChange(scope, UpdateExpression));
  const condition = faults.attempt(() => bindOptional(scope, ConditionExpression));
  if (hasExpression) scope.checkAllUsed();
  const table = engine.findTable(input.TableName);
  if (!table) {
    faults.raise();
    throw noSuchTable();
  }
  if (!returnValues[kind].includes(input.ReturnValues ?? "NONE")) {
    faults.attempt(() => invalid("Return values set to invalid value"));
  }
  faults.attempt(() => (item ? table.checkKeyIsThere(item) : table.checkKeyCount(givenKey)));
  faults.attempt(() => table.checkKeyTexts(givenKey));
  if (!isInTransaction) {
    faults.attempt(() => table.checkKeyValues(givenKey));
    if (item) faults.attempt(() => table.checkIndexKeys(item));
  }
  faults.raise();
  const key = item ? table.keyOf(item) : givenKey;
  return { kind, input, table, key, ...(item ? { item } : {}), scope, condition, change };
}

function bindChange(scope: Scope, text: string | undefined): UpdateTree | undefined {
  if (text === undefined) return undefined;
  const tree = parseUpdate(text, "UpdateExpression");
  bindUpdate(scope, tree);
  return tree;
}

function bindOptional(scope: Scope, text: string | undefined): Condition | undefined {
  if (text === undefined) return undefined;
  const tree = parseCondition(text, "ConditionExpression");
  bindCondition(scope, "ConditionExpression", tree);
  return tree;
}

/** What a write would do to the item that stands there now. */
export interface Outcome {
  readonly isAllowed: boolean;
  readonly old: Item | undefined;
  readonly next: Item | undefined;
}

/** Judges the condition and, if it holds, works out the new item. */
export function outcomeOf(write: PreparedWrite): Outcome {
  const old = write.table.get(write.key);
  if (write.condition && !holds(write.scope, old, write.condition)) {
    return { isAllowed: false, old, next: old };
  }
  return { isAllowed: true, old, next: nextItem(write, old) };
}

function nextItem(write: PreparedWrite, old: Item | undefined): Item | undefined {
  if (write.kind === "Delete") return undefined;
  if (write.kind === "ConditionCheck") return old;
  if (write.item) return write.item;
  const base = old ?? write.key;
  if (!write.change) return base;
  return updated(write.scope, write.change, base, write.table.keyNames);
}

function touched(write: PreparedWrite, item: Item | undefined): Item | undefined {
  const tree = write.change;
  if (!tree || !item) return undefined;
  const targets = [
    ...tree.set.map(({ path }) => path),
    ...tree.remove,
    ...tree.add.map(({ path }) => path),
    ...tree.delete.map(({ path }) => path),
  ];
  const paths = targets.map((path) => write.scope.pathOf(path));
  const names = paths.filter((path) => valueAt(item, path) !== undefined).map(([name]) => name!);
  const entries = names.map((name) => [name, item[name]!] as const);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** The answer of a single write. */
export function returned(
  write: PreparedWrite,
  old: Item | undefined,
  next: Item | undefined,
): Output {
  const choices: Record<string, Item | undefined> = {
    ALL_OLD: old,
    ALL_NEW: next,
    UPDATED_OLD: touched(write, old),
    UPDATED_NEW: touched(write, next),
  };
  const attributes = choices[write.input.ReturnValues ?? "NONE"];
  return {
    ...(attributes ? { Attributes: copyOfMap(attributes) } : {}),
    ...consumed(write.input, write.table, writeUnits(write, old, next)),
  };
}

/** Write units of one write outside a transaction. */
export function writeUnits(
  write: PreparedWrite,
  old: Item | undefined,
  next: Item | undefined,
): number {
  const bytes = Math.max(...[old, next].map((item) => (item ? sizeOfItem(item) : 0)));
  return Math.max(1, Math.ceil(bytes / 1024)) + write.table.indexWrites(old, next);
}

/** The answer's `ConsumedCapacity`, where it was asked for. */
export function consumed(
  input: { ReturnConsumedCapacity?: string },
  table: SimulatedTable,
  units: number,
): Output {
  if (!input.ReturnConsumedCapacity || input.ReturnConsumedCapacity === "NONE") return {};
  return { ConsumedCapacity: { TableName: table.definition.name, CapacityUnits: units } };
}
