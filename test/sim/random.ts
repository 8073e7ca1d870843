/** Seeded randomness: the same seed gives the same run, on every machine. */

/** A stream of random choices. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
  /** An independent stream; what is drawn from it does not disturb this one. */
  fork(): Random;
}

/** SplitMix-like scrambling of a seed, so that neighbouring seeds have nothing in common. */
function scramble(seed: number): number {
  let z = (seed + 0x9e_37_79_b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85_eb_ca_6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2_b2_ae_35);
  return (z ^ (z >>> 16)) >>> 0;
}

/** Mulberry32 over a scrambled seed: small, fast and good enough to choose schedules. */
export function seededRandom(seed: number): Random {
  let state = scramble(scramble(seed) ^ Math.floor(seed / 0x1_00_00_00_00));
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_00_00_00_00;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[int(0, choices.length - 1)]!,
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries(weights) as [K, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        left -= weight;
        if (left < 0) return key;
      }
      return entries.at(-1)![0];
    },
    fork: () => seededRandom(int(0, 0x7f_ff_ff_ff)),
  };
}
