/** The border between our amounts, in ISO 4217's minor units, and the numbers that a provider counts in. */
import { findIsoDecimals } from "../base/currency.ts";

/** Why a provider cannot be asked for an amount at all. */
export type UnavailableReason =
  | "currency_unsupported"
  | "amount_too_small"
  | "amount_too_large"
  | "amount_not_representable"
  | "not_configured";

/** How a provider counts one currency; all numbers but `decimals` are in its own units. */
export interface CurrencyRule {
  /** How many decimals the provider's number stands for; often, but not always, those of ISO 4217. */
  readonly decimals: number;
  /** Only multiples of this can be sent; 1 when it is not said. */
  readonly step?: number;
  /** The smallest and the largest payment, where the provider says so. */
  readonly smallest?: number;
  readonly largest?: number;
}

/** Every currency that a provider takes. */
export type CurrencyTable = Readonly<Record<string, CurrencyRule>>;

/** An amount of ours: whole minor units of ISO 4217. */
export interface Amount {
  readonly amountMinor: number;
  readonly currency: string;
}

/** Rules for many currencies at once; the codes are separated by spaces. */
export function rulesFor(codes: string, rule: CurrencyRule): CurrencyTable {
  return Object.fromEntries(codes.split(/\s+/).map((code) => [code, rule]));
}

/** An amount in the provider's number, or undefined when there is no exact one. */
function scaled(amount: number, by: number): number | undefined {
  const factor = 10 ** Math.abs(by);
  const result = by < 0 ? amount / factor : amount * factor;
  return Number.isSafeInteger(result) ? result : undefined;
}

/** By currency, where it is more than 1: only multiples of so many minor units of ISO 4217 can be sent. */
export type Steps = Readonly<Record<string, number>>;

/** The fewest of our minor units that come to whole steps of the provider; more are its multiples. */
function computeStep(currency: string, { decimals, step = 1 }: CurrencyRule): number {
  const by = decimals - findIsoDecimals(currency);
  if (by < 0) return step * 10 ** -by;
  let units = 1;
  while ((units * 10 ** by) % step !== 0) units += 1;
  return units;
}

/** The steps of the currencies in which not every amount can be sent. */
function listSteps(table: CurrencyTable): Steps {
  const steps = Object.entries(table).map(
    ([currency, rule]) => [currency, computeStep(currency, rule)] as const,
  );
  return Object.fromEntries(steps.filter(([, step]) => step > 1));
}

/** What a provider's table comes to: amounts to it, amounts from it, and what it would refuse. */
export function createAmounts(table: CurrencyTable) {
  /**
   * A currency that the provider does not take cannot have been asked for, but money in it may be told
   * of and paid back: then its number is taken as it is, both ways.
   */
  const findRule = (currency: string): CurrencyRule =>
    table[currency] ?? { decimals: findIsoDecimals(currency) };

  function toProvider({ amountMinor, currency }: Amount): number | undefined {
    const { decimals, step = 1 } = findRule(currency);
    const amount = scaled(amountMinor, decimals - findIsoDecimals(currency));
    return amount !== undefined && amount % step === 0 ? amount : undefined;
  }

  return {
    /** The provider's number for an amount, exactly; undefined when it has none. */
    toProvider,

    /** Of which amounts the provider has a number at all. */
    steps: listSteps(table),

    /** The minor units of ISO 4217 in a provider's number; undefined when they are not whole, or below 0. */
    fromProvider: (amount: number, currency: string): number | undefined =>
      amount < 0
        ? undefined
        : scaled(amount, findIsoDecimals(currency) - findRule(currency).decimals),

    /** Why the provider would not take a payment of this amount; undefined when it would. */
    whyNot(wanted: Amount): UnavailableReason | undefined {
      const rule = Object.hasOwn(table, wanted.currency) ? table[wanted.currency] : undefined;
      if (!rule) return "currency_unsupported";
      if (wanted.amountMinor < 1) return "amount_too_small";
      const amount = toProvider(wanted);
      if (amount === undefined) return "amount_not_representable";
      if (amount < (rule.smallest ?? 1)) return "amount_too_small";
      return amount > (rule.largest ?? Number.MAX_SAFE_INTEGER) ? "amount_too_large" : undefined;
    },
  };
}

/** See `createAmounts`. */
export type Amounts = ReturnType<typeof createAmounts>;
