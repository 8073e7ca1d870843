/** How much of an exhaustive test is done: a part in `npm test`, all of it in `npm run test:full`. */

/** True in a full run: for tests that are long and stand beside shorter ones of their kind. */
export const isFull = process.env["HOLDFAST_EFFORT"] === "full";

/** `all` in a full run, else `part`, which must be enough to notice most of what can break. */
export function effort({ part, all }: { part: number; all: number }): number {
  return isFull ? all : part;
}
