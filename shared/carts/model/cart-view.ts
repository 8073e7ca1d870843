/** Carts as their readers see them: lines with totals, conditions, metadata, and what it comes to. */
import type { EpochMs } from "../../base/time.ts";
import { money, sumAmounts, toMinor } from "../../base/money.ts";
import { type Cart, type CartInstance, type CartLine, selectInstance, liveLock } from "./cart.ts";
import { lineTotal, priceInstance } from "./pricing.ts";

function attributesIn(json: string): Readonly<Record<string, unknown>> {
  return JSON.parse(json) as Record<string, unknown>;
}

function itemView(line: CartLine, currency: string) {
  const { lineId, itemId, name, kind, vendorId, quantity, unitPriceMinor, attributes } = line;
  const { previousUnitPriceMinor: earlier } = line;
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
  };
}

/** One instance with its totals. `fromEntries` makes own properties, whatever the keys are called. */
function instanceView(present: CartInstance, version: number) {
  const { instance, lines, conditions, metadata, currency = "XXX" } = present;
  const values = [...metadata].map(([key, json]) => [key, JSON.parse(json) as unknown] as const);
  return {
    instance,
    items: lines.map((line) => itemView(line, currency)),
    conditions,
    metadata: Object.fromEntries(values),
    ...priceInstance(present),
    version,
  };
}

/** The totals of several instances, a sum for each currency. */
function totalsView(instances: readonly CartInstance[]) {
  const prices = instances.map(priceInstance);
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
  nowMs: EpochMs,
) {
  const instances = [...cart.instances.values()];
  const totals = totalsView(instances);
  const [only = { currency: null, subtotalMinor: 0, totalMinor: 0 }] = totals;
  const mixed = { currency: null, subtotalMinor: null, totalMinor: null };
  return {
    ...address,
    instances: instances.map((instance) => instanceView(instance, cart.version)),
    count: instances.reduce((sum, instance) => sum + priceInstance(instance).count, 0),
    ...(totals.length > 1 ? mixed : only),
    totals,
    version: cart.version,
    lock: liveLock(cart, nowMs) ?? null,
  };
}

/** One instance of a cart; one that nobody has used yet is empty. */
export function cartInstanceView(cart: Cart, instance: string) {
  return instanceView(selectInstance(cart, instance), cart.version);
}
