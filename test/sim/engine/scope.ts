/** What the placeholders of one request stand for, and the checks made before any item is looked at. */
import { Faults, invalid } from "./errors.ts";
import type {
  CallNode,
  Condition,
  ExpressionKind,
  Operand,
  PathNode,
  UpdateTree,
  ValueNode,
} from "./expression-parser.ts";
import { compareValues, type TypeName, typeOf, type Value } from "./values.ts";

/** A document path with its placeholders replaced. */
export type Path = readonly (string | number)[];

const typeWords: Record<TypeName, string> = {
  S: "STRING",
  N: "NUMBER",
  B: "BINARY",
  BOOL: "BOOLEAN",
  NULL: "NULL",
  SS: "STRING_SET",
  NS: "NUMBER_SET",
  L: "LIST",
  M: "MAP",
};

const orderedTypes = new Set<TypeName>(["S", "N", "B"]);
const addableTypes = new Set<TypeName>(["N", "SS", "NS"]);
const numberTypes = new Set<TypeName>(["N"]);
const setTypes = new Set<TypeName>(["SS", "NS"]);
const typeNames = new Set(Object.keys(typeWords).concat("BS"));

/** The names and values of one request, resolved for each expression in turn. */
export class Scope {
  readonly faults = new Faults();
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Readonly<Record<string, Value>>;
  readonly #paths = new Map<PathNode, Path>();
  readonly #usedNames = new Set<string>();
  readonly #usedValues = new Set<string>();

  constructor(
    names: Readonly<Record<string, string>> = {},
    values: Readonly<Record<string, Value>> = {},
  ) {
    this.#names = names;
    this.#values = values;
  }

  pathOf(node: PathNode): Path {
    return this.#paths.get(node)!;
  }

  /** Defined for every request that passed its checks. */
  valueOf(node: ValueNode): Value {
    return this.#values[node.placeholder]!;
  }

