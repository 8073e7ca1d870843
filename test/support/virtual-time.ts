/** Time that passes only when a test says so, with sleepers that wake in their order. */
import { type Clock, epochMs } from "../../shared/base/time.ts";

export interface VirtualTime {
  readonly clock: Clock;
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  /** Lets this much time pass, waking whoever is due, and lets them finish what they do then. */
  pass(durationMs: number): Promise<void>;
  /** What nobody can set; stands still while the machine is asleep. */
  readonly steadyMs: () => number;
  /** Moves the clock without waking anybody, as a machine that was asleep. */
  jump(durationMs: number): void;
  /** Sets the clock back; whoever waits, waits as long as before. */
  setBack(durationMs: number): void;
}

interface Sleeper {
  dueMs: number;
  readonly wake: () => void;
}

/** Long enough for a chain of promises to settle; nothing here waits for anything real. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

export function createVirtualTime(startMs = 1_800_000_000_000): VirtualTime {
  let nowMs = startMs;
  /** How far the wall clock is ahead of the steady one. */
  let aheadMs = 0;
  const sleepers = new Set<Sleeper>();

  return {
    clock: () => epochMs(nowMs),
    sleep(durationMs, signal) {
      return new Promise((resolve) => {
        const sleeper = { dueMs: nowMs + durationMs, wake };
        function wake(): void {
          sleepers.delete(sleeper);
          resolve();
        }
        if (signal?.aborted) return wake();
        sleepers.add(sleeper);
        signal?.addEventListener("abort", wake, { once: true });
      });
    },
    async pass(durationMs) {
      const endMs = nowMs + durationMs;
      for (;;) {
        await settle();
        const [next] = [...sleepers]
          .filter(({ dueMs }) => dueMs <= endMs)
          .toSorted((one, other) => one.dueMs - other.dueMs);
        if (!next) break;
        nowMs = Math.max(nowMs, next.dueMs);
        next.wake();
      }
      nowMs = endMs;
      await settle();
    },
    steadyMs: () => nowMs - aheadMs,
    jump(durationMs) {
      nowMs += durationMs;
      aheadMs += durationMs;
    },
    setBack(durationMs) {
      nowMs -= durationMs;
      aheadMs -= durationMs;
      for (const sleeper of sleepers) sleeper.dueMs -= durationMs;
    },
  };
}
