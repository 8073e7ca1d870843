/** Who has used how much of which table, index and partition, and what is left there. */
import type { Attributes, ContendedTable, KeyNames, Touch } from "./footprint.ts";
import type { ContentionSettings } from "./settings.ts";
import { TableCapacity } from "./table-capacity.ts";

/** An item as it stood at some instant. */
export interface Image {
  readonly bytes: number;
  readonly attributes: Attributes;
}

/** One item of a request with all that its rules look at. */
export interface Seen {
  readonly touch: Touch;
  readonly name: string;
  readonly partitionKey: string;
  readonly before: Image | undefined;
}

/** Units charged so far, those of refused attempts included. */
export interface UnitCounts {
  writeUnits: number;
  readUnits: number;
}

/** How a read is charged: twice in a transaction, half where it need not be consistent. */
export interface ReadKind {
  readonly isConsistent: boolean;
  readonly times: number;
}

const blocks = (bytes: number, each: number): number => Math.max(1, Math.ceil(bytes / each));

interface IndexEntry {
  readonly partitionKey: string;
  /** Equal for entries at the same place of the index. */
  readonly place: string;
}

/** Sparse: an item without the index's key attributes has no entry. */
function makeEntry(
  item: Attributes | undefined,
  { partition, sort }: KeyNames,
): IndexEntry | undefined {
  const partitionKey = item?.[partition];
  const sortKey = sort === undefined ? "" : item?.[sort];
  if (partitionKey === undefined || sortKey === undefined) return undefined;
  const text = String(partitionKey);
  return { partitionKey: text, place: `${text}\u0000${String(sortKey)}` };
}

/**
 * The capacities of all tables and indexes, and what was charged to them.
 *
 * A write costs a unit for each kilobyte of the larger of old and new item, a consistent read one for each 4 KB
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html), an index entry
 * one for each write of it. In a transaction all of that counts twice, as `ConsumedCapacity` tells it; the capacity of an
 * index is used once, since its entries are written behind the table's back.
 */
export class Charges {
  readonly counts: UnitCounts = { writeUnits: 0, readUnits: 0 };
  readonly #settings: ContentionSettings;
  readonly #capacities = new Map<string, TableCapacity>();

  constructor(settings: ContentionSettings) {
    this.#settings = settings;
  }

  /** What a table, or one of its indexes, has to give. */
  capacity(table: ContendedTable, index: string | undefined, nowMs: number): TableCapacity {
    const name = index === undefined ? table.name : `${table.name}/${index}`;
    const known = this.#capacities.get(name);
    if (known) return known;
    const capacity = new TableCapacity(this.#settings, nowMs);
    this.#capacities.set(name, capacity);
    return capacity;
  }

  /**
   * Index entries are written behind the table's back; when an index cannot keep up, the writes to its table
   * that it would have to follow are throttled
   * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html).
   * Known beforehand are the entries of the item as it stands and those of a put.
   */
  isIndexBehind({ touch, before }: Seen, nowMs: number): boolean {
    if (touch.deed === "check") return false;
    return touch.table.indexes.some((index) => {
      const keys = [before?.attributes[index.partition], touch.item?.[index.partition]];
      const capacity = this.capacity(touch.table, index.name, nowMs);
      return keys.some((key) => key !== undefined && capacity.isBehind(String(key), nowMs));
    });
  }

  write(
    { touch, partitionKey, before }: Seen,
    after: Image | undefined,
    times: number,
    nowMs: number,
  ) {
    const units = times * blocks(Math.max(before?.bytes ?? 0, after?.bytes ?? 0), 1_024);
    this.attempt({ touch, partitionKey }, units, nowMs);
  }

  /** Write units that do not depend on the item. */
  attempt(
    { touch, partitionKey }: Pick<Seen, "touch" | "partitionKey">,
    units: number,
    nowMs: number,
  ) {
    this.counts.writeUnits += units;
    this.capacity(touch.table, undefined, nowMs).take("write", partitionKey, units, nowMs);
  }

  read({ touch, partitionKey }: Seen, image: Image | undefined, kind: ReadKind, nowMs: number) {
    const units = (kind.times * blocks(image?.bytes ?? 0, 4_096)) / (kind.isConsistent ? 1 : 2);
    this.counts.readUnits += units;
    this.capacity(touch.table, undefined, nowMs).take("read", partitionKey, units, nowMs);
  }

  /** An index is written once for each entry that comes, goes or changes. */
  indexes({ touch, before }: Seen, after: Image | undefined, times: number, nowMs: number) {
    for (const index of touch.table.indexes) {
      const [old, next] = [before, after].map((image) => makeEntry(image?.attributes, index));
      const isSame = old?.place === next?.place;
      for (const entry of isSame ? [index.holdsAll ? next : undefined] : [old, next]) {
        if (!entry) continue;
        this.counts.writeUnits += times;
        this.capacity(touch.table, index.name, nowMs).take("write", entry.partitionKey, 1, nowMs);
      }
    }
  }
}
