/**
 * The currencies that Stripe takes and how it counts them, from its page "Supported currencies":
 * presentment currencies, zero-decimal and three-decimal currencies, special cases, and the minimum and
 * maximum charge amounts (docs.stripe.com/currencies, as of September 2026).
 *
 * What a minimum really is depends on the account as well: it is that of the currency in which Stripe pays out. Such
 * an account's refusal comes when a payment starts, for the same reason and with nothing changed.
 */
import { createAmounts, type CurrencyTable, rulesFor } from "./amounts.ts";

/**
 * Twelve digits, in every currency: the most that any way of paying takes, which is by most cards. Others end sooner
 * (American Express at nine digits; what is no card at eight, in COP at ten and in INR at nine), but which one a shopper picks is
 * known to Stripe alone: it offers those that can be had for the amount. Earlier editions of the page had numbers of their
 * own for COP, HUF, JPY and LBP, whose digits and examples did not agree.
 */
const largest = 999_999_999_999;

const twoDecimals = rulesFor(
  `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF
  CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
  INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD
  NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL
  THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER ZAR ZMW`,
  { decimals: 2, largest },
);

/** Sent whole. ISO 4217 gives the ariary (MGA) two decimals; here it has none. */
const zeroDecimals = rulesFor("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF", {
  decimals: 0,
  largest,
});

/** Without decimals in truth, but sent with two: only multiples of 100 are taken. */
const wholeWithTwoDecimals = rulesFor("ISK UGX", { decimals: 2, step: 100, largest });

/** Three decimals, the last of which must be 0. */
const threeDecimals = rulesFor("BHD JOD KWD OMR TND", { decimals: 3, step: 10, largest });

/** The smallest charges, in Stripe's own units. */
const smallest: Readonly<Record<string, number>> = {
  AED: 200,
  ARS: 50,
  AUD: 50,
  BGN: 100,
  BRL: 50,
  CAD: 50,
  CHF: 50,
  COP: 50,
  CZK: 1_500,
  DKK: 250,
  EUR: 50,
  GBP: 30,
  HKD: 400,
  HUF: 17_500,
  IDR: 50,
  ILS: 50,
  INR: 50,
  JPY: 50,
  KRW: 50,
  MXN: 1_000,
  MYR: 200,
  NOK: 300,
  NZD: 50,
  PHP: 50,
  PLN: 200,
  RON: 200,
  RUB: 50,
  SEK: 300,
  SGD: 50,
  THB: 1_000,
  USD: 50,
  ZAR: 50,
};

const rules: CurrencyTable = {
  ...twoDecimals,
  ...zeroDecimals,
  ...wholeWithTwoDecimals,
  ...threeDecimals,
};

/** Stripe's rule for every currency that it takes. */
export const stripeCurrencies: CurrencyTable = Object.fromEntries(
  Object.entries(rules).map(([code, rule]) => [
    code,
    { ...rule, ...(smallest[code] === undefined ? {} : { smallest: smallest[code] }) },
  ]),
);

/** Amounts to and from Stripe. */
export const stripeAmounts = createAmounts(stripeCurrencies);
