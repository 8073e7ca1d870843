/** DynamoDB's values in the native form of the document client: types, order, equality, size. */

/** A stored value, as lib-dynamodb hands it over. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | ReadonlySet<string | number>
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A stored item; items are never changed in place, so old images can share structure with new ones. */
export type Item = { readonly [name: string]: Value };

/** DynamoDB's letter for the type of a value. */
export type TypeName = "S" | "N" | "B" | "BOOL" | "NULL" | "SS" | "NS" | "L" | "M";

/** The type of a value. */
export function typeOf(value: Value): TypeName {
  switch (typeof value) {
    case "string":
      return "S";
    case "number":
      return "N";
    case "boolean":
      return "BOOL";
    default:
      return typeOfObject(value);
  }
}

function typeOfObject(value: Exclude<Value, string | number | boolean>): TypeName {
  if (value === null) return "NULL";
  if (Array.isArray(value)) return "L";
  if (value instanceof Set) {
    const [first] = value as Set<unknown>;
    return typeof first === "number" ? "NS" : "SS";
  }
  return value instanceof Uint8Array ? "B" : "M";
}

/** True for a map (and for nothing else that JavaScript calls an object). */
export function isMap(value: Value | undefined): value is { readonly [name: string]: Value } {
  return value !== undefined && typeof value === "object" && typeOfObject(value) === "M";
}

/**
 * A copy that shares nothing. On the way in it does what the marshaller does: `undefined` is left
 * out of maps and lists, and what DynamoDB cannot store is refused.
 */
function copyOf(value: unknown): Value {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Error(`Special numeric value ${value} is not allowed`);
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      throw new Error(`Number ${value} is greater than Number.MAX_SAFE_INTEGER. Use NumberValue.`);
    }
    return value === 0 ? 0 : value;
  }
  if (Array.isArray(value)) return value.filter((part) => part !== undefined).map(copyOf);
  if (value instanceof Set) {
    if (value.size === 0) {
      throw new Error("Pass a non-empty set, or options.convertEmptyValues=true.");
    }
    return new Set(value as Set<string>);
  }
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (typeof value === "object" && isPlain(value)) return copyOfMap(value);
  throw new Error(
    `Unsupported type passed: ${String(value)}. Pass options.convertClassInstanceToMap=true to marshall typeof object as map attribute.`,
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A copy of a map or an item that shares nothing with it. */
export function copyOfMap(map: object): Record<string, Value> {
  const copy: Record<string, Value> = {};
  for (const name of Object.keys(map)) {
    const value = (map as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (name === "__proto__") {
      Object.defineProperty(copy, name, {
        value: copyOf(value),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else copy[name] = copyOf(value);
  }
  return copy;
}

/** Less than 0, 0 or more than 0 for two values of one ordered type; strings in UTF-8 order. */
export function compareValues(left: Value, right: Value): number {
  if (typeof left === "number") return left - (right as number);
  if (typeof left === "string") return compareTexts(left, right as string);
  return Buffer.compare(left as Uint8Array, right as Uint8Array);
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  // UTF-16 and UTF-8 order differ only where surrogates meet the characters above them.
  if (/[\ud800-\uffff]/.test(left) && /[\ud800-\uffff]/.test(right)) {
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return left < right ? -1 : 1;
}

/** Equal type and content; sets and maps regardless of order. */
export function areEqual(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return false;
  }
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  if (type === "L") return areListsEqual(left as Value[], right as Value[]);
  if (type === "SS" || type === "NS")
    return areSetsEqual(left as Set<string>, right as Set<string>);
  if (type === "B") return compareValues(left, right) === 0;
  return areMapsEqual(left as Item, right as Item);
}

function areListsEqual(left: readonly Value[], right: readonly Value[]): boolean {
  return left.length === right.length && left.every((part, index) => areEqual(part, right[index]!));
}

function areSetsEqual(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((part) => right.has(part));
}

function areMapsEqual(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && areEqual(left[name]!, right[name]!))
  );
}

/** Bytes that a value counts for in the size of its item. */
function sizeOf(value: Value): number {
  switch (typeOf(value)) {
    case "S":
      return Buffer.byteLength(value as string);
    case "N":
      return 1 + Math.ceil(String(value).replace(/^-?0*|[.]|0+$/g, "").length / 2);
    case "B":
      return (value as Uint8Array).length;
    case "SS":
    case "NS":
      return [...(value as Set<string>)].reduce((sum, part) => sum + sizeOf(part), 0);
    case "L":
      return (value as Value[]).reduce<number>((sum, part) => sum + 1 + sizeOf(part), 3);
    case "M":
      return sizeOfItem(value as Item) + 3 + Object.keys(value as Item).length;
    default:
      return 1;
  }
}

/** Bytes of an item, attribute names included. */
export function sizeOfItem(item: Item): number {
  return Object.keys(item).reduce(
    (sum, name) => sum + Buffer.byteLength(name) + sizeOf(item[name]!),
    0,
  );
}
