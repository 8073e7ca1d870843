/**
 * The currencies that Razorpay takes and how it counts them: its list of supported currencies with their
 * exponents (razorpay.com/docs/payments/international-payments), the note on currencies of no and of
 * three decimals in "Create an order" (razorpay.com/docs/api/orders/create). The rupee's minimum is
 * documented there, too; those of other currencies are not, and are what its checkout has let through: another
 * refusal comes when a payment starts. No maximum is told: it is the account's own.
 */
import { createAmounts, type CurrencyTable, rulesFor } from "./amounts.ts";

const twoDecimals = rulesFor(
  `AED ALL AMD ARS AUD AWG BBD BDT BMD BND BOB BSD BWP BZD CAD CHF CNY COP CRC CUP CZK DKK DOP DZD EGP
  ETB EUR FJD GBP GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LKR LRD
  LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR NAD NGN NIO NOK NPR NZD PEN PGK PHP PKR QAR RUB SAR
  SCR SEK SGD SLL SOS SSP SVC SZL THB TTD TZS USD UYU UZS YER ZAR`,
  { decimals: 2 },
);

/** Added in May 2024: the yen is sent whole, the dinars and the rial with three decimals, the last a 0. */
const otherDecimals: CurrencyTable = {
  JPY: { decimals: 0 },
  ...rulesFor("BHD KWD OMR", { decimals: 3, step: 10 }),
};

/** The least amounts, in Razorpay's own units; a rupee, and what the checkout demands of others. */
const smallest: Readonly<Record<string, number>> = {
  AUD: 50,
  CAD: 50,
  CHF: 50,
  DKK: 250,
  EUR: 50,
  GBP: 30,
  HKD: 400,
  INR: 100,
  NOK: 300,
  NZD: 50,
  SEK: 300,
  SGD: 50,
  USD: 50,
};

/** Razorpay's rule for every currency that it takes. */
export const razorpayCurrencies: CurrencyTable = Object.fromEntries(
  Object.entries({ ...twoDecimals, ...otherDecimals }).map(([code, rule]) => [
    code,
    { ...rule, ...(smallest[code] === undefined ? {} : { smallest: smallest[code] }) },
  ]),
);

/** Amounts to and from Razorpay. */
export const razorpayAmounts = createAmounts(razorpayCurrencies);
