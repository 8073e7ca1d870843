/**
 * How the rows are called that hold the lines for items. They stand among locks, whose lines they are like, and
 * nobody ever has them: no document, cart or name has a lock of such a name.
 */

const prefix = "item:";

/** The row of an item's line. */
export const lineResource = (itemId: string): string => `${prefix}${itemId}`;

/** Whether a row of the table of locks is the line for an item, and no lock. */
export function isItemLine({ resource }: Readonly<Record<string, unknown>>): boolean {
  return typeof resource === "string" && resource.startsWith(prefix);
}
