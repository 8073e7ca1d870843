/** One invocation of a function: which version runs it, whether there is a run for it, and what is measured of it. */
import type { MeasuredInvocation } from "../observe/measuring.ts";
import type { InvocationOutcome } from "./execution.ts";
import { type Runs, Throttled } from "./runs.ts";
import type { Versions } from "./versions.ts";
import type { InvokeOptions } from "./worker-pool.ts";

/** What an invocation takes: the function's workers, and the runs that it may have. */
export interface Use {
  readonly logicalId: string;
  readonly versions: Versions;
  readonly runs: Runs;
  /** The alias that it is called by, if it is. */
  readonly alias?: string;
  onInvocation(measured: MeasuredInvocation): void;
}

/** Runs a function once there is a run for it. @throws Throttled when there is none and the caller waits. */
export async function runOnce(
  { logicalId, versions, runs, alias, onInvocation }: Use,
  event: string,
  asked: InvokeOptions = {},
): Promise<InvocationOutcome> {
  const { pool, version } = versions.pick();
  const what = {
    logicalId,
    ...(alias !== undefined && { alias }),
    ...(alias !== undefined && version !== undefined && { version }),
  };
  if (!asked.isSynchronous) await runs.wait();
  else if (!runs.take()) {
    onInvocation({ ...what, durationMs: 0, failed: false, throttled: true });
    throw new Throttled(`${logicalId} has no run free`);
  }
  const startedMs = performance.now();
  try {
    const outcome = await pool.invoke(event, asked);
    const durationMs = performance.now() - startedMs;
    onInvocation({ ...what, durationMs, failed: outcome.error !== undefined });
    return outcome;
  } finally {
    runs.give();
  }
}
