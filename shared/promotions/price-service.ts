/** What decides on prices as a reader of a cart has to see it: read anew, or remembered for a moment. */
import { type Clock, type EpochMs, later } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { parsePriceList, type PriceList } from "./price-list.ts";
import type { Promotion } from "./promotion.ts";
import { parsePromotion, priceListPlace, promotionPlace } from "./promotion-store.ts";

/** What the service needs. */
export interface PriceServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/**
 * For so long answers may show prices as this process has seen them last; whoever reads a cart sees its codes as
 * they are now. What an order is charged is checked by its transaction, whatever was shown.
 */
const rememberedMs = 10_000;

/** So many codes are remembered at once; then all are forgotten. */
const mostRemembered = 1_000;

interface Seen<T> {
  readonly value: T;
  readonly atMs: EpochMs;
}

/** Makes the service, with a memory of its own. */
export function createPriceService({ database, clock }: PriceServiceOptions) {
  let list: Seen<PriceList> | undefined;
  const seenCodes = new Map<string, Seen<Promotion | undefined>>();

  function isFresh(seen: Seen<unknown> | undefined): boolean {
    return seen !== undefined && clock() < later(seen.atMs, rememberedMs);
  }

  /** Remembers a list, and what it tells of codes, that was read together with something else. */
  function remember({ codes = new Map(), ...value }: PriceList): void {
    list = { value, atMs: clock() };
    for (const [code, promotion] of codes) {
      if (seenCodes.size >= mostRemembered) seenCodes.clear();
      seenCodes.set(code, { value: promotion, atMs: clock() });
    }
  }

  return {
    remember,

    /**
     * The shop's automatic promotions and these codes, as they were at most 10 s ago; `anew` reads the codes as
     * they are now. No request for what is remembered, otherwise one for all of it. `reader` is for whom: a
     * cart or an order.
     *
     * @example const prices = await priceService.look(["SUMMER"], { reader: cartId });
     */
    async look(
      codes: readonly string[],
      { reader, anew = false }: { readonly reader: string; readonly anew?: boolean },
    ): Promise<PriceList> {
      const known = codes.flatMap((code) => {
        const seen = seenCodes.get(code);
        return !anew && seen && isFresh(seen) ? [[code, seen.value] as const] : [];
      });
      const wanted = codes.filter((code) => !known.some(([each]) => each === code));
      if (wanted.length > 0 || !list || !isFresh(list)) {
        const places = [priceListPlace(reader), ...wanted.map((code) => promotionPlace(code))];
        const [listRow, ...rows] = await database.getTogether(places);
        const read = wanted.map((code, index) => [code, parsePromotion(rows[index])] as const);
        const prices = parsePriceList(listRow);
        remember({ ...prices, codes: new Map(read) });
        return { ...prices, codes: new Map([...known, ...read]) };
      }
      return { ...list.value, codes: new Map(known) };
    },
  };
}

/** See `createPriceService`. */
export type PriceService = ReturnType<typeof createPriceService>;
