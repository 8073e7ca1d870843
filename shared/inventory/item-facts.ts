/** What the shop says of an item besides its levels, and how a change of it is put into its rows. */
import { InvalidRequest } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import type { HoldPolicy, ItemLimits, Price, SaleWindow, StockRow } from "./stock.ts";

/** When an item is on sale, as an administrator says it. */
export interface Sale {
  readonly startsAtMs?: number | undefined;
  readonly endsAtMs?: number | undefined;
}

/** An item's limits, as an administrator says them. */
export interface LimitsGiven {
  readonly perOrder?: number | undefined;
  readonly perShopper?: number | undefined;
}

/** What people read about an item; null takes it away. */
export interface About {
  readonly description?: string | null | undefined;
  readonly imageUrl?: string | null | undefined;
}

/** What an administrator changes of an item; null takes away what need not be there. */
export interface ItemPatch extends About {
  readonly name?: string | undefined;
  readonly price?: Price | undefined;
  readonly holdPolicy?: HoldPolicy | undefined;
  /** All of them anew. */
  readonly limits?: LimitsGiven | null | undefined;
  /** The whole window anew. */
  readonly sale?: Sale | null | undefined;
  readonly archived?: boolean | undefined;
  /** From how many rows it is sold; 1 is what an item has unless told. Said in the first row alone. */
  readonly shards?: number | undefined;
}

type Fact =
  | "name"
  | "amountMinor"
  | "currency"
  | "holdPolicy"
  | "hasAbout"
  | "shards"
  | "coolsAfterMs"
  | keyof ItemLimits
  | keyof SaleWindow;

/** Attributes of an item's row; what is undefined is to be removed. */
export type Facts = { readonly [Name in Fact]?: StockRow[Name] | undefined };

/** @throws InvalidRequest when the sale would end before it begins */
export function checkSale(sale: Sale | null | undefined): void {
  const { startsAtMs = 0, endsAtMs = Infinity } = sale ?? {};
  if (startsAtMs < endsAtMs) return;
  const message = "must be after the sale's beginning";
  throw new InvalidRequest([{ path: "sale.endsAtMs", message }]);
}

/** The limits of an item as attributes. */
export function limitFacts(limits: LimitsGiven | null) {
  return { perOrder: limits?.perOrder, perShopper: limits?.perShopper };
}

/** The window of a sale as attributes. */
export function saleFacts(sale: Sale | null) {
  return { saleStartsAtMs: sale?.startsAtMs, saleEndsAtMs: sale?.endsAtMs };
}

/** The attributes that a change sets, or removes where it says undefined. */
export function changedFacts(patch: ItemPatch, nowMs: EpochMs): Facts {
  const { name, price, holdPolicy, limits, sale, archived } = patch;
  return {
    ...(name === undefined ? {} : { name }),
    ...(price ? { amountMinor: price.amountMinor, currency: price.currency } : {}),
    ...(holdPolicy === undefined ? {} : { holdPolicy }),
    ...(limits === undefined ? {} : limitFacts(limits)),
    ...(sale === undefined ? {} : saleFacts(sale)),
    ...(archived === undefined ? {} : { archivedAtMs: archived ? nowMs : undefined }),
    ...(changesAbout(patch) ? { hasAbout: true as const } : {}),
  };
}

/** What the first row says of how many rows it is sold from: so many for good, or one until a crowd wants more. */
export function shardsFacts({ shards }: Pick<ItemPatch, "shards">): Facts {
  if (shards === undefined) return {};
  return { shards: shards < 2 ? undefined : shards, coolsAfterMs: undefined };
}

/** Whether a change says something of what people read about the item. */
export function changesAbout({ description, imageUrl }: About): boolean {
  return description !== undefined || imageUrl !== undefined;
}
