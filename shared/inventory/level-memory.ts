/** Remembers the levels of the items seen last; a hint that saves a request, never a truth. */
import type { Levels } from "./movement.ts";

/** A small memory of levels by item. */
export interface LevelMemory {
  get(itemId: string): Levels | undefined;
  set(itemId: string, levels: Levels): void;
}

/** Makes a memory for at most `capacity` items; what was written longest ago is forgotten first. */
export function createLevelMemory(capacity = 1_000): LevelMemory {
  const levelsById = new Map<string, Levels>();
  return {
    get: (itemId) => levelsById.get(itemId),
    set(itemId, levels) {
      // A map keeps the order of insertion: deleting first moves the item to the young end.
      levelsById.delete(itemId);
      levelsById.set(itemId, levels);
      const [oldest] = levelsById.keys();
      if (levelsById.size > capacity && oldest !== undefined) levelsById.delete(oldest);
    },
  };
}
