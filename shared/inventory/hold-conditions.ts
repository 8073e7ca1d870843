/** The conditions under which orders change stock, each a sentence; the writes are in hold-store. */
import {
  action,
  allOf,
  anyOf,
  type AttributePath,
  condition,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import type { EpochMs } from "../base/time.ts";
import { manyBuckets, type Room, watermarkAfter } from "./buckets.ts";
import { bucketEndMs, bucketKey } from "./deadline.ts";
import type { Demand, StockRow } from "./stock.ts";

/** The attributes of a stock item. */
export const at = pathsOf<StockRow>();

/** What an order has of an item: so many units until an instant. */
export interface Claim {
  readonly quantity: number;
  readonly expiresAtMs: number;
}

/** The units are there, counting those that are freed in the same write. */
export function stockCoversHold(quantity: number, freed: number): Fragment {
  return condition`${at("available")} >= ${quantity - freed}`;
}

/** The price is the one that the shopper saw. */
export function priceIsAsSeen({ price }: Demand): Fragment[] {
  if (!price) return [];
  return [
    condition`${at("amountMinor")} = ${price.amountMinor}`,
    condition`${at("currency")} = ${price.currency}`,
  ];
}

/** The price has not risen since the shopper was told what to pay. */
export function priceHasNotRisen({ ceiling }: Demand): Fragment[] {
  if (!ceiling) return [];
  return [
    condition`${at("amountMinor")} <= ${ceiling.amountMinor}`,
    condition`${at("currency")} = ${ceiling.currency}`,
  ];
}

/** The shop sells the item at this instant: it is not withdrawn, and its time has come and is not over. */
export function itemIsForSale(nowMs: EpochMs): Fragment[] {
  const [starts, ends] = [at("saleStartsAtMs"), at("saleEndsAtMs")];
  return [
    isMissing(at("archivedAtMs")),
    anyOf(isMissing(starts), condition`${starts} <= ${nowMs}`),
    anyOf(isMissing(ends), condition`${ends} > ${nowMs}`),
  ];
}

/** One order may have so much of the item, and what its shopper has of it was counted by the item's limit. */
export function limitsAllow({ quantity, perShopper }: Demand): Fragment[] {
  if (perShopper === undefined) return [];
  const orderMayHave = condition`${at("perOrder")} >= ${quantity}`;
  const countedAsItIs =
    perShopper === null
      ? isMissing(at("perShopper"))
      : condition`${at("perShopper")} = ${perShopper}`;
  return [anyOf(isMissing(at("perOrder")), orderMayHave), countedAsItIs];
}

/** What is taken over is exactly what was seen, and nobody has taken anything over since. */
export function roomIsAsSeen(room: Room | undefined): Fragment[] {
  if (!room) return [];
  return [
    condition`${at("reclaimedThroughMs")} = ${room.reclaimedThroughMs}`,
    ...room.over.map(({ key, quantity }) => condition`${at("due", key)} = ${quantity}`),
  ];
}

/** A hold that ends where everything was taken over already would be nobody's. */
export function isAboveWatermark(expiresAtMs: number): Fragment {
  return condition`${at("reclaimedThroughMs")} < ${bucketEndMs(bucketKey(expiresAtMs))}`;
}

/** An exclusive item has one live hold at a time: nothing is held but what is freed by this write. */
export function policyAllowsHold(freed: number): Fragment {
  const nothingElseIsHeld = condition`${at("held")} = ${freed}`;
  return anyOf(condition`${at("holdPolicy")} <> ${"exclusive"}`, nothingElseIsHeld);
}

/** Nobody is spreading the item's units over rows just now: who does would never get through a crowd. */
export function isNotTurning(nowMs: number): Fragment {
  return anyOf(isMissing(at("turningUntilMs")), condition`${at("turningUntilMs")} <= ${nowMs}`);
}

/** Nobody stands in line for the item: whoever does goes first. */
export const nobodyWaits: Fragment = isMissing(at("hasLine"));

/** A row that carries many buckets is tidied up by its next buyer, who has seen it by then. */
export function rowIsTidy(room: Room | undefined): Fragment[] {
  return room ? [] : [condition`size(${at("due")}) < ${manyBuckets}`];
}

/** The units are counted until that instant, and nobody has taken them over. */
export function callerStillHolds({ quantity, expiresAtMs }: Claim): Fragment {
  return allOf(
    isAboveWatermark(expiresAtMs),
    condition`${at("due", bucketKey(expiresAtMs))} >= ${quantity}`,
  );
}

/** The buckets that are taken over leave the row, and the watermark says so for good. */
export function reclaiming(room: Room | undefined): { set: Fragment[]; remove: AttributePath[] } {
  if (!room || room.over.length === 0) return { set: [], remove: [] };
  return {
    set: [action`${at("reclaimedThroughMs")} = ${watermarkAfter(room)}`],
    remove: room.over.map(({ key }) => at("due", key)),
  };
}
