/** One simulated table: its items, its indexes with their lag, and what its stream would carry. */
import { invalid } from "./errors.ts";
import { compareValues, type Item, sizeOfItem, typeOf, type Value } from "./values.ts";

export interface KeyAttribute {
  readonly name: string;
  readonly type: "S" | "N";
}

export interface KeySchema {
  readonly partition: KeyAttribute;
  readonly sort?: KeyAttribute;
}

export interface IndexDefinition extends KeySchema {
  readonly name: string;
  readonly projection: "ALL" | "KEYS_ONLY";
}

export interface TableDefinition extends KeySchema {
  readonly name: string;
  readonly indexes?: readonly IndexDefinition[];
  readonly ttlAttribute?: string;
  /** Whether the table has a stream of new and old images. */
  readonly hasStream?: boolean;
}

/** One change of one item, as the stream tells it. */
export interface ChangeRecord {
  readonly table: string;
  readonly key: Item;
  readonly oldImage: Item | undefined;
  readonly newImage: Item | undefined;
  readonly sequence: number;
  readonly atMs: number;
  /** TTL deletions carry DynamoDB's own identity; all other changes carry none. */
  readonly isTtlDeletion: boolean;
}

/** DynamoDB's limit for one item, in bytes. */
const maxItemBytes = 400 * 1024;

/** The attributes of a key schema, partition first. */
export function keyAttributes(schema: KeySchema): readonly KeyAttribute[] {
  return schema.sort ? [schema.partition, schema.sort] : [schema.partition];
}

/** A key as text, equal for equal keys only. */
export function keyText(schema: KeySchema, item: Item): string {
  const partition = String(item[schema.partition.name]);
  return schema.sort ? `${partition}\u0000${String(item[schema.sort.name])}` : partition;
}

function checkKeyValue({ type }: KeyAttribute, value: Value): void {
  const given = typeOf(value);
  if (!["S", "N", "B"].includes(given)) invalid("Invalid attribute value type");
  if (given !== type) {
    invalid("One or more parameter values were invalid: Type mismatch for key");
  }
}

/** An index: what a query on it sees, which may be older than the table. */
class IndexView {
  readonly definition: IndexDefinition;
  readonly #attributes: readonly string[];
  readonly #rows = new Map<string, Item>();
  /** When the last change of each item arrives, of those that have not: a scan of all would take a crowd for ever. */
  readonly #lastArrivalMs = new Map<string, number>();
  readonly #arriving: { readonly key: string; readonly row: Item | undefined; atMs: number }[] = [];

  constructor(definition: IndexDefinition, tableKeys: readonly string[]) {
    this.definition = definition;
    this.#attributes = [...keyAttributes(definition).map(({ name }) => name), ...tableKeys];
  }

