/**
 * The currencies that Stripe takes and how it counts them, from its page "Supported currencies":
 * presentment currencies, zero-decimal and three-decimal currencies, special cases, and the minimum and
 * maximum charge amounts (docs.stripe.com/currencies).
 */
import { createAmounts, type CurrencyTable, rulesFor } from "./amounts.ts";

/** Amounts have at most eight digits, unless the page names another number for a currency. */
const largest = 99_999_999;

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
  AUD: 50,
  BGN: 100,
  BRL: 50,
  CAD: 50,
  CHF: 50,
  CZK: 1_500,
  DKK: 250,
  EUR: 50,
  GBP: 30,
  HKD: 400,
  HUF: 17_500,
  INR: 50,
  JPY: 50,
  MXN: 1_000,
  MYR: 200,
  NOK: 300,
  NZD: 50,
  PLN: 200,
  RON: 200,
  SEK: 300,
  SGD: 50,
  THB: 1_000,
  USD: 50,
};

/** Currencies of small units may have more digits. */
const moreDigits: Readonly<Record<string, number>> = {
  COP: 9_999_999_999,
  HUF: 9_999_999_999,
  IDR: 999_999_999_999,
  INR: 999_999_999,
  JPY: 9_999_999_999,
  LBP: 999_999_999_999,
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
    {
      ...rule,
      ...(smallest[code] === undefined ? {} : { smallest: smallest[code] }),
      largest: moreDigits[code] ?? largest,
    },
  ]),
);

/** Amounts to and from Stripe. */
export const stripeAmounts = createAmounts(stripeCurrencies);
