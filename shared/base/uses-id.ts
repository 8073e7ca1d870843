/**
 * How the rows are called that count the uses of promotions. They stand among the stock of items and are held,
 * sold and released like it; a control character, which no item's name can have, keeps the two apart.
 */

const prefix = "uses\u001f";

/** The row of a promotion's uses, under a number that tells it from an earlier promotion of the same code. */
export function makeUsesId(code: string, number: number): string {
  return `${prefix}${code}/${number}`;
}

/** The row of what one shopper has used of it. */
export function makeShopperUsesId(usesId: string, userId: string): string {
  return `${usesId}/${userId}`;
}

/** Whether a row of the stock table counts uses, of all or of one shopper. */
export function isUsesId(itemId: string): boolean {
  return itemId.startsWith(prefix);
}

/** How the audit trail calls such a row: `CODE/number`, with the shopper behind where it is one's own. */
export function parseUsesName(usesId: string): string {
  return usesId.slice(prefix.length);
}