  /** Sparse: an item without the index's key attributes has no row. */
  rowOf(item: Item | undefined): Item | undefined {
    if (!item || keyAttributes(this.definition).some(({ name }) => item[name] === undefined)) {
      return undefined;
    }
    if (this.definition.projection === "ALL") return item;
    return Object.fromEntries(this.#attributes.map((name) => [name, item[name]!]));
  }

  checkKeys(item: Item): void {
    for (const { name, type } of keyAttributes(this.definition)) {
      const value = item[name];
      if (value === undefined) continue;
      const given = typeOf(value);
      if (!["S", "N", "B"].includes(given)) invalid("Invalid attribute value type");
      if (given !== type) {
        invalid("One or more parameter values were invalid: Type mismatch for Index Key");
      }
      if (value === "") {
        invalid(
          `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: ${this.definition.name}, IndexKey: ${name}`,
        );
      }
    }
  }

  /** Rows of one item never overtake each other; those of different items may. */
  change(key: string, item: Item | undefined, atMs: number): void {
    const arrivesAtMs = Math.max(this.#lastArrivalMs.get(key) ?? 0, atMs);
    this.#lastArrivalMs.set(key, arrivesAtMs);
    this.#arriving.push({ key, row: this.rowOf(item), atMs: arrivesAtMs });
  }

  rows(nowMs: number): Iterable<Item> {
    if (this.#arriving.length > 0) {
      const waiting = this.#arriving.splice(0);
      this.#lastArrivalMs.clear();
      for (const change of waiting) {
        if (change.atMs > nowMs) {
          this.#arriving.push(change);
          this.#lastArrivalMs.set(change.key, change.atMs);
        } else if (change.row) this.#rows.set(change.key, change.row);
        else this.#rows.delete(change.key);
      }
    }
    return this.#rows.values();
  }
}

/** The items of one table. */
export class SimulatedTable {
  readonly definition: TableDefinition;
  readonly keyNames: readonly string[];
  readonly #items = new Map<string, Item>();
  readonly #indexes: ReadonlyMap<string, IndexView>;

  constructor(definition: TableDefinition) {
    this.definition = definition;
    this.keyNames = keyAttributes(definition).map(({ name }) => name);
    this.#indexes = new Map(
      (definition.indexes ?? []).map((index) => [index.name, new IndexView(index, this.keyNames)]),
    );
  }

  get(key: Item): Item | undefined {
    return this.#items.get(keyText(this.definition, key));
  }

  /** Everything in the table, for checks and for tests. */
  items(): Item[] {
    return [...this.#items.values()];
  }

  index(name: string): IndexDefinition | undefined {
    return this.#indexes.get(name)?.definition;
  }

  rowsOfIndex(name: string, nowMs: number): Item[] {
    return [...this.#indexes.get(name)!.rows(nowMs)];
  }

  keyOf(item: Item): Item {
    return Object.fromEntries(this.keyNames.map((name) => [name, item[name]!]));
  }

  /** Checks a `Key` parameter: exactly the key's attributes, of its types. */
  checkKeyCount(key: Item): void {
    const names = Object.keys(key);
    if (names.length !== this.keyNames.length) {
      invalid("The number of conditions on the keys is invalid");
    }
    this.checkKeyIsThere(key);
  }

  checkKeyIsThere(item: Item): void {
    if (this.keyNames.some((name) => !Object.hasOwn(item, name))) {
      invalid("One of the required keys was not given a value");
    }
  }

  checkKeyTexts(key: Item): void {
    for (const name of this.keyNames.filter((part) => key[part] === "")) {
      invalid(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
      );
    }
  }

  checkKeyValues(key: Item): void {
    this.checkKeyTexts(key);
    for (const attribute of keyAttributes(this.definition)) {
      const value = key[attribute.name];
      if (value === undefined) invalid("One of the required keys was not given a value");
      checkKeyValue(attribute, value);
    }
  }

  /** What an update may not leave in a key of an index. */
  checkIndexTexts(item: Item): void {
    const names = [...this.#indexes.values()].flatMap(({ definition }) =>
      keyAttributes(definition).map(({ name }) => name),
    );
    if (names.every((name) => item[name] !== "")) return;
    invalid(
      "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.",
    );
  }

  checkIndexKeys(item: Item): void {
    for (const index of this.#indexes.values()) index.checkKeys(item);
  }

  checkSize(item: Item): void {
    if (sizeOfItem(item) > maxItemBytes) {
      invalid("Item size has exceeded the maximum allowed size");
    }
  }

  /** Puts, replaces or (with undefined) deletes; `indexedAtMs` tells when the indexes show it. */
  write(key: Item, item: Item | undefined, indexedAtMs: () => number): void {
    const text = keyText(this.definition, key);
    if (item) this.#items.set(text, item);
    else this.#items.delete(text);
    for (const index of this.#indexes.values()) index.change(text, item, indexedAtMs());
  }

  /** Index rows that the change from one image to the other touches, for its cost. */
  indexWrites(oldItem: Item | undefined, newItem: Item | undefined): number {
    let count = 0;
    for (const index of this.#indexes.values()) {
      const [old, next] = [index.rowOf(oldItem), index.rowOf(newItem)];
      if (!old && !next) continue;
      if (!old || !next) count += 1;
      else if (this.#keyMoved(index.definition, old, next)) count += 2;
      else if (index.definition.projection === "ALL") count += 1;
    }
    return count;
  }

  #keyMoved(index: IndexDefinition, old: Item, next: Item): boolean {
    return keyAttributes(index).some(({ name }) => old[name] !== next[name]);
  }
}

/** The order of rows within a partition: by sort key, ties by the table's own key. */
export function rowOrder(schema: KeySchema, table: TableDefinition) {
  return (left: Item, right: Item): number => {
    const name = schema.sort?.name;
    const bySort = name ? compareValues(left[name]!, right[name]!) : 0;
    if (bySort !== 0 || schema === table) return bySort;
    return compareValues(keyText(table, left), keyText(table, right));
  };
}
