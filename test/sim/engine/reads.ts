/** Queries, scans and projections. */
import { holds } from "./condition.ts";
import type { Engine, Output } from "./engine.ts";
import { type Faults, invalid } from "./errors.ts";
import {
  type Comparator,
  type Condition,
  type Operand,
  parseCondition,
  parseProjection,
} from "./expression-parser.ts";
import { projected } from "./projection.ts";
import { bindCondition, bindProjection, type Path, Scope } from "./scope.ts";
import { keyAttributes, type KeySchema, keyText, rowOrder, type SimulatedTable } from "./table.ts";
import {
  areEqual,
  compareValues,
  copyOfMap,
  type Item,
  sizeOfItem,
  typeOf,
  type Value,
} from "./values.ts";
import { consumed, scopeOf } from "./writes.ts";

interface ReadInput {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
  readonly ExclusiveStartKey?: object;
  readonly Limit?: number;
  readonly ScanIndexForward?: boolean;
  readonly ConsistentRead?: boolean;
  readonly Select?: string;
  readonly ReturnConsumedCapacity?: string;
}

/** Projections of single reads. */
export const project = {
  bind(input: ReadInput, faults: Faults): readonly Path[] | undefined {
    const { ProjectionExpression, ExpressionAttributeNames: names } = input;
    // Get and BatchGet know no values: the SDK's serializer leaves them out.
    const scope = scopeOf(
      names ? { ExpressionAttributeNames: names } : {},
      ProjectionExpression === undefined ? "ProjectionExpression is null" : undefined,
    );
    const paths = faults.attempt(() => {
      if (ProjectionExpression === undefined) return undefined;
      return bindProjection(scope, parseProjection(ProjectionExpression, "ProjectionExpression"));
    });
    if (ProjectionExpression !== undefined) scope.checkAllUsed();
    faults.attempt(() => scope.faults.raise());
    return paths;
  },
  apply(item: Item, paths: readonly Path[] | undefined): Item {
    return copyOfMap(paths ? projected(item, paths) : item);
  },
};

type KeyTest = (value: Value) => boolean;
interface KeyPart {
  readonly name: string;
  readonly isEquality: boolean;
  readonly types: readonly string[];
  readonly test: KeyTest;
  /** The least and the greatest value of the range, where they belong to it. */
  readonly low?: Value;
  readonly high?: Value;
}

const tests: Record<string, (bound: Value) => KeyTest> = {
  "=": (bound) => (value) => areEqual(value, bound),
  "<": (bound) => (value) => compareValues(value, bound) < 0,
  "<=": (bound) => (value) => compareValues(value, bound) <= 0,
  ">": (bound) => (value) => compareValues(value, bound) > 0,
  ">=": (bound) => (value) => compareValues(value, bound) >= 0,
};

