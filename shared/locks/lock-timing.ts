/** What waiting and deciding depend on besides the store, where nothing else is handed in: the machine's own. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { silentLogger } from "../base/logger.ts";
import { systemClock } from "../base/time.ts";
import type { LockTiming } from "./lock-requests.ts";

/** A timer that an abort ends early, without an error. */
function interruptibleSleep(durationMs: number, signal?: AbortSignal): Promise<unknown> {
  return sleepMs(durationMs, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** Adds the machine's own clocks, timers and chance, and a logger that says nothing. */
export function completeTiming(given: Partial<LockTiming>): LockTiming {
  // A clock that a test moves is the only one that counts there.
  const steadyMs =
    given.clock && given.clock !== systemClock ? given.clock : () => performance.now();
  const defaults = { clock: systemClock, steadyMs, sleep: interruptibleSleep, random: Math.random };
  return { ...defaults, logger: silentLogger, ...given };
}
