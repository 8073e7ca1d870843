/** Remembers a bounded number of things by key, the latest ones; a hint, never a truth. */

/** A small memory; what was not used for longest is forgotten first. */
export interface Memory<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
}

/** Makes a memory for at most `capacity` keys. */
export function createMemory<T>(capacity = 1_000): Memory<T> {
  const values = new Map<string, T>();
  return {
    get: (key) => values.get(key),
    set(key, value) {
      // A map keeps the order of insertion: deleting first moves the key to the young end.
      values.delete(key);
      values.set(key, value);
      const [oldest] = values.keys();
      if (values.size > capacity && oldest !== undefined) values.delete(oldest);
    },
  };
}
