/** What a refused write costs: its answer tells no consumed capacity, but AWS bills it all the same. */
import type { Failure } from "./failures.ts";
import type { Row } from "./write.ts";

/** A write's request in the document client's values, as far as it says what is written. */
interface WriteInput {
  readonly Item?: Row;
  readonly TransactItems?: readonly Readonly<Record<string, { readonly Item?: Row }>>[];
}

const textBytes = (text: string): number => Buffer.byteLength(text);

/** Bytes of a value (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html). */
function valueBytes(value: unknown): number {
  if (typeof value === "string") return textBytes(value);
  if (typeof value === "number") return 1 + Math.ceil(String(value).length / 2);
  if (Array.isArray(value))
    return value.reduce<number>((sum, each) => sum + 1 + valueBytes(each), 3);
  if (typeof value !== "object" || value === null) return value === undefined ? 0 : 1;
  return 3 + Object.keys(value).length + itemBytes(value as Row);
}

function itemBytes(item: Row): number {
  const bytes = Object.entries(item).map(([name, value]) => textBytes(name) + valueBytes(value));
  return bytes.reduce((sum, each) => sum + each, 0);
}

/** A unit for each kilobyte of the larger of the two, and one where there is neither. */
function countUnits(...items: readonly (Row | undefined)[]): number {
  const bytes = items.map((item) => (item ? itemBytes(item) : 0));
  return Math.max(1, Math.ceil(Math.max(...bytes) / 1_024));
}

/**
 * Write units of a request whose condition failed: those of the items that are there, or of what should have
 * replaced them. In a transaction every item has been prepared, and none was committed; of one whose own condition
 * held the size is not known, and counts as one unit, which rows of ours seldom exceed.
 *
 * Source: "Conditional writes" and "Transactions" of the developer guide's pages on consumed capacity.
 */
export function refusedUnits(
  input: object,
  { found }: Pick<Extract<Failure, { kind: "refused" }>, "found">,
): number {
  const { Item, TransactItems = [{ single: Item ? { Item } : {} }] } = input as WriteInput;
  const units = TransactItems.map((part, index) => {
    const [action] = Object.values(part);
    return countUnits(action?.Item, found.get(index));
  });
  return units.reduce((sum, each) => sum + each, 0);
}
