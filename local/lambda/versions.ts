/** The versions of one function, and which of them runs an invocation. */
import type { WorkerPool } from "./worker-pool.ts";

/** What a function's workers are told beside what the template says. */
export type Environment = Readonly<Record<string, string>>;

/** The versions of one function. */
export interface Versions {
  /** The workers for one invocation, and, while there are two versions, the name of theirs. */
  pick(): { readonly pool: WorkerPool; readonly version?: string };
  pools(): readonly WorkerPool[];
}

/** Makes the versions of a function: the one of the template alone. */
export function createVersions(
  version: string,
  startPool: (version: string, environment?: Environment) => WorkerPool,
): Versions {
  const usual = startPool(version);
  return { pick: () => ({ pool: usual }), pools: () => [usual] };
}
