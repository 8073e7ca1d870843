/** How Mercado Pago counts money: decimal numbers. */
import { createAmounts, type CurrencyTable } from "./amounts.ts";

/**
 * The currencies of the countries where it works; an account has one of them. It wants pesos of Chile and
 * Colombia without decimals (github.com/mercadopago/cart-woocommerce pull 32, github.com/odoo/odoo pulls 124162 and
 * 191191). Its least and largest amounts depend on the way of paying that a shopper picks there, so none are here.
 */
export const mercadopagoCurrencies: CurrencyTable = {
  ARS: { decimals: 2 },
  BRL: { decimals: 2 },
  CLP: { decimals: 0 },
  COP: { decimals: 0 },
  MXN: { decimals: 2 },
  PEN: { decimals: 2 },
  UYU: { decimals: 2 },
};

/** What comes of these. */
export const mercadopagoAmounts = createAmounts(mercadopagoCurrencies);
const countDecimals = (currency: string): number => mercadopagoCurrencies[currency]?.decimals ?? 2;

/** Its amounts are decimal numbers: 1999 cents go out as 19.99. */
export const toDecimal = (amount: number, currency: string): number =>
  Number((amount / 10 ** countDecimals(currency)).toFixed(countDecimals(currency)));

/** Our minor units in one of its decimal numbers; undefined when it has more decimals than the currency. */
export function fromDecimal(decimal: number, currency: string): number | undefined {
  const amount = Number((decimal * 10 ** countDecimals(currency)).toFixed(4));
  return Number.isSafeInteger(amount)
    ? mercadopagoAmounts.fromProvider(amount, currency)
    : undefined;
}
