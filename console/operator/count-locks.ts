/** Counts what is locked and held, page by page, with a bound: what lies beyond is said to be more. */
import type { AnswerOf } from "../../client/index.ts";
import type { Session } from "../parts/session.ts";

type Page = AnswerOf<"lockStats">;

/** The counts of all pages together. */
export interface LockCounts extends Pick<
  Page,
  "activeHolds" | "heldUnits" | "expiringSoon" | "byKind"
> {
  /** There were more pages than are counted. */
  readonly isMore: boolean;
  /** How many pages it took: what takes many is not asked for as often. */
  readonly pages: number;
}

/** About 1,000 locks and holds each. */
const mostPages = 20;

function add(sum: LockCounts, page: Page): LockCounts {
  const { document, cart, item, custom } = page.byKind;
  return {
    activeHolds: sum.activeHolds + page.activeHolds,
    heldUnits: sum.heldUnits + page.heldUnits,
    expiringSoon: sum.expiringSoon + page.expiringSoon,
    byKind: {
      document: sum.byKind.document + document,
      cart: sum.byKind.cart + cart,
      item: sum.byKind.item + item,
      custom: sum.byKind.custom + custom,
    },
    isMore: page.cursor !== null,
    pages: sum.pages + 1,
  };
}

/** Counts up to 20 pages, one after the other, so that no other question waits for them. */
export async function countLocks({ client }: Session): Promise<LockCounts> {
  let sum: LockCounts = {
    activeHolds: 0,
    heldUnits: 0,
    expiringSoon: 0,
    byKind: { document: 0, cart: 0, item: 0, custom: 0 },
    isMore: false,
    pages: 0,
  };
  let cursor: string | null = null;
  do {
    const page: Page = await client.lockStats({ query: cursor === null ? {} : { cursor } });
    sum = add(sum, page);
    ({ cursor } = page);
  } while (cursor !== null && sum.pages < mostPages);
  return sum;
}
