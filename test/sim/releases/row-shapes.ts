/** Of what form rows are: every attribute and what is in it, with its type; names that are ids count as one. */
import { type Item, typeOf } from "../engine/values.ts";
import type { World } from "../scheduler/world.ts";

/** Names of the sources begin so; what is behind that, or begins otherwise, is somebody's id, a second or a number. */
const ownName = /^[a-z][A-Za-z]*/;

function* shapesIn(path: string, value: Item[string]): Generator<string> {
  const type = typeOf(value);
  yield `${path}: ${type}`;
  if (type === "L") for (const each of value as Item[string][]) yield* shapesIn(`${path}[]`, each);
  if (type === "M") yield* shapesOf(`${path}.`, value as Item);
}

function* shapesOf(path: string, item: Item): Generator<string> {
  for (const [name, value] of Object.entries(item)) {
    const own = ownName.exec(name)?.[0] ?? "";
    yield* shapesIn(`${path}${own}${own === name ? "" : "*"}`, value);
  }
}

/** Collects the shapes of all rows that are written in a world. */
export function collectShapes(world: World, into: Set<string>): void {
  world.observers.push(({ table, newImage }) => {
    for (const shape of shapesOf(`${table}.`, newImage ?? {})) into.add(shape);
  });
}
