/** What a process remembers of crowded items, so that a crowd asks the database less; hints, never truths. */
import { type Clock, type EpochMs, epochMs } from "../../base/time.ts";
import { isSpread, type Demand, type FailedItem, type Stock } from "../stock.ts";

/** For so long a hot item's facts go without being read: each row guards price and units by itself. */
const factsLifeMs = 5_000;
/** So many items are remembered of each kind; what was written longest ago is forgotten first. */
const capacity = 1_000;

interface SoldOut {
  readonly available: number;
  readonly untilMs: number;
}

/** What was seen of crowded items lately. */
export interface ItemMemory {
  /** A hot item as its first row was read, not long ago. */
  hot(itemId: string): Stock | undefined;
  /** Takes in what was read; an item that is not hot is forgotten. */
  saw(stock: Stock): void;
  forget(itemId: string): void;
  /** For so long "sold out" is remembered; not at all from 0 down. */
  readonly soldOutMs: number;
  /** Why this demand was refused a moment ago, and would be now. */
  soldOut(demand: Demand): FailedItem | undefined;
  /**
   * Only so many units were there; `nextDeadlineMs` is when the next hold of them ends. Tells until when that is
   * remembered: not at all where that is over.
   */
  sawSoldOut(itemId: string, available: number, nextDeadlineMs: number): EpochMs;
}

function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > capacity && oldest !== undefined) map.delete(oldest);
}

/** Makes an empty memory; "sold out" is remembered for `soldOutMs` at the most. */
export function createItemMemory(clock: Clock, soldOutMs: number): ItemMemory {
  const hot = new Map<string, { readonly stock: Stock; readonly untilMs: number }>();
  const soldOut = new Map<string, SoldOut>();
  return {
    soldOutMs,
    hot(itemId) {
      const known = hot.get(itemId);
      return known && clock() < known.untilMs ? known.stock : undefined;
    },
    saw(stock) {
      if (!isSpread(stock)) hot.delete(stock.itemId);
      else put(hot, stock.itemId, { stock, untilMs: clock() + factsLifeMs });
    },
    forget(itemId) {
      hot.delete(itemId);
    },
    soldOut({ itemId, quantity: requested }) {
      const known = soldOut.get(itemId);
      if (!known || clock() >= known.untilMs || requested <= known.available) return undefined;
      return { itemId, reason: "insufficient_stock", available: known.available, requested };
    },
    sawSoldOut(itemId, available, nextDeadlineMs) {
      const untilMs = epochMs(Math.min(clock() + Math.max(0, soldOutMs), nextDeadlineMs));
      if (untilMs > clock()) put(soldOut, itemId, { available, untilMs });
      return untilMs;
    },
  };
}
