/** What one minor unit is: how many decimals ISO 4217 gives each currency. */

/** ISO 4217, list one: the currencies that have another number of decimals than two. */
const exceptions: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const decimals = new Map(
  Object.entries(exceptions).flatMap(([digits, codes]) =>
    codes.split(" ").map((code) => [code, Number(digits)] as const),
  ),
);

/**
 * The decimals of a currency by ISO 4217, which is what every `amountMinor` here counts: 1 is a yen, a
 * cent, or a thousandth of a dinar. Not `Intl`: it follows CLDR, which shows ariary, dinars of Iraq and
 * others without the decimals that ISO gives them.
 */
export function findIsoDecimals(currency: string): number {
  return decimals.get(currency) ?? 2;
}
