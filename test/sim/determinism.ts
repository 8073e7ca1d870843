/** Makes the ids that the product draws at random follow from the seed, while a simulation runs. */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { type Random, seededRandom } from "./random.ts";

let source: Random = seededRandom(0);
let isReplaced = false;

function seededUuid(): `${string}-${string}-${string}-${string}-${string}` {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => source.int(0, 15).toString(16)).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

/**
 * From now on `randomUUID` draws from this seed. The replacement stays for the life of the process,
 * which does nothing but simulate.
 */
export function drawIdsFrom(random: Random): void {
  source = random;
  if (isReplaced) return;
  isReplaced = true;
  (crypto as { randomUUID: () => string }).randomUUID = seededUuid;
  syncBuiltinESMExports();
}
