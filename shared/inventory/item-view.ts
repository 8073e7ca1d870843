/** Items as people see them, by the contract. */
import type { ToldStock } from "./about-store.ts";
import { pickLevels } from "./movement.ts";
import type { ItemLimits, SaleWindow } from "./stock.ts";

function limitsView({ perOrder, perShopper }: ItemLimits) {
  const limits = {
    ...(perOrder === undefined ? {} : { perOrder }),
    ...(perShopper === undefined ? {} : { perShopper }),
  };
  return Object.keys(limits).length > 0 ? { limits } : {};
}

function saleView({ saleStartsAtMs: startsAtMs, saleEndsAtMs: endsAtMs }: SaleWindow) {
  const sale = {
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
    ...(endsAtMs === undefined ? {} : { endsAtMs }),
  };
  return Object.keys(sale).length > 0 ? { sale } : {};
}

/** An item with its levels, what is told about it, and the shop's rules for it. */
export function itemView(stock: ToldStock) {
  const { itemId, name, kind, vendorId, amountMinor, currency, holdPolicy, shards } = stock;
  const { description, imageUrl, archivedAtMs } = stock;
  const price = { amountMinor, currency };
  return {
    itemId,
    name,
    kind,
    vendorId,
    price,
    holdPolicy,
    ...pickLevels(stock),
    ...(shards ? { shards } : {}),
    ...(typeof description === "string" ? { description } : {}),
    ...(typeof imageUrl === "string" ? { imageUrl } : {}),
    ...limitsView(stock),
    ...saleView(stock),
    ...(archivedAtMs === undefined ? {} : { archived: true as const }),
  };
}
