/** The caller's own catalogue: what is sold, at which price, and how many there are at first. */
import { ItemExists } from "../shared/inventory/stock.ts";
import type { Catalogue } from "../shared/orders/catalogue.ts";
import { TransactionRefused } from "../shared/table/transaction.ts";
import { catalogueFields } from "./order-fields.ts";
import type { OrderParts } from "./order-parts.ts";
import { parseAs } from "./parse-as.ts";

/** An item as your catalogue has it now. */
export interface CatalogueEntry {
  readonly itemId: string;
  readonly name: string;
  readonly price: { readonly amountMinor: number; readonly currency: string };
  /** `item` by default. */
  readonly kind?: string;
  readonly vendorId?: string | null;
  /**
   * How many there are when it is ordered for the first time. Later it changes nothing: `adjust` of `holdfast/holds` does. Without
   * it an item that nobody has defined is `not_found`.
   */
  readonly units?: number;
}

/** Says what these items are called and cost; what it leaves out cannot be ordered. */
export type ItemSource = (
  itemIds: readonly string[],
) => readonly CatalogueEntry[] | Promise<readonly CatalogueEntry[]>;

/** Its first units come in one transaction with the ledger's entry, which is refused as a whole. */
function isThere(error: unknown): boolean {
  const errors =
    error instanceof TransactionRefused ? error.refusals.map((each) => each.error) : [error];
  return errors.some((each) => each instanceof ItemExists);
}

/** Makes a catalogue of what its owner answers, checked each time. */
export function makeCatalogue({ inventory }: OrderParts, items: ItemSource): Catalogue {
  return {
    find: async (itemIds) => parseAs(catalogueFields, await items(itemIds)),
    async define({ units: quantity, vendorId, ...item }) {
      const about = { ...item, quantity, holdPolicy: "counted" as const };
      try {
        await inventory.create(vendorId === null ? about : { ...about, vendorId }, {
          id: "orders",
        });
      } catch (error) {
        if (!isThere(error)) throw error;
      }
    },
  };
}
