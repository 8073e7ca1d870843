/** A bucket that tokens run into at a steady rate: what a partition or a table still has to give at an instant. */

/** The rate of a bucket and how many tokens it holds when full. */
export interface BucketSize {
  readonly perSecond: number;
  readonly holds: number;
}

/**
 * DynamoDB's admission control is made of such buckets
 * (Elhemali et al., "Amazon DynamoDB", USENIX ATC 2022, section 4: a request is let in while there are
 * tokens). What a write costs is known only when it is done, so one that costs more than is left still goes
 * through and leaves a debt, which the next ones wait for: the rate holds on average, whatever the sizes.
 */
export class TokenBucket {
  #size: BucketSize;
  #tokens: number;
  #atMs: number;

  constructor(size: BucketSize, nowMs: number) {
    this.#size = size;
    this.#tokens = size.holds;
    this.#atMs = nowMs;
  }

  /** What is there at this instant; below zero it is a debt. */
  tokens(nowMs: number): number {
    const gained = (Math.max(0, nowMs - this.#atMs) / 1_000) * this.#size.perSecond;
    this.#tokens = Math.min(this.#size.holds, this.#tokens + gained);
    this.#atMs = Math.max(this.#atMs, nowMs);
    return this.#tokens;
  }

  /** Whether the least that a request can cost is there; with a backlog, so many units may be owed. */
  hasRoom(least: number, nowMs: number, backlog = 0): boolean {
    // The tolerance is for sums of binary fractions, which may miss a whole number by a hair.
    return this.tokens(nowMs) + backlog >= least - 1e-9;
  }

  take(units: number, nowMs: number): void {
    this.#tokens = this.tokens(nowMs) - units;
  }

  /** From now on of another size; what it holds more is there at once. */
  resize(size: BucketSize, nowMs: number): void {
    this.#tokens = this.tokens(nowMs) + size.holds - this.#size.holds;
    this.#size = size;
  }
}
