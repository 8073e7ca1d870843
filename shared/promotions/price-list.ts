/** What decides on prices besides items and conditions: the automatic promotions, and codes as they are now. */
import type { Row } from "../table/write.ts";
import type { Promotion } from "./promotion.ts";

/** The shop's automatic promotions as they were at one instant. */
export interface PriceList {
  /** Those that are active, whether their time has come or not; at most 20. */
  readonly automatic: readonly Promotion[];
  /** Grows with every change of the list; 0 while there never was one. */
  readonly revision: number;
  /** Promotions as they are now, where somebody has looked; a cart remembers codes as they were entered. */
  readonly codes?: ReadonlyMap<string, Promotion | undefined>;
}

/** A shop without promotions. */
export const noPromotions: PriceList = { automatic: [], revision: 0 };

/** The list as it is stored: one row, read together with whatever is priced by it. */
export interface PriceListRow {
  readonly code: string;
  readonly automatic: Readonly<Record<string, Promotion>>;
  readonly revision: number;
}

/** A stored row as a list. */
export function parsePriceList(row: Row | undefined): PriceList {
  if (!row) return noPromotions;
  const { automatic, revision } = row as unknown as PriceListRow;
  return { automatic: Object.values(automatic), revision };
}
