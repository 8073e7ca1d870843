/** Promotions as administrators see them: put, read, list, delete. */
import { isDeepStrictEqual } from "node:util";
import { type Actor, type ChangeNote, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { type Clock, type EpochMs, isExpired } from "../base/time.ts";
import { makeUsesId } from "../base/uses-id.ts";
import type { Stock } from "../inventory/stock.ts";
import { findStock } from "../inventory/stock-store.ts";
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import { TransactionRefused } from "../table/transaction.ts";
import type { Write } from "../table/write.ts";
import { type PriceList, parsePriceList } from "./price-list.ts";
import {
  normalizeCode,
  maxAutomaticPromotions,
  type Promotion,
  type PromotionFacts,
  PromotionNotFound,
  TooManyAutomatic,
} from "./promotion.ts";
import {
  listPromotions,
  priceListPlace,
  parsePromotion,
  promotionPlace,
  putPriceListWrites,
  putPromotionWrite,
  stampWrites,
  parseStoredPromotion,
} from "./promotion-store.ts";
import { makeMark } from "./uses.ts";
import { makeUsesWrites } from "./uses-store.ts";

/** What the service needs. */
export interface PromotionServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** A promotion, with what is known of its uses where they are limited. */
export interface PromotionState {
  readonly promotion: Promotion;
  readonly uses: Stock | undefined;
}

/** What was read before a change. */
interface Before {
  readonly present: Promotion | undefined;
  /** Also of one that was deleted: none is ever given twice. */
  readonly revision: number;
  readonly list: PriceList;
  readonly uses: Stock | undefined;
}

/** How often others may change the same promotion, or the list, under our hands: administrators, by hand. */
const mostRivals = 20;

/** What an administrator says, apart from how it is kept. */
function selectFacts(promotion: Promotion): PromotionFacts {
  const { code: _code, revision: _revision, usesId: _usesId, ...facts } = promotion;
  return facts;
}

function isSame(one: PromotionFacts, other: PromotionFacts): boolean {
  const told = (facts: PromotionFacts) => JSON.parse(JSON.stringify(facts)) as unknown;
  return isDeepStrictEqual(told(one), told(other));
}

async function read(database: Database, code: string): Promise<Before> {
  const [row, listRow] = await database.getTogether([promotionPlace(code), priceListPlace(code)]);
  const present = parsePromotion(row);
  return {
    present,
    revision: row ? parseStoredPromotion(row).revision : 0,
    list: parsePriceList(listRow),
    uses: present && (await findStock(database, present.usesId)),
  };
}

/** A change of one promotion, at one instant. */
interface Step {
  readonly before: Before;
  readonly next: Promotion;
  readonly isGone: boolean;
  readonly nowMs: EpochMs;
  readonly note: ChangeNote;
}

/** The list with this promotion as it is now; what has ended for good makes room for others. */
function makeListWrites({ before, next, isGone, nowMs }: Step): Write[] {
  const { automatic, revision } = before.list;
  const others = automatic.filter(({ code }) => code !== next.code);
  const isListed = next.automatic && next.active && !isGone;
  if (others.length === automatic.length && !isListed) return [];
  const current = others.filter(
    ({ endsAtMs }) => endsAtMs === undefined || !isExpired(endsAtMs, nowMs),
  );
  const listed = isListed ? [...current, next] : current;
  if (isListed && listed.length > maxAutomaticPromotions) throw new TooManyAutomatic();
  return [...putPriceListWrites(listed, revision), ...stampWrites(revision + 1)];
}

function makeCountWrites({ before: { uses }, next, nowMs, note }: Step): Write[] {
  const { usesId, name, maxUses } = next;
  if (maxUses === undefined && !uses) return [];
  // Where nothing is limited any more, orders that have uses still sell and release them.
  const most = maxUses ?? uses!.received + uses!.adjusted;
  const ofUses = { ...note, action: "uses.changed" } as const;
  return makeUsesWrites({ usesId, name, most, mark: makeMark(next), nowMs, note: ofUses }, uses);
}

function makeWrites(step: Step): Write[] {
  const { before, next, isGone, nowMs, note } = step;
  // What nobody can have entered, no order checks by its code.
  const isCode = !next.automatic || before.present?.automatic === false;
  return [
    putPromotionWrite(next, before.revision, note, isGone ? nowMs : undefined),
    ...(isCode ? stampWrites(next.revision, next.code) : []),
    ...makeListWrites(step),
    ...makeCountWrites(step),
  ];
}

/** Whoever is faster is looked at again. */
function untilDone<T>(attempt: () => Promise<T>): Promise<T> {
  return again(mostRivals, async () => {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransactionRefused) || error.code !== "TRY_AGAIN") throw error;
      return new OnceMore();
    }
  });
}

