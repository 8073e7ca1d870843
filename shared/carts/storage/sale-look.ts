/** What a cart's readers are told of its items: what the shop sells, looked up or remembered, and at which prices. */
import { type Clock, type EpochMs, later } from "../../base/time.ts";
import { isForSale, type Price, type SaleWindow, type Stock } from "../../inventory/stock.ts";
import { parseStock, stockRow } from "../../inventory/stock-store.ts";
import type { Database } from "../../table/database.ts";
import type { Cart } from "../model/cart.ts";
import { listLines } from "../model/cart-limits.ts";

/** Why an item in a cart cannot be ordered; an order would be refused by the same word. */
export const unavailableReasons = ["not_for_sale", "not_found"] as const;

/** What a cart's readers are told of its items. */
export interface SaleShown {
  /** By item; what is for sale is not named. */
  readonly unavailable: ReadonlyMap<string, (typeof unavailableReasons)[number]>;
  /** What the shop asks by now, by item; only of what was looked up for this reader. */
  readonly unitPrices: ReadonlyMap<string, Price>;
  /** Time or the shop may change it while the cart stays as it is. */
  readonly mayChange: boolean;
}

/** For so long the answers to edits tell what was seen last; whoever reads a cart is told what is. */
const rememberedMs = 10_000;
/** So many items are remembered at once; then all are forgotten. */
const mostRemembered = 1_000;

interface Seen {
  readonly stock: Stock | undefined;
  readonly atMs: EpochMs;
}

function listItemIds({ instances }: Cart): string[] {
  return [...new Set(listLines(instances.values()).map(({ itemId }) => itemId))];
}

function findReason(window: SaleWindow | undefined, nowMs: EpochMs) {
  if (!window) return "not_found";
  return isForSale(window, nowMs) ? undefined : "not_for_sale";
}

/** What the shop has changed once was shown otherwise before, and may have been changed back since. */
function mayDiffer(stock: Stock | undefined): boolean {
  if (!stock) return true;
  const { archivedAtMs, saleStartsAtMs, saleEndsAtMs, factsRevision } = stock;
  const bounds = [archivedAtMs, saleStartsAtMs, saleEndsAtMs, factsRevision];
  return bounds.some((bound) => bound !== undefined);
}

/** Makes it, with a memory of its own. */
export function createSaleLook({ database, clock }: { database: Database; clock: Clock }) {
  const remembered = new Map<string, Seen>();

  function isFresh(seen: Seen | undefined): boolean {
    return seen !== undefined && clock() < later(seen.atMs, rememberedMs);
  }

  async function look(itemIds: readonly string[]): Promise<void> {
    const keys = itemIds.map((itemId) => stockRow(itemId).key);
    const rows = keys.length > 0 ? await database.lookAtMany("Stock", keys) : [];
    const found = new Map(rows.map((row) => [parseStock(row).itemId, parseStock(row)]));
    if (remembered.size + itemIds.length > mostRemembered) remembered.clear();
    const atMs = clock();
    for (const itemId of itemIds) remembered.set(itemId, { stock: found.get(itemId), atMs });
  }

  return {
    /**
     * What the shop does not sell of what is in a cart. With `anew` as it is or was a moment ago, and with unit
     * prices: one request for up to 100 items, half a read unit each; otherwise as this process has seen it last, at no
     * request and without prices, which may be older than those of a line that was just put there.
     *
     * @example const { unavailable } = await carts.lookAtSale(cart, { anew: true });
     */
    async lookAtSale(cart: Cart, { anew = false } = {}): Promise<SaleShown> {
      const itemIds = listItemIds(cart);
      if (anew) await look(itemIds);
      const known = itemIds.flatMap((itemId) => {
        const seen = remembered.get(itemId);
        return seen && isFresh(seen) ? [[itemId, seen.stock] as const] : [];
      });
      const unavailable = known.flatMap(([itemId, stock]) => {
        const reason = findReason(stock, clock());
        return reason ? [[itemId, reason] as const] : [];
      });
      const prices = (anew ? known : []).flatMap(([itemId, stock]) =>
        stock ? [[itemId, stock] as const] : [],
      );
      const mayChange = known.some(([, stock]) => mayDiffer(stock));
      return { unavailable: new Map(unavailable), unitPrices: new Map(prices), mayChange };
    },
  };
}
