/** Which items in a cart the shop does not sell, for its readers: looked up, or remembered for a moment. */
import { type Clock, type EpochMs, later } from "../../base/time.ts";
import { isForSale, type SaleWindow } from "../../inventory/stock.ts";
import { parseStock, stockRow } from "../../inventory/stock-store.ts";
import type { Database } from "../../table/database.ts";
import type { Cart } from "../model/cart.ts";

/** Why an item in a cart cannot be ordered; an order would be refused by the same word. */
export const unavailableReasons = ["not_for_sale", "not_found"] as const;

/** What a cart's readers are told of its items. */
export interface SaleShown {
  /** By item; what is for sale is not named. */
  readonly unavailable: ReadonlyMap<string, (typeof unavailableReasons)[number]>;
  /** Time or the shop may change it while the cart stays as it is. */
  readonly mayChange: boolean;
}

/** For so long the answers to edits tell what was seen last; whoever reads a cart is told what is. */
const rememberedMs = 10_000;
/** So many items are remembered at once; then all are forgotten. */
const mostRemembered = 1_000;

interface Seen {
  readonly window: SaleWindow | undefined;
  readonly atMs: EpochMs;
}

function listItemIds({ instances }: Cart): string[] {
  const lines = [...instances.values()].flatMap((instance) => instance.lines);
  return [...new Set(lines.map(({ itemId }) => itemId))];
}

function findReason(window: SaleWindow | undefined, nowMs: EpochMs) {
  if (!window) return "not_found";
  return isForSale(window, nowMs) ? undefined : "not_for_sale";
}

function isBound(window: SaleWindow | undefined): boolean {
  const { archivedAtMs, saleStartsAtMs, saleEndsAtMs } = window ?? { archivedAtMs: 0 };
  return [archivedAtMs, saleStartsAtMs, saleEndsAtMs].some((instant) => instant !== undefined);
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
    for (const itemId of itemIds) remembered.set(itemId, { window: found.get(itemId), atMs });
  }

  return {
    /**
     * What the shop does not sell of what is in a cart. With `anew` as it is or was a moment ago: one request for
     * up to 100 items, half a read unit each; otherwise as this process has seen it last, at no request.
     *
     * @example const { unavailable } = await carts.lookAtSale(cart, { anew: true });
     */
    async lookAtSale(cart: Cart, { anew = false } = {}): Promise<SaleShown> {
      const itemIds = listItemIds(cart);
      if (anew) await look(itemIds);
      const known = itemIds.flatMap((itemId) => {
        const seen = remembered.get(itemId);
        return seen && isFresh(seen) ? [[itemId, seen.window] as const] : [];
      });
      const unavailable = known.flatMap(([itemId, window]) => {
        const reason = findReason(window, clock());
        return reason ? [[itemId, reason] as const] : [];
      });
      const mayChange = known.some(([, window]) => isBound(window));
      return { unavailable: new Map(unavailable), mayChange };
    },
  };
}
