/** Contention: how often within a minute somebody wanted a thing, had it, was refused it or met others, and for how long. */
import { epochMs, type EpochMs } from "../base/time.ts";
import type { Histogram } from "./histogram.ts";

/** What is wanted; `shop` is all of it together: orders, and every refusal whatever it was about. */
export const contentionKinds = ["item", "document", "cart", "custom", "shop"] as const;

/** One of `contentionKinds`. */
export type ContentionKind = (typeof contentionKinds)[number];

/**
 * Why somebody did not get it: of items why a line could not be had, of all others the code of the refusal. A closed
 * list, so that no row grows with what the world comes up with.
 */
export const refusalReasons = [
  "insufficient_stock",
  "locked",
  "price_changed",
  "not_found",
  "not_for_sale",
  "ITEMS_UNAVAILABLE",
  "LOCK_HELD",
  "LOCK_TIMEOUT",
  "LOCK_NOT_OWNED",
  "CART_LOCKED",
  "LIMIT_EXCEEDED",
  "VERSION_MISMATCH",
  "TOO_MANY_REQUESTS",
  "PAYMENT_PROVIDER_ERROR",
  "TRY_AGAIN",
  "OTHER",
] as const;

/** One of `refusalReasons`. */
export type RefusalReason = (typeof refusalReasons)[number];

/** How often each reason was met; one that is missing never was. */
export type Refusals = Readonly<Partial<Record<RefusalReason, number>>>;

/** What is wanted, and in which minute. */
export interface ContentionPlace {
  readonly kind: ContentionKind;
  /** The item, document, cart or name; `all` of the shop, and `others` where a bound left no room for the name. */
  readonly resource: string;
  readonly minuteMs: EpochMs;
}

/** What was counted of a place. */
export interface ContentionCounts {
  readonly granted: number;
  readonly refused: Refusals;
  /** Transactions of others that were met; what meets one is tried again. */
  readonly conflicts: number;
  /** How long those had to wait who waited for it, in vain or not. */
  readonly waits: Histogram;
  /** How long those had it who have it no more. */
  readonly holds: Histogram;
}

/** A place with what was counted, or is to be added to what was. */
export interface Contention extends ContentionPlace, ContentionCounts {}

/** What the rows of the whole shop are about. */
export const wholeShop = "all";
/** What is counted of those for whom there was no room: their names are lost, their numbers are not. */
export const othersTogether = "others";

const minute = 60_000;

/** The minute that an instant is in: its beginning. */
export function floorToMinute(atMs: number): EpochMs {
  return epochMs(Math.floor(atMs / minute) * minute);
}

/** How often it was wanted: by whoever got it and by whoever was refused. */
export function countAttempts({
  granted,
  refused,
}: Pick<ContentionCounts, "granted" | "refused">): number {
  return Object.values(refused).reduce((sum, times) => sum + times, granted);
}

/** The reason that the list has for a word, or `OTHER`. */
export function nameRefusal(word: string): RefusalReason {
  return (refusalReasons as readonly string[]).includes(word) ? (word as RefusalReason) : "OTHER";
}
