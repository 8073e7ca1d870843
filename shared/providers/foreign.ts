/** What is taken of names that providers give: what is longer, or no currency, is not what they say it is. */
import * as z from "zod";

/** A provider's name for something of its own. */
export const foreignId = z.string().min(1).max(255);

/** The three letters of ISO 4217, in either case: nothing else is kept as a currency. */
export const currencyCode = z.string().regex(/^[a-z]{3}$/i);

/** Our words for a provider's own: what it never says, `constructor` among it, has none. */
export function foreignWords<Word>(
  words: Readonly<Record<string, Word>>,
): Readonly<Record<string, Word>> {
  return Object.assign(Object.create(null) as Record<string, Word>, words);
}
