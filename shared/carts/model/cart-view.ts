/** Carts as their readers see them: lines with totals, conditions, metadata, and what it comes to. */
import { epochMs } from "../../base/time.ts";
import { noPromotions } from "../../promotions/price-list.ts";
import type { PriceRule } from "../../promotions/price-rule.ts";
import { money, sumAmounts, toMinor } from "../../base/money.ts";
import { type Cart, type CartInstance, type CartLine, selectInstance, liveLock } from "./cart.ts";
import { type Pricing, type RefusedCode, selectRules } from "./price-rules.ts";
import { priceInstance } from "./pricing.ts";
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

function conditionViews(rules: readonly PriceRule[]) {
  return rules.map(({ automatic, ...rule }) => ({ ...rule, ...(automatic && { automatic }) }));
}

/** Codes that do not apply (any more) stay, with the reason: an order would be refused by it. */
function refusedViews({ codes = [] }: CartInstance, refused: readonly RefusedCode[]) {
  return refused.map(({ code, reason }) => {
    const { name, type, target, value, order } = codes.find((each) => each.code === code)!;
    return { name, type, target, value, order, code, refused: reason };
  });
}

/** One instance with its totals. `fromEntries` makes own properties, whatever the keys are called. */
function instanceView(present: CartInstance, version: number, pricing: Showing) {
  const { instance, lines, metadata, currency = "XXX" } = present;
  const { rules, refused } = selectRules(present, pricing);
  const values = [...metadata].map(([key, json]) => [key, JSON.parse(json) as unknown] as const);
  return {
    instance,
    items: lines.map((line) => itemView(line, currency, pricing)),
    conditions: [...conditionViews(rules), ...refusedViews(present, refused)],
    metadata: Object.fromEntries(values),
    ...priceInstance(present, rules),
    version,
  };
}

/** The totals of several instances, a sum for each currency. */
function totalsView(instances: readonly CartInstance[], pricing: Pricing) {
  const prices = instances.map((each) => priceInstance(each, selectRules(each, pricing).rules));
  const currencies = new Set(prices.flatMap(({ currency }) => currency ?? []));
  const total = (amounts: readonly number[], currency: string): number =>
    toMinor(
      sumAmounts(
        amounts.map((amount) => money(amount, currency)),
        currency,
      ),
    );
  return [...currencies].map((currency) => {
    const own = prices.filter((price) => price.currency === currency);
    return {
      currency,
      subtotalMinor: total(
        own.map(({ subtotalMinor }) => subtotalMinor),
        currency,
      ),
      totalMinor: total(
        own.map(({ totalMinor }) => totalMinor),
        currency,
      ),
    };
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
  const [only = { currency: null, subtotalMinor: 0, totalMinor: 0 }] = totals;
  const mixed = { currency: null, subtotalMinor: null, totalMinor: null };
  return {
    ...address,
    instances: instances.map((instance) => instanceView(instance, cart.version, pricing)),
    count: instances.reduce((sum, instance) => sum + priceInstance(instance).count, 0),
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
