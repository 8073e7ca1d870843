/** Amounts as people read them. */

const makeFormat = (currency: string) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency });

const countDigits = (currency: string): number =>
  makeFormat(currency).resolvedOptions().maximumFractionDigits ?? 2;

/** An amount in minor units, in the currency's own digits. */
export function formatMoney(amountMinor: number, currency: string): string {
  return makeFormat(currency).format(amountMinor / 10 ** countDigits(currency));
}

/** An amount in minor units as it is typed: `49.00`. */
export function formatAmount(amountMinor: number, currency: string): string {
  const digits = countDigits(currency);
  return (amountMinor / 10 ** digits).toFixed(digits);
}

/** What somebody typed, in minor units; undefined where it is no amount of that currency. */
export function parseAmount(typed: string, currency: string): number | undefined {
  const digits = countDigits(currency);
  const [, whole, , part = ""] = /^(\d{1,12})([.,](\d*))?$/.exec(typed.trim()) ?? [];
  if (whole === undefined || part.length > digits) return undefined;
  return Number(whole + part.padEnd(digits, "0"));
}
