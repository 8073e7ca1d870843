/** Cuts an item down to the paths that a projection names. */
import { valueAt } from "./condition.ts";
import type { Path } from "./scope.ts";
import { type Item, isMap, type Value } from "./values.ts";

/** Nodes of the projected document; list positions are kept apart until all paths are in. */
type Draft = Map<string | number, Draft | { readonly whole: Value }>;

function add(draft: Draft, path: Path, value: Value): void {
  const [segment, ...rest] = path;
  if (rest.length === 0) {
    draft.set(segment!, { whole: value });
    return;
  }
  const inner = draft.get(segment!);
  const next = inner instanceof Map ? inner : new Map();
  draft.set(segment!, next);
  add(next, rest, value);
}

function build(draft: Draft): Value {
  const entries = [...draft].map(
    ([segment, part]) => [segment, part instanceof Map ? build(part) : part.whole] as const,
  );
  if (typeof entries[0]?.[0] === "number") {
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
  }
  return Object.fromEntries(entries);
}

/** The parts of the item at these paths; list elements close up, in their old order. */
export function projected(item: Item, paths: readonly Path[]): Item {
  const draft: Draft = new Map();
  for (const path of paths) {
    const value = valueAt(item, path);
    if (value !== undefined) add(draft, path, value);
  }
  const result = build(draft);
  return isMap(result) ? result : {};
}
