/** A clock that stands still until a test moves it. */
import { type Clock, type EpochMs, epochMs } from "../../shared/base/time.ts";

export interface TestClock {
  readonly clock: Clock;
  /** Moves on by this many milliseconds. */
  advance(durationMs: number): void;
  /** Moves on to this instant; never back. */
  to(atMs: number): void;
}

export function createTestClock(startMs = 1_800_000_000_000): TestClock {
  let nowMs: EpochMs = epochMs(startMs);
  return {
    clock: () => nowMs,
    advance(durationMs) {
      nowMs = epochMs(nowMs + durationMs);
    },
    to(atMs) {
      nowMs = epochMs(Math.max(nowMs, atMs));
    },
  };
}
