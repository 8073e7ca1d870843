/**
 * The one currency that Wompi takes in Colombia: pesos, told in cents that must be whole pesos, from
 * 1,500 pesos on (docs.wompi.co, and "Manejo de los centavos en los montos" on soporte.wompi.co).
 */
import { createAmounts, type CurrencyTable } from "./amounts.ts";

/** Wompi's rule for its currency. */
export const wompiCurrencies: CurrencyTable = {
  COP: { decimals: 2, step: 100, smallest: 150_000 },
};

/** Amounts to and from Wompi. */
export const wompiAmounts = createAmounts(wompiCurrencies);
