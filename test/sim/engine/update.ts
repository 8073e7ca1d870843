/** Applies an update expression to an item; the old item stays as it is. */
import { valueAt } from "./condition.ts";
import { Faults, invalid } from "./errors.ts";
import type { Operand, PathNode, UpdateTree } from "./expression-parser.ts";
import type { Path, Scope } from "./scope.ts";
import { isMap, type Item, typeOf, type Value } from "./values.ts";

type Edit =
  | { readonly path: Path; readonly value: Value }
  | { readonly path: Path; readonly value?: undefined };

function wrongType(): never {
  return invalid("An operand in the update expression has an incorrect data type");
}

function wrongPath(): never {
  return invalid("The document path provided in the update expression is invalid for update");
}

/** The value of an operand in the item as it was before the update. */
function evaluate(scope: Scope, item: Item, operand: Operand): Value {
  if (operand.kind === "value") return scope.valueOf(operand);
  if (operand.kind === "path") {
    const value = valueAt(item, scope.pathOf(operand));
    if (value !== undefined) return value;
    return invalid(
      "The provided expression refers to an attribute that does not exist in the item",
    );
  }
  const [first, second] = operand.args;
  if (operand.name === "if_not_exists") {
    const value = first!.kind === "path" ? valueAt(item, scope.pathOf(first!)) : undefined;
    return value ?? (value === null ? null : evaluate(scope, item, second!));
  }
  const [head, tail] = [evaluate(scope, item, first!), evaluate(scope, item, second!)];
  if (!Array.isArray(head) || !Array.isArray(tail)) return wrongType();
  return [...(head as Value[]), ...(tail as Value[])];
}

type Assigned = UpdateTree["set"][number];
type Operation = UpdateTree["add"][number];

function assignment(scope: Scope, item: Item, { path, left, sign, right }: Assigned): Edit {
  const value = evaluate(scope, item, left);
  if (!sign) return { path: scope.pathOf(path), value };
  const other = evaluate(scope, item, right!);
  if (typeof value !== "number" || typeof other !== "number") return wrongType();
  return { path: scope.pathOf(path), value: sign === "+" ? value + other : value - other };
}

function addition(scope: Scope, item: Item, { path, value: node }: Operation): Edit {
  const resolved = scope.pathOf(path);
  const [old, added] = [valueAt(item, resolved), scope.valueOf(node)];
  if (old === undefined) return { path: resolved, value: added };
  if (typeOf(old) !== typeOf(added)) return wrongType();
  if (typeof old === "number") return { path: resolved, value: old + (added as number) };
  const union = new Set([...(old as Set<string>), ...(added as Set<string>)]);
  return { path: resolved, value: union };
}

function subtraction(scope: Scope, item: Item, { path, value: node }: Operation): Edit {
  const resolved = scope.pathOf(path);
  const [old, taken] = [valueAt(item, resolved), scope.valueOf(node) as Set<string>];
  if (old === undefined) return { path: resolved };
  if (typeOf(old) !== typeOf(taken)) return wrongType();
  const left = new Set([...(old as Set<string>)].filter((part) => !taken.has(part)));
  return left.size > 0 ? { path: resolved, value: left } : { path: resolved };
}

/** Works out every action on the old item; where several are wrong, all of that is reported. */
function editsOf(scope: Scope, tree: UpdateTree, item: Item, keyNames: readonly string[]): Edit[] {
  const faults = new Faults();
  const target = (path: Path): void => checkTarget(item, path, keyNames);
  const steps: [PathNode, () => Edit][] = [
    ...tree.set.map((part): [PathNode, () => Edit] => [
      part.path,
      () => assignment(scope, item, part),
    ]),
    ...tree.add.map((part): [PathNode, () => Edit] => [
      part.path,
      () => addition(scope, item, part),
    ]),
    ...tree.delete.map((part): [PathNode, () => Edit] => [
      part.path,
      () => subtraction(scope, item, part),
    ]),
    ...tree.remove.map((path): [PathNode, () => Edit] => [
      path,
      () => ({ path: scope.pathOf(path) }),
    ]),
  ];
  const edits = steps.flatMap(([node, make]) => {
    faults.attempt(() => target(scope.pathOf(node)));
    return faults.attempt(make) ?? [];
  });
  faults.raise();
  return edits;
}

/** The target may not be part of the key, and must have a place to go to. */
function checkTarget(item: Item, path: Path, keyNames: readonly string[]): void {
  const [first] = path;
  if (keyNames.includes(first as string)) {
    invalid(
      `One or more parameter values were invalid: Cannot update attribute ${first}. This attribute is part of the key`,
    );
  }
  if (path.length > 1) parentOf(item, path);
}

/** Checks that the path's parent is there and of the right kind. */
function parentOf(item: Item, path: Path): void {
  const parent = valueAt(item, path.slice(0, -1));
  const fits = typeof path.at(-1) === "number" ? Array.isArray(parent) : isMap(parent);
  if (!fits) wrongPath();
}

/** Copies the containers along the path and puts the value at its end. */
function withValue(container: Value | undefined, path: Path, value: Value): Value {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (typeof segment === "number") {
    const list = [...(container as Value[])];
    if (rest.length === 0 && segment >= list.length) list.push(value);
    else list[segment] = withValue(list[segment], rest, value);
    return list;
  }
  const map = container as Item;
  return { ...map, [segment]: withValue(map[segment], rest, value) };
}

/** Takes a value out of its map; in a list it leaves a gap, so that later positions still fit. */
function withoutValue(container: Value | undefined, path: Path): Value {
  const [segment, ...rest] = path;
  if (typeof segment === "number") {
    // slice keeps the gaps of earlier removals, a spread would not.
    const list = (container as Value[]).slice();
    if (segment >= list.length) return list;
    if (rest.length === 0) delete list[segment];
    else list[segment] = withoutValue(list[segment], rest);
    return list;
  }
  const map = container as Item;
  if (rest.length > 0) return { ...map, [segment!]: withoutValue(map[segment!], rest) };
  const { [segment!]: _gone, ...others } = map;
  return others;
}

/** Closes the gaps that removals left in lists. */
function closeGaps(item: Item, path: Path): Item {
  const parent = path.slice(0, -1);
  const list = valueAt(item, parent);
  if (!Array.isArray(list)) return item;
  const dense = (list as Value[]).filter((_element, index) => index in list);
  return withValue(item, parent, dense) as Item;
}

function listPosition(path: Path): number {
  const last = path.at(-1);
  return typeof last === "number" ? last : 0;
}

/**
 * The item after the update. All values come from the item as it was before; removals from a list
 * and additions to it count positions in the old list.
 */
export function updated(
  scope: Scope,
  tree: UpdateTree,
  item: Item,
  keyNames: readonly string[],
): Item {
  const edits = editsOf(scope, tree, item, keyNames);
  let result = item;
  const sets = edits.filter((edit) => edit.value !== undefined);
  for (const { path, value } of sets.toSorted(
    (a, b) => listPosition(a.path) - listPosition(b.path),
  )) {
    result = withValue(result, path, value as Value) as Item;
  }
  const gone = edits.filter((edit) => edit.value === undefined).map(({ path }) => path);
  for (const path of gone) result = withoutValue(result, path) as Item;
  for (const path of gone) {
    if (typeof path.at(-1) === "number") result = closeGaps(result, path);
  }
  return result;
}
