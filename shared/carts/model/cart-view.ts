/** Carts as their readers see them: lines with totals, conditions, metadata, and what it comes to. */
import { epochMs } from "../../base/time.ts";
import { noPromotions } from "../../promotions/price-list.ts";
import { toMinor } from "../../base/money.ts";
import {
  type Cart,
  type CartInstance,
  type CartLine,
  isOrderedUnnamed,
  liveLock,
  selectInstance,
} from "./cart.ts";
import { type OrderRules, type Pricing, selectRules } from "./price-rules.ts";
import { priceInstances } from "./pricing.ts";
import { lineTotal } from "./reckoning.ts";

function attributesIn(json: string): Readonly<Record<string, unknown>> {
  return JSON.parse(json) as Record<string, unknown>;
}

/** By what a cart is shown: prices, the time, and what of it the shop does not sell. */
export interface Showing extends Pricing {
  readonly unavailable?: ReadonlyMap<string, "not_for_sale" | "not_found">;
}

function itemView(line: CartLine, currency: string, { unavailable }: Showing) {
  const { lineId, itemId, name, kind, vendorId, quantity, unitPriceMinor, attributes } = line;
  const { previousUnitPriceMinor: earlier } = line;
  const reason = unavailable?.get(itemId);
  return {
    lineId,
    itemId,
    name,
    kind,
    vendorId,
    quantity,
    unitPriceMinor,
    ...(earlier === undefined ? {} : { previousUnitPriceMinor: earlier }),
    lineTotalMinor: toMinor(lineTotal(line, currency)),
    ...(attributes === undefined ? {} : { attributes: attributesIn(attributes) }),
    ...(reason === undefined ? {} : { unavailable: reason }),
  };
}

/** Codes that do not apply (any more) stay, with the reason: an order would be refused by it. */
function conditionViews({ rules, refused }: Pick<OrderRules, "rules" | "refused">) {
  const counted = rules.map(({ automatic, instance: _own, ...rule }) => {
    return { ...rule, ...(automatic && { automatic }) };
  });
  const others = refused.map(({ code, reason, entered }) => {
    const { name, type, target, value, order } = entered;
    return { name, type, target, value, order, code, refused: reason };
  });
  return [...counted, ...others];
}

/**
 * One instance with what an order of it alone comes to. `fromEntries` makes own properties, whatever the keys are
 * called.
 */
function instanceView(present: CartInstance, version: number, pricing: Showing) {
  const { instance, lines, metadata, currency = "XXX" } = present;
  const selected = selectRules([present], pricing);
  const values = [...metadata].map(([key, json]) => [key, JSON.parse(json) as unknown] as const);
  return {
    instance,
    items: lines.map((line) => itemView(line, currency, pricing)),
    conditions: conditionViews(selected),
    metadata: Object.fromEntries(values),
    ...priceInstances([present], selected.rules),
    version,
  };
}

const nothing = { currency: null, subtotalMinor: 0, totalMinor: 0, promotions: [] };

/** What an order that names no instances comes to, for each currency; promotions count once for all of it. */
function totalsView(instances: readonly CartInstance[], pricing: Pricing) {
  const wanted = instances.filter(({ instance }) => isOrderedUnnamed(instance));
  const currencies = new Set(wanted.flatMap(({ currency }) => currency ?? []));
  return [...currencies].map((wantedCurrency) => {
    const own = wanted.filter(({ currency = wantedCurrency }) => currency === wantedCurrency);
    const { rules, refused } = selectRules(own, pricing);
    const { subtotalMinor, totalMinor } = priceInstances(own, rules);
    const ofShop = rules.filter(({ code }) => code !== undefined);
    const promotions = conditionViews({ rules: ofShop, refused });
    return { currency: wantedCurrency, subtotalMinor, totalMinor, promotions };
  });
}

/**
 * A whole cart. Its amounts stand beside `totals` as well while all instances share one currency;
 * amounts of several do not add up, and are null.
 */
export function cartView(
  cart: Cart,
  address: { userId: string; sessionId: string },
  pricing: Showing,
) {
  const instances = [...cart.instances.values()];
  const totals = totalsView(instances, pricing);
  const [{ promotions: _applied, ...only } = nothing] = totals;
  const mixed = { currency: null, subtotalMinor: null, totalMinor: null };
  return {
    ...address,
    instances: instances.map((instance) => instanceView(instance, cart.version, pricing)),
    count: instances.reduce((sum, instance) => sum + priceInstances([instance]).count, 0),
    ...(totals.length > 1 ? mixed : only),
    totals,
    version: cart.version,
    lock: liveLock(cart, pricing.nowMs) ?? null,
  };
}

/** By the cart alone: no promotion applies by itself. */
const byCartAlone: Pricing = { prices: noPromotions, nowMs: epochMs(0) };

/** One instance of a cart; one that nobody has used yet is empty. */
export function cartInstanceView(cart: Cart, instance: string, pricing: Showing = byCartAlone) {
  return instanceView(selectInstance(cart, instance), cart.version, pricing);
}
