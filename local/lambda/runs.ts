/** How many runs of functions AWS allows at once: what is kept for one function, and what an account's others share. */

/** Runs that a function may have at once, its own or those that it shares with others. */
export interface Runs {
  /** Takes one if one is free; give it back when it is over. */
  take(): boolean;
  /** Takes one as soon as one is free, in order of arrival. */
  wait(): Promise<void>;
  give(): void;
}

/** Lambda refuses an invocation: no run is free, and nobody keeps the event. */
export class Throttled extends Error {}

/** Makes so many runs. */
export function createRuns(most: number): Runs {
  let free = most;
  const waiting: (() => void)[] = [];
  const take = (): boolean => {
    if (free < 1) return false;
    free -= 1;
    return true;
  };
  return {
    take,
    async wait() {
      if (take()) return;
      await new Promise<void>((settle) => {
        waiting.push(settle);
      });
    },
    give() {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    },
  };
}