  /** Throws if a name or value was given that no expression asked for. */
  checkAllUsed(): void {
    this.faults.attempt(() => this.#checkNamesUsed());
    this.faults.attempt(() => this.#checkValuesUsed());
  }

  #checkNamesUsed(): void {
    const idleNames = Object.keys(this.#names).filter((name) => !this.#usedNames.has(name));
    if (idleNames.length > 0) {
      invalid(
        `Value provided in ExpressionAttributeNames unused in expressions: keys: {${idleNames.join(", ")}}`,
      );
    }
  }

  #checkValuesUsed(): void {
    const idleValues = Object.keys(this.#values).filter((name) => !this.#usedValues.has(name));
    if (idleValues.length > 0) {
      invalid(
        `Value provided in ExpressionAttributeValues unused in expressions: keys: {${idleValues.join(", ")}}`,
      );
    }
  }

  bindPath(kind: ExpressionKind, node: PathNode): Path {
    const path = node.segments.map((segment) => {
      if (typeof segment === "number" || !segment.startsWith("#")) return segment;
      const name = this.#names[segment];
      this.#usedNames.add(segment);
      if (name === undefined) {
        this.faults.attempt(() =>
          invalid(
            `Invalid ${kind}: An expression attribute name used in the document path is not defined; attribute name: ${segment}`,
          ),
        );
      }
      return name ?? segment;
    });
    this.#paths.set(node, path);
    return path;
  }

  bindValue(kind: ExpressionKind, node: ValueNode): void {
    this.#usedValues.add(node.placeholder);
    if (this.#values[node.placeholder] !== undefined) return;
    this.faults.attempt(() =>
      invalid(
        `Invalid ${kind}: An expression attribute value used in expression is not defined; attribute value: ${node.placeholder}`,
      ),
    );
  }

  /** The type of an operand as far as it is known without an item. */
  literalType(operand: Operand): TypeName | undefined {
    const value = operand.kind === "value" ? this.valueOf(operand) : undefined;
    return value === undefined ? undefined : typeOf(value);
  }
}

function wrongOperand(kind: ExpressionKind, name: string, type: TypeName): never {
  return invalid(
    `Invalid ${kind}: Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
  );
}

function requireType(
  scope: Scope,
  kind: ExpressionKind,
  name: string,
  operand: Operand,
  allowed: ReadonlySet<TypeName>,
): void {
  const type = scope.literalType(operand);
  if (type && !allowed.has(type)) scope.faults.attempt(() => wrongOperand(kind, name, type));
}

function bindOperand(scope: Scope, kind: ExpressionKind, operand: Operand): void {
  if (operand.kind === "path") scope.bindPath(kind, operand);
  else if (operand.kind === "value") scope.bindValue(kind, operand);
  else bindCall(scope, kind, operand);
}

function expectArguments(kind: ExpressionKind, call: CallNode, count: number): void {
  if (call.args.length !== count) {
    invalid(
      `Invalid ${kind}: Incorrect number of operands for operator or function; operator or function: ${call.name}, number of operands: ${call.args.length}`,
    );
  }
}

function expectPath(kind: ExpressionKind, call: CallNode): void {
  if (call.args[0]!.kind !== "path") {
    invalid(
      `Invalid ${kind}: Operator or function requires a document path; operator or function: ${call.name}`,
    );
  }
}

const stringTypes = new Set<TypeName>(["S"]);
const listTypes = new Set<TypeName>(["L"]);
const prefixTypes = new Set<TypeName>(["S", "B"]);

function bindCall(scope: Scope, kind: ExpressionKind, call: CallNode): void {
  for (const argument of call.args) bindOperand(scope, kind, argument);
  scope.faults.attempt(() => checkCall(scope, kind, call));
}

function checkCall(scope: Scope, kind: ExpressionKind, call: CallNode): void {
  if (
    (kind === "UpdateExpression") !==
    (call.name === "if_not_exists" || call.name === "list_append")
  ) {
    invalid(
      kind === "UpdateExpression"
        ? `Invalid UpdateExpression: The function is not allowed in an update expression; function: ${call.name}`
        : `Invalid ${kind}: The function is not allowed in a condition expression; function: ${call.name}`,
    );
  }
  const isUnary = /^attribute_(not_)?exists$|^size$/.test(call.name);
  expectArguments(kind, call, isUnary ? 1 : 2);
  if (/^attribute_(not_)?exists$|^if_not_exists$/.test(call.name)) expectPath(kind, call);
  if (call.name === "list_append") {
    for (const argument of call.args) requireType(scope, kind, call.name, argument, listTypes);
  }
  if (call.name === "begins_with") {
    for (const argument of call.args) requireType(scope, kind, call.name, argument, prefixTypes);
  }
  if (call.name === "attribute_type") checkTypeName(scope, kind, call);
  if (call.name === "begins_with" || call.name === "contains") {
    scope.faults.attempt(() => checkDistinct(scope, kind, call.name, call.args));
  }
}

function checkTypeName(scope: Scope, kind: ExpressionKind, call: CallNode): void {
  const [, wanted] = call.args;
  requireType(scope, kind, call.name, wanted!, stringTypes);
  const name = wanted!.kind === "value" ? scope.valueOf(wanted!) : "";
  if (typeof name !== "string") return;
  if (wanted!.kind === "value" && !typeNames.has(name)) {
    invalid(
      `Invalid ${kind}: Invalid attribute type name found; type: ${name}, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}`,
    );
  }
}

function textOf(path: Path): string {
  return `[${path.map((part) => (typeof part === "number" ? `[${part}]` : part)).join(", ")}]`;
}

function checkDistinct(
  scope: Scope,
  kind: ExpressionKind,
  name: string,
  [first, ...others]: readonly Operand[],
): void {
  if (first?.kind !== "path") return;
  const firstText = textOf(scope.pathOf(first));
  if (others.some((other) => other.kind === "path" && textOf(scope.pathOf(other)) === firstText)) {
    invalid(
      `Invalid ${kind}: The first operand must be distinct from the remaining operands for this operator or function; operator: ${name}, first operand: ${firstText}`,
    );
  }
}

function checkBounds(
  scope: Scope,
  kind: ExpressionKind,
  [, low, high]: readonly [Operand, Operand, Operand],
): void {
  if (low.kind !== "value" || high.kind !== "value") return;
  const [lowest, highest] = [scope.valueOf(low), scope.valueOf(high)];
  if (lowest === undefined || highest === undefined) return;
  if (typeOf(lowest) !== typeOf(highest)) {
    invalid(
      `Invalid ${kind}: The BETWEEN operator requires same data type for lower and upper bounds;`,
    );
  }
  if (orderedTypes.has(typeOf(lowest)) && compareValues(lowest, highest) > 0) {
    invalid(
      `Invalid ${kind}: The BETWEEN operator requires upper bound to be greater than or equal to lower bound;`,
    );
  }
}

/** Resolves and checks a condition. */
export function bindCondition(scope: Scope, kind: ExpressionKind, node: Condition): void {
  switch (node.kind) {
    case "and":
    case "or":
      bindCondition(scope, kind, node.left);
      bindCondition(scope, kind, node.right);
      return;
    case "not":
      bindCondition(scope, kind, node.inner);
      return;
    case "call":
      bindCall(scope, kind, node);
      return;
    default:
      bindComparison(scope, kind, node);
  }
}

function bindComparison(
  scope: Scope,
  kind: ExpressionKind,
  node: Extract<Condition, { kind: "compare" | "between" | "in" }>,
): void {
  const operands = node.kind === "compare" ? [node.left, node.right] : node.args;
  const name = node.kind === "compare" ? node.op : node.kind.toUpperCase();
  for (const operand of operands) bindOperand(scope, kind, operand);
  const isOrdered =
    node.kind === "between" || (node.kind === "compare" && /[<>]=?$/.test(name) && name !== "<>");
  if (isOrdered) {
    for (const operand of operands) requireType(scope, kind, name, operand, orderedTypes);
  }
  scope.faults.attempt(() => checkDistinct(scope, kind, name, operands));
  if (node.kind === "between") scope.faults.attempt(() => checkBounds(scope, kind, node.args));
}

/** Resolves and checks an update. */
export function bindUpdate(scope: Scope, tree: UpdateTree): void {
  const kind = "UpdateExpression";
  for (const { left, right } of tree.set) {
    bindOperand(scope, kind, left);
    if (right) bindOperand(scope, kind, right);
  }
  const values = [...tree.add, ...tree.delete];
  for (const { value } of values) scope.bindValue(kind, value);
  const targets = [...tree.set, ...values].map(({ path }) => path).concat(tree.remove);
  const paths = targets.map((path) => scope.bindPath(kind, path));
  scope.faults.attempt(() => checkOverlap(kind, paths));
  checkUpdateOperands(scope, tree);
}

function checkUpdateOperands(scope: Scope, tree: UpdateTree): void {
  for (const { left, right, sign } of tree.set) {
    for (const operand of right && sign ? [left, right] : []) {
      requireType(scope, "UpdateExpression", sign!, operand, numberTypes);
    }
  }
  for (const word of ["add", "delete"] as const) {
    for (const { value } of tree[word]) {
      const type = scope.literalType(value);
      if (!type || (word === "add" ? addableTypes : setTypes).has(type)) continue;
      const name = word.toUpperCase();
      scope.faults.attempt(() =>
        invalid(
          `Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ${name}, operand type: ${typeWords[type]}, typeSet: ALLOWED_FOR_${name}_OPERAND`,
        ),
      );
    }
  }
}

/** Resolves and checks a projection. */
export function bindProjection(scope: Scope, nodes: readonly PathNode[]): readonly Path[] {
  const paths = nodes.map((node) => scope.bindPath("ProjectionExpression", node));
  scope.faults.attempt(() => checkOverlap("ProjectionExpression", paths));
  return paths;
}

function checkOverlap(kind: ExpressionKind, paths: readonly Path[]): void {
  for (const [index, path] of paths.entries()) {
    for (const other of paths.slice(0, index)) {
      const shared = Math.min(path.length, other.length);
      const differsAt = path.slice(0, shared).findIndex((part, depth) => part !== other[depth]);
      const rule =
        differsAt === -1
          ? "overlap"
          : typeof path[differsAt] !== typeof other[differsAt]
            ? "conflict"
            : undefined;
      if (rule) {
        invalid(
          `Invalid ${kind}: Two document paths ${rule} with each other; must remove or rewrite one of these paths; path one: ${textOf(other)}, path two: ${textOf(path)}`,
        );
      }
    }
  }
}
