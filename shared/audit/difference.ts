/** What differs between two states of an item, as steps that lead from one to the other. */
import { createHash } from "node:crypto";
import { stringify } from "safe-stable-stringify";
import { withoutPerson } from "../base/personal.ts";
import type { Row } from "../table/write.ts";

/** One attribute that was set to `value`, or removed where there is no value. */
export interface Step {
  readonly path: readonly string[];
  readonly value?: unknown;
}

/** How the item got there and how long it stays are no part of its state. */
const housekeeping = /^(?:change|cursor|ttlSeconds|releaseId|forcedId|edit\d)$/;
/** Maps whose entries are told one by one, because each has a life of its own. */
const maps = new Set(["due"]);
/** What people write stays out of the trail; its fingerprint tells whether it changed. */
const bodies = new Set(["content"]);

/** Sets have no form in JSON; in order, equal ones look equal. */
function plain(value: unknown): unknown {
  return value instanceof Set ? [...value].toSorted() : value;
}

/** What is left of a value that is too large to be told. */
function makeDigest(value: unknown): string {
  const text = typeof value === "string" ? value : (stringify(value) ?? "");
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function told(name: string, value: unknown): unknown {
  return bodies.has(name) ? makeDigest(value) : plain(value);
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

/** All steps of one entry together, in bytes of JSON: far below the 400 KB of an item. */
const maxStepsBytes = 128 * 1024;
/** Shorter values are told as they are, even in a large entry. */
const minDigestedBytes = 128;

const countBytes = (value: unknown): number => Buffer.byteLength(stringify(value) ?? "");

/**
 * The same steps in so few bytes that their entry can be kept: of a large change the largest values are told by
 * their digests, as many as need be, and of one with too many steps the digest of all of them. An entry with
 * digests tells that, when, by whom and where something changed; only what to has to be looked up elsewhere.
 */
export function boundSteps(steps: readonly Step[]): readonly Step[] {
  let bytes = countBytes(steps);
  if (bytes <= maxStepsBytes) return steps;
  const sizes = steps.map(({ value }, index) => ({ index, bytes: countBytes(value) }));
  const digested = new Set<number>();
  for (const each of sizes.toSorted((one, other) => other.bytes - one.bytes)) {
    if (bytes <= maxStepsBytes || each.bytes < minDigestedBytes) break;
    digested.add(each.index);
    bytes -= each.bytes - minDigestedBytes;
  }
  const bounded = steps.map((step, index) =>
    digested.has(index) ? { ...step, value: makeDigest(step.value) } : step,
  );
  return countBytes(bounded) <= maxStepsBytes
    ? bounded
    : [{ path: ["*"], value: makeDigest(steps) }];
}

/**
 * The steps from one state of an item to another; no item at all is the empty state. What tells of a person is no part
 * of it: an entry is kept for 90 days, and may be written long after the person was erased.
 */
export function stepsBetween(before: Row = {}, after: Row = {}): Step[] {
  return entriesBetween(withoutPerson(before), withoutPerson(after), []);
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
