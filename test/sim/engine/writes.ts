/** Put, update and delete: their checks, their conditions and what they hand back. */
import { holds, valueAt } from "./condition.ts";
import type { Engine, Output } from "./engine.ts";
import { invalid } from "./errors.ts";
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

interface Placeholders {
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

function checkNames(names: object | undefined, hasExpression: boolean): void {
  if (!names) return;
  if (!hasExpression) {
    invalid("ExpressionAttributeNames can only be specified when using expressions");
  }
  if (Object.keys(names).length === 0) invalid("ExpressionAttributeNames must not be empty");
  for (const name of Object.keys(names).filter((given) => !/^#\w+$/.test(given))) {
    invalid(`ExpressionAttributeNames contains invalid key: Syntax error; key: "${name}"`);
  }
}

function checkValues(values: object | undefined, missing: string | undefined): void {
  if (!values) return;
  if (missing !== undefined) {
    invalid(`ExpressionAttributeValues can only be specified when using expressions: ${missing}`);
  }
  if (Object.keys(values).length === 0) invalid("ExpressionAttributeValues must not be empty");
  for (const name of Object.keys(values).filter((given) => !/^:\w+$/.test(given))) {
    invalid(`ExpressionAttributeValues contains invalid key: Syntax error; key: "${name}"`);
  }
}

/** The names and values of a request; `missing` says which expressions it lacks, if it has none. */
export function scopeOf(input: Placeholders, missing: string | undefined): Scope {
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
  const scope = new Scope(names, values && copyOfMap(values));
  scope.faults.attempt(() => checkNames(names, missing === undefined));
  scope.faults.attempt(() => checkValues(values, missing));
  return scope;
}

/** Everything about a write that can be judged from its expressions alone. */
interface Bound {
  readonly scope: Scope;
  readonly condition: Condition | undefined;
  readonly change: UpdateTree | undefined;
}

function bound(kind: WriteKind, input: WriteInput): Bound {
  const { UpdateExpression, ConditionExpression, ReturnValues = "NONE" } = input;
  const hasExpression = UpdateExpression !== undefined || ConditionExpression !== undefined;
  const lacking =
    kind === "Update"
      ? "UpdateExpression and ConditionExpression are null"
      : "ConditionExpression is null";
  const scope = scopeOf(input, hasExpression ? undefined : lacking);
  const { faults } = scope;
  const change = faults.attempt(() => bindChange(scope, UpdateExpression));
  const condition = faults.attempt(() => bindOptional(scope, ConditionExpression));
  if (hasExpression) scope.checkAllUsed();
  if (!returnValues[kind].includes(ReturnValues)) {
    faults.attempt(() => invalid("Return values set to invalid value"));
  }
  return { scope, condition, change };
}

function located(kind: WriteKind, input: WriteInput, table: SimulatedTable, parts: Bound) {
  const item = kind === "Put" ? copyOfMap(input.Item ?? {}) : undefined;
  const given = item ?? copyOfMap(input.Key ?? {});
  const { faults } = parts.scope;
  faults.attempt(() => (item ? table.checkKeyIsThere(item) : table.checkKeyCount(given)));
  faults.attempt(() => table.checkKeyTexts(given));
  const key = item ? table.keyOf(item) : given;
  return { kind, input, table, key, ...(item ? { item } : {}), ...parts };
}

/** Checks a write as far as that goes without looking at what is stored. */
export function prepare(engine: Engine, kind: WriteKind, input: WriteInput): PreparedWrite {
  const table = engine.table(input.TableName);
  const write = located(kind, input, table, bound(kind, input));
  const { faults } = write.scope;
  faults.attempt(() => table.checkKeyValues(write.key));
  if (write.item) faults.attempt(() => table.checkIndexKeys(write.item!));
  faults.raise();
  return write;
}

/**
 * Checks a write of a transaction: expressions at once, then (by calling what comes back) table and
 * key. Keys of wrong types are not refused here: they become a reason to cancel it.
 */
export function prepareInTransaction(
  engine: Engine,
  kind: WriteKind,
  input: WriteInput,
): () => PreparedWrite {
  const parts = bound(kind, input);
  parts.scope.faults.raise();
  return () => {
    const write = located(kind, input, engine.table(input.TableName), parts);
    write.scope.faults.raise();
    return write;
  };
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
  const next = updated(write.scope, write.change, base, write.table.keyNames);
  write.table.checkIndexTexts(next);
  return next;
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
