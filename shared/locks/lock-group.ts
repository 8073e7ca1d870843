/** Locks that are taken, kept and given back together: which names go together, and the rows above them. */
import { HoldfastError, InvalidRequest } from "../base/errors.ts";
import { checkLimits, type LockHeld, type LockProof, type LockScope, namesAbove } from "./lock.ts";
import type { AtLeastOne } from "./tree-lock-store.ts";

/** What a name is called among locks of every kind: no document or cart has a lock of this name. */
export const nameResource = (name: string): string => `name:${name}`;

/** The name behind such a lock. */
export const parseName = (resource: string): string => resource.slice(nameResource("").length);

/** Most locks of one group. */
const maxGroupSize = 20;
/** Most rows of one group, those above its names included; a transaction of DynamoDB takes 100, and one counts. */
const maxGroupRows = 99;

/** The names above these locks, each with the locks that it is above. */
export function groupByNameAbove<Each extends Pick<LockProof, "resource">>(
  locks: readonly Each[],
): [above: string, locks: AtLeastOne<Each>][] {
  const found = new Map<string, [Each, ...Each[]]>();
  for (const lock of locks) {
    for (const above of namesAbove(lock.resource)) {
      const known = found.get(above);
      if (known) known.push(lock);
      else found.set(above, [lock]);
    }
  }
  return [...found];
}

function findProblem(
  resources: readonly string[],
  scope: LockScope | undefined,
): string | undefined {
  if (resources.length === 0 || resources.length > maxGroupSize) {
    return `must be 1 to ${maxGroupSize} names`;
  }
  const names = new Set(resources);
  if (names.size < resources.length) return "must all be different";
  if (scope !== "tree") return undefined;
  const above = new Set(resources.flatMap(namesAbove));
  if (resources.some((name) => above.has(name))) return "must not lie above one another";
  return names.size + above.size > maxGroupRows ? `must have fewer levels altogether` : undefined;
}

/** Somebody else has one of the names; nothing was changed. Says which, and who has it. */
export class NameHeld extends HoldfastError {
  constructor({ lock, code, message, fields }: LockHeld) {
    super(code, message, { ...fields, name: parseName(lock.resource) });
  }
}

/** @throws InvalidRequest naming what is wrong with the names or the lease; nothing was read or written */
export function checkGroup(group: {
  readonly names: readonly string[];
  readonly scope?: LockScope | undefined;
  readonly leaseMs?: number | undefined;
}): void {
  const { names, scope, leaseMs } = group;
  const resources = names.map(nameResource);
  const message = findProblem(resources, scope);
  if (message) throw new InvalidRequest([{ path: "names", message }]);
  for (const resource of resources) checkLimits({ resource, scope, leaseMs });
}