const mirrored: Record<Comparator, Comparator> = {
  "=": "=",
  "<>": "<>",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

function badOperator(operator: string): never {
  return invalid(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function attributeOf(scope: Scope, operand: Operand): string {
  if (operand.kind !== "path") invalid("Invalid KeyConditionExpression: No key attribute");
  return scope.pathOf(operand)[0] as string;
}

function literal(scope: Scope, operand: Operand): Value {
  if (operand.kind !== "value") {
    invalid(
      "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
    );
  }
  return scope.valueOf(operand);
}

/** Splits a key condition into its one or two parts. */
function keyParts(scope: Scope, node: Condition): KeyPart[] {
  switch (node.kind) {
    case "and":
      return [...keyParts(scope, node.left), ...keyParts(scope, node.right)];
    case "compare": {
      const isTurned = node.left.kind === "value";
      const op = isTurned ? mirrored[node.op] : node.op;
      if (op === "<>") return badOperator("<>");
      const [path, bound] = isTurned ? [node.right, node.left] : [node.left, node.right];
      const value = literal(scope, bound);
      const name = attributeOf(scope, path);
      const end = op === "<=" ? { high: value } : op === ">=" ? { low: value } : {};
      const types = [typeOf(value)];
      return [{ name, isEquality: op === "=", types, test: tests[op]!(value), ...end }];
    }
    case "between": {
      const [path, low, high] = node.args;
      const [lowest, highest] = [literal(scope, low), literal(scope, high)];
      const test = (value: Value): boolean =>
        compareValues(value, lowest) >= 0 && compareValues(value, highest) <= 0;
      const types = [typeOf(lowest), typeOf(highest)];
      return [
        {
          name: attributeOf(scope, path),
          isEquality: false,
          types,
          test,
          low: lowest,
          high: highest,
        },
      ];
    }
    case "call": {
      if (node.name !== "begins_with") return badOperator(node.name);
      const prefix = literal(scope, node.args[1]!);
      const test = (value: Value): boolean => String(value).startsWith(String(prefix));
      const types = ["S", typeOf(prefix)];
      const name = attributeOf(scope, node.args[0]!);
      return [{ name, isEquality: false, types, test }];
    }
    default:
      return badOperator(node.kind.toUpperCase());
  }
}

/** Checks a key condition against the schema and makes a test of it. */
function keyTest(schema: KeySchema, parts: readonly KeyPart[]): (row: Item) => boolean {
  const partition = parts.find(({ name }) => name === schema.partition.name);
  if (!partition) return invalid("Query condition missed key schema element");
  const others = parts.filter((part) => part !== partition);
  if (others.length > 1) {
    return invalid("Conditions can be of length 1 or 2 only");
  }
  if (others.some(({ name }) => name !== schema.sort?.name)) {
    return invalid("Query condition missed key schema element");
  }
  if (!partition.isEquality) return invalid("Query key condition not supported");
  for (const part of parts) {
    const { type } = keyAttributes(schema).find(({ name }) => name === part.name)!;
    if (part.types.some((given) => given !== type)) {
      invalid(
        "One or more parameter values were invalid: Condition parameter type does not match schema type",
      );
    }
  }
  return (row) => parts.every(({ name, test }) => test(row[name]!));
}

interface Source {
  readonly table: SimulatedTable;
  readonly schema: KeySchema;
  readonly rows: readonly Item[];
}

function sourceOf(engine: Engine, input: ReadInput): Source {
  const table = engine.table(input.TableName);
  if (input.Limit !== undefined && input.Limit < 1) {
    invalid("Limit must be greater than or equal to 1");
  }
  if (input.IndexName === undefined) {
    return { table, schema: table.definition, rows: table.items() };
  }
  const schema = table.index(input.IndexName);
  if (!schema) invalid(`The table does not have the specified index: ${input.IndexName}`);
  return { table, schema, rows: table.rowsOfIndex(input.IndexName, engine.nowMs()) };
}

/** The attributes of a position in this source: the index's key and the table's. */
function positionNames({ table, schema }: Source): string[] {
  return [...new Set([...keyAttributes(schema).map(({ name }) => name), ...table.keyNames])];
}

function startKey(source: Source, input: ReadInput): Item | undefined {
  if (!input.ExclusiveStartKey) return undefined;
  const key = copyOfMap(input.ExclusiveStartKey);
  const names = positionNames(source);
  if (Object.keys(key).length !== names.length || names.some((name) => key[name] === undefined)) {
    invalid("The provided starting key is invalid");
  }
  return key;
}

function page(
  source: Source,
  input: ReadInput,
  ordered: readonly Item[],
  passes: (row: Item) => boolean,
  paths: readonly Path[] | undefined,
  isLast: (row: Item) => boolean = () => false,
): Output {
  const scanned = ordered.slice(0, input.Limit);
  const kept = scanned.filter(passes);
  const last = input.Limit === scanned.length ? scanned.at(-1) : undefined;
  const goesOn = last && !isLast(last);
  const names = positionNames(source);
  const bytes = scanned.reduce((sum, row) => sum + sizeOfItem(row), 0);
  return {
    ...(input.Select === "COUNT" ? {} : { Items: kept.map((row) => project.apply(row, paths)) }),
    Count: kept.length,
    ScannedCount: scanned.length,
    ...(goesOn
      ? { LastEvaluatedKey: Object.fromEntries(names.map((name) => [name, last[name]])) }
      : {}),
    ...consumed(input, source.table, Math.max(1, Math.ceil(bytes / 4096)) / 2),
  };
}

/** The filter of a request; a query's filter may not look at the key it already chose by. */
function filterOf(
  scope: Scope,
  input: ReadInput,
  source: Source,
  isQuery: boolean,
): (row: Item) => boolean {
  if (input.FilterExpression === undefined) return () => true;
  const tree = parseCondition(input.FilterExpression, "FilterExpression");
  bindCondition(scope, "FilterExpression", tree);
  const keyNames = isQuery ? keyAttributes(source.schema).map(({ name }) => name) : [];
  const names = namesIn(scope, tree);
  if (isQuery) checkIndexHolds(source, "filter", names, scope);
  for (const name of names.filter((used) => keyNames.includes(used))) {
    scope.faults.attempt(() =>
      invalid(
        `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${name}`,
      ),
    );
  }
  return (row) => holds(scope, row, tree);
}

function namesIn(scope: Scope, node: Condition | Operand): string[] {
  switch (node.kind) {
    case "path":
      return [scope.pathOf(node)[0] as string];
    case "value":
      return [];
    case "and":
    case "or":
    case "compare":
      return [...namesIn(scope, node.left), ...namesIn(scope, node.right)];
    case "not":
      return namesIn(scope, node.inner);
    default:
      return node.args.flatMap((argument) => namesIn(scope, argument));
  }
}

function bindPaths(
  scope: Scope,
  input: ReadInput,
  source: Source,
  isQuery: boolean,
): readonly Path[] | undefined {
  if (input.ProjectionExpression === undefined) return undefined;
  const nodes = parseProjection(input.ProjectionExpression, "ProjectionExpression");
  const paths = bindProjection(scope, nodes);
  if (isQuery)
    checkIndexHolds(
      source,
      "projection",
      paths.map(([first]) => String(first)),
      scope,
    );
  return paths;
}

/** An index query may not name what the index does not hold (a scan may, and finds nothing). */
function checkIndexHolds(
  { table, schema }: Source,
  what: "filter" | "projection",
  names: readonly string[],
  scope: Scope,
): void {
  if (!("projection" in schema) || schema.projection === "ALL") return;
  const { name } = schema as { name?: string };
  const keys = keyAttributes(schema).map((attribute) => attribute.name);
  const held = new Set([...keys, ...table.keyNames]);
  const missing = [...new Set(names)].filter((wanted) => !held.has(wanted)).join(", ");
  if (missing === "") return;
  scope.faults.attempt(() =>
    invalid(
      what === "filter"
        ? `One or more parameter values were invalid: Secondary index ${name} does not project one or more filter attributes: [${missing}]`
        : `One or more parameter values were invalid: Global secondary index ${name} does not project [${missing}]`,
    ),
  );
}

/** A position to continue from must lie within what the query asks for. */
function checkStart(schema: KeySchema, parts: readonly KeyPart[], start: Item): void {
  for (const { name, test } of parts) {
    if (test(start[name]!)) continue;
    invalid(
      !schema.sort
        ? "The provided starting key is outside query boundaries based on provided conditions"
        : "The provided starting key does not match the range key predicate",
    );
  }
}

function bindKeyCondition(scope: Scope, input: ReadInput): KeyPart[] {
  const kind = "KeyConditionExpression";
  const tree = parseCondition(input.KeyConditionExpression ?? "", kind);
  bindCondition(scope, kind, tree);
  return keyParts(scope, tree);
}

/** Query: one partition, in the order of its sort key. */
export function query(engine: Engine, input: ReadInput): Output {
  const source = sourceOf(engine, input);
  const scope = scopeOf(input, undefined);
  const { faults } = scope;
  if (input.IndexName !== undefined && input.ConsistentRead) {
    faults.attempt(() => invalid("Consistent reads are not supported on global secondary indexes"));
  }
  const paths = faults.attempt(() => bindPaths(scope, input, source, true));
  const passes = faults.attempt(() => filterOf(scope, input, source, true));
  const parts = faults.attempt(() => bindKeyCondition(scope, input)) ?? [];
  scope.checkAllUsed();
  const isChosen = faults.attempt(() => keyTest(source.schema, parts));
  const start = faults.attempt(() => startKey(source, input));
  faults.raise();
  if (start) checkStart(source.schema, parts, start);
  const order = rowOrder(source.schema, source.table.definition);
  const direction = input.ScanIndexForward === false ? -1 : 1;
  const ordered = source.rows
    .filter((row) => isChosen!(row) && (!start || direction * order(row, start) > 0))
    .toSorted((left, right) => direction * order(left, right));
  // In a table, unlike in an index, no other row can have the last key that the condition allows.
  const sort = source.schema.sort?.name;
  const range = parts.find(({ name }) => name === sort);
  const end = direction === 1 ? range?.high : range?.low;
  const isTable = source.schema === source.table.definition;
  const isLast = (row: Item): boolean =>
    isTable && (!sort || (end !== undefined && row[sort] === end));
  if (start && sort && isLast(start)) {
    invalid("The provided starting key does not match the range key predicate");
  }
  return page(source, input, ordered, passes!, paths, isLast);
}

/** A fixed shuffle of keys, as DynamoDB's hashing of partition keys is one. */
function scanOrder(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01_00_01_93);
  }
  return hash >>> 0;
}

/** Scan: everything, in an order that means nothing. */
export function scan(engine: Engine, input: ReadInput): Output {
  const source = sourceOf(engine, input);
  const hasExpression =
    input.FilterExpression !== undefined || input.ProjectionExpression !== undefined;
  const scope = scopeOf(input, hasExpression ? undefined : "FilterExpression is null");
  const { faults } = scope;
  const paths = faults.attempt(() => bindPaths(scope, input, source, false));
  const passes = faults.attempt(() => filterOf(scope, input, source, false));
  if (hasExpression) scope.checkAllUsed();
  const start = faults.attempt(() => startKey(source, input));
  faults.raise();
  const place = (row: Item): [number, string] => {
    const text = keyText(source.table.definition, row);
    return [scanOrder(text), text];
  };
  const isBehind = (left: readonly [number, string], right: readonly [number, string]): number =>
    left[0] - right[0] || (left[1] < right[1] ? -1 : Number(left[1] > right[1]));
  const startPlace = start ? place(start) : undefined;
  const ordered = source.rows
    .map((row) => ({ row, at: place(row) }))
    .filter(({ at }) => !startPlace || isBehind(at, startPlace) > 0)
    .toSorted((left, right) => isBehind(left.at, right.at))
    .map(({ row }) => row);
  return page(source, input, ordered, passes!, paths);
}
