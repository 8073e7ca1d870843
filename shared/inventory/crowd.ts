/** Knows how many calls of this process are at work on the same item at the moment. */

/** Counts who is at work on what. */
export interface Crowd {
  /** Runs `work`, telling it whether others were at work on this item already. */
  join<T>(itemId: string, work: (isCrowded: boolean) => Promise<T>): Promise<T>;
}

/** Makes an empty crowd. */
export function createCrowd(): Crowd {
  const present = new Map<string, number>();
  return {
    async join(itemId, work) {
      const others = present.get(itemId) ?? 0;
      present.set(itemId, others + 1);
      try {
        return await work(others > 0);
      } finally {
        const left = (present.get(itemId) ?? 1) - 1;
        if (left > 0) present.set(itemId, left);
        else present.delete(itemId);
      }
    },
  };
}
