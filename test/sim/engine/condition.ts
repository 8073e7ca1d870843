/** Decides whether a condition holds for an item. */
import type { CallNode, Condition, Operand } from "./expression-parser.ts";
import type { Path, Scope } from "./scope.ts";
import { areEqual, compareValues, isMap, type Item, typeOf, type Value } from "./values.ts";

/** The value at a path, or undefined where there is none. */
export function valueAt(item: Item | undefined, path: Path): Value | undefined {
  let value: Value | undefined = item;
  for (const segment of path) {
    if (typeof segment === "number") value = Array.isArray(value) ? value[segment] : undefined;
    else value = isMap(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}

function operandValue(scope: Scope, item: Item | undefined, operand: Operand): Value | undefined {
  if (operand.kind === "value") return scope.valueOf(operand);
  if (operand.kind === "path") return valueAt(item, scope.pathOf(operand));
  return countOf(operandValue(scope, item, operand.args[0]!));
}

/** What `size()` gives; numbers, booleans and null have none. */
function countOf(value: Value | undefined): number | undefined {
  if (typeof value === "string") return [...value].length;
  if (value === undefined || value === null || typeof value !== "object") return undefined;
  if (value instanceof Set) return value.size;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  return Object.keys(value).length;
}

function isOrderedLike(left: Value, right: Value): boolean {
  const type = typeOf(left);
  return type === typeOf(right) && (type === "S" || type === "N" || type === "B");
}

function compares(op: string, left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return op === "<>";
  if (op === "=") return areEqual(left, right);
  if (op === "<>") return !areEqual(left, right);
  if (!isOrderedLike(left, right)) return false;
  const order = compareValues(left, right);
  if (op === "<") return order < 0;
  if (op === "<=") return order <= 0;
  return op === ">" ? order > 0 : order >= 0;
}

function containsValue(whole: Value | undefined, part: Value | undefined): boolean {
  if (whole === undefined || part === undefined) return false;
  if (typeof whole === "string") return typeof part === "string" && whole.includes(part);
  if (whole instanceof Set) return (whole as Set<unknown>).has(part);
  return Array.isArray(whole) && whole.some((element: Value) => areEqual(element, part));
}

function holdsCall(scope: Scope, item: Item | undefined, call: CallNode): boolean {
  const [first, second] = call.args.map((argument) => operandValue(scope, item, argument));
  switch (call.name) {
    case "attribute_exists":
      return first !== undefined;
    case "attribute_not_exists":
      return first === undefined;
    case "attribute_type":
      return first !== undefined && typeOf(first) === second;
    case "begins_with":
      return typeof first === "string" && typeof second === "string" && first.startsWith(second);
    default:
      return containsValue(first, second);
  }
}

/** Whether the condition holds; the item may be missing. */
export function holds(scope: Scope, item: Item | undefined, node: Condition): boolean {
  switch (node.kind) {
    case "and":
      return holds(scope, item, node.left) && holds(scope, item, node.right);
    case "or":
      return holds(scope, item, node.left) || holds(scope, item, node.right);
    case "not":
      return !holds(scope, item, node.inner);
    case "call":
      return holdsCall(scope, item, node);
    case "compare": {
      const left = operandValue(scope, item, node.left);
      return compares(node.op, left, operandValue(scope, item, node.right));
    }
    case "between": {
      const [value, low, high] = node.args.map((operand) => operandValue(scope, item, operand));
      return compares(">=", value, low) && compares("<=", value, high);
    }
    case "in": {
      const [value, ...choices] = node.args.map((operand) => operandValue(scope, item, operand));
      return choices.some((choice) => compares("=", value, choice));
    }
  }
}
