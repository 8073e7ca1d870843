/** What differs between two states of an item, as steps that lead from one to the other. */
import { createHash } from "node:crypto";
import { stringify } from "safe-stable-stringify";
import type { Row } from "../table/write.ts";

/** One attribute that was set to `value`, or removed where there is no value. */
export interface Step {
  readonly path: readonly string[];
  readonly value?: unknown;
}

/** How the item got there and how long it stays are no part of its state. */
const housekeeping = /^(?:change|ttlSeconds|releaseId|forcedId|edit\d)$/;
/** Maps whose entries are told one by one, because each has a life of its own. */
const maps = new Set(["due"]);
/** What people write stays out of the trail; its fingerprint tells whether it changed. */
const bodies = new Set(["content"]);

/** Sets have no form in JSON; in order, equal ones look equal. */
function plain(value: unknown): unknown {
  return value instanceof Set ? [...value].toSorted() : value;
}

function told(name: string, value: unknown): unknown {
  if (!bodies.has(name)) return plain(value);
  const text = typeof value === "string" ? value : (stringify(value) ?? "");
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function isSame(one: unknown, other: unknown): boolean {
  return stringify(plain(one)) === stringify(plain(other));
}

function isMap(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entriesBetween(before: Row, after: Row, path: readonly string[]): Step[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name): Step[] => {
    if (path.length === 0 && housekeeping.test(name)) return [];
    const [was, is] = [before[name], after[name]];
    if (isSame(was, is)) return [];
    const here = [...path, name];
    if (is === undefined) return [{ path: here }];
    if (maps.has(name) && path.length === 0 && isMap(is)) {
      const begin = was === undefined ? [{ path: here, value: {} }] : [];
      return [...begin, ...entriesBetween(isMap(was) ? was : {}, is, here)];
    }
    return [{ path: here, value: told(name, is) }];
  });
}

/** The steps from one state of an item to another; no item at all is the empty state. */
export function stepsBetween(before: Row = {}, after: Row = {}): Step[] {
  return entriesBetween(before, after, []);
}

/** The state after these steps; the empty state is where every item begins and ends. */
export function afterSteps(state: Row, steps: readonly Step[]): Row {
  const next: Record<string, unknown> = structuredClone(state);
  for (const { path, value } of steps) {
    const last = path.at(-1)!;
    const parent = path.slice(0, -1).reduce<Record<string, unknown>>((node, name) => {
      node[name] ??= {};
      return node[name] as Record<string, unknown>;
    }, next);
    if (value === undefined) delete parent[last];
    // What a later step changes inside of it must not change this step.
    else parent[last] = structuredClone(value);
  }
  return next;
}