/** Makes the service. */
export function createPromotionService({ database, clock }: PromotionServiceOptions) {
  async function change(before: Before, next: Promotion, actor: Actor, isGone = false) {
    const nowMs = clock();
    const note = changeNote(isGone ? "promotion.deleted" : "promotion.set", actor, nowMs);
    await database.transact(makeWrites({ before, next, isGone, nowMs, note }));
  }

  return {
    /**
     * Puts a promotion in place of any of its code: it holds for every order from then on, and an order
     * that was priced before is priced again. Two requests, up to two more to read uses where they are limited.
     * Saying the same again changes nothing.
     *
     * @throws TooManyAutomatic when 20 others apply by themselves already; nothing was changed
     * @example await promotions.put("SUMMER", facts, { id: "root" })
     */
    put: (entered: string, facts: PromotionFacts, actor: Actor): Promise<PromotionState> =>
      untilDone(async () => {
        const code = normalizeCode(entered);
        const before = await read(database, code);
        const { present } = before;
        if (present && isSame(selectFacts(present), facts)) {
          return { promotion: present, uses: before.uses };
        }
        const revision = before.revision + 1;
        const usesId = present?.usesId ?? makeUsesId(code, revision);
        const promotion: Promotion = { ...facts, code, revision, usesId };
        await change(before, promotion, actor);
        const isLimited = facts.maxUses !== undefined;
        return { promotion, uses: isLimited ? await findStock(database, usesId) : undefined };
      }),

    /**
     * A promotion, and how far its uses are. Two requests.
     *
     * @throws PromotionNotFound
     * @example const { promotion, uses } = await promotions.get("SUMMER")
     */
    async get(entered: string): Promise<PromotionState> {
      const code = normalizeCode(entered);
      const { table, key } = promotionPlace(code);
      const promotion = parsePromotion(await database.get(table, key));
      if (!promotion) throw new PromotionNotFound(code);
      const isLimited = promotion.maxUses !== undefined;
      return {
        promotion,
        uses: isLimited ? await findStock(database, promotion.usesId) : undefined,
      };
    },

    /**
     * A page of promotions by code. Two requests.
     *
     * @example const { rows, cursor } = await promotions.list({ limit: 20 })
     */
    list: (page: { limit: number; cursor?: string | undefined }): Promise<Page<Promotion>> =>
      listPromotions(database, page),

    /**
     * Deletes a promotion: no order from then on has it. Orders that have it keep it, and may be paid. Three
     * requests at the most. A promotion that is made anew under its code counts its uses from the start.
     *
     * @throws PromotionNotFound; nothing was changed
     * @example await promotions.delete("SUMMER", { id: "root" })
     */
    delete: (entered: string, actor: Actor): Promise<Promotion> =>
      untilDone(async () => {
        const code = normalizeCode(entered);
        const before = await read(database, code);
        if (!before.present) throw new PromotionNotFound(code);
        const gone = { ...before.present, revision: before.revision + 1 };
        await change(before, gone, actor, true);
        return before.present;
      }),
  };
}
