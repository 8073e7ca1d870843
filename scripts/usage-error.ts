/** What a command says to what it does not know. */

/** It was told something that it does not know; the message says in one line what there is. */
export class UsageError extends Error {}

/**
 * A whole number from 1 on.
 *
 * @throws UsageError for anything else
 */
export function parseCount(name: string, text: string | undefined, least = 1): number {
  const value = Number(text);
  if (text !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} is a whole number from ${least} on, not ${text}`);
}
