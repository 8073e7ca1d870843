/** Items of a cart as the old storage had them: by id, with decimals in their prices, gone when nobody puts them for too long. */
import { findIsoDecimals } from "../../shared/base/currency.ts";
import { InvalidRequest } from "../../shared/base/errors.ts";
import { systemClock } from "../../shared/base/time.ts";
import type { KeptItem } from "../carts.ts";

/** An item as it is put and got, its price in units of the currency: 4.5. */
export interface StoredItem {
  readonly name: string;
  readonly price: number;
  readonly quantity: number;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** Items by their ids. */
export type StoredItems = Readonly<Record<string, StoredItem>>;

/** Makes numbers with decimals into minor units and back; nothing is rounded. */
function createPrices(currency: string) {
  const factor = 10 ** findIsoDecimals(currency);
  return {
    toPrice(price: number) {
      const amountMinor = Math.round(price * factor);
      if (amountMinor / factor !== price) {
        const message = `has more decimals than ${currency}`;
        throw new InvalidRequest([{ path: "price", message }]);
      }
      return { amountMinor, currency };
    },
    fromMinor: (amountMinor: number): number => amountMinor / factor,
  };
}

/** Makes the translations; `ttlMs` is how long items last that nobody puts again. */
export function createStoredItems(currency: string, ttlMs: number) {
  const { toPrice, fromMinor } = createPrices(currency);

  /** As a cache drops what nobody has put for so long. */
  function listLiving(items: readonly KeptItem[]): readonly KeptItem[] {
    const lastMs = Math.max(...items.map(({ addedAtMs }) => addedAtMs));
    return lastMs + ttlMs > systemClock() ? items : [];
  }

  return {
    fromMinor,
    listLiving,

    /** As they are kept. */
    toItems: (items: StoredItems) =>
      Object.entries(items).map(([itemId, { price, ...rest }]) => {
        return { itemId, ...rest, price: toPrice(price) };
      }),

    /** As they are handed out. */
    toStored: (items: readonly KeptItem[]): StoredItems =>
      Object.fromEntries(
        listLiving(items).map(({ itemId, name, price, quantity, attributes }) => [
          itemId,
          {
            name,
            price: fromMinor(price.amountMinor),
            quantity,
            ...(attributes && { attributes }),
          },
        ]),
      ),
  };
}
