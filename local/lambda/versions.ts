/** The versions of one function, and which of them runs an invocation. */
import type { WorkerPool } from "./worker-pool.ts";

/** What a function's workers are told beside what the template says. */
export type Environment = Readonly<Record<string, string>>;

/** One of a function's versions. */
interface Version {
  readonly pool: WorkerPool;
  readonly version: string;
}

/** The versions of one function. */
export interface Versions {
  /** The workers for one invocation, and, while there are two versions, the name of theirs. */
  pick(): { readonly pool: WorkerPool; readonly version?: string };
  /**
   * Gives a share of all invocations, one in so many, to a build that is told something else. It has the name that the
   * template's has, as in the template of its own deployment; the one before is the template's, called 0.
   */
  begin(percent: number, environment: Environment): void;
  /** The template's version alone again. */
  end(): void;
  pools(): readonly WorkerPool[];
}

/** Makes the versions of a function: the one of the template alone. */
export function createVersions(
  version: string,
  startPool: (version: string, environment?: Environment) => WorkerPool,
): Versions {
  const usual = startPool(version);
  const pools = [usual];
  let both: { earlier: Version; newer: Version; percent: number; due: number } | undefined;

  function open(name: string, environment?: Environment): Version {
    const pool = startPool(name, environment);
    pools.push(pool);
    return { pool, version: name };
  }

  return {
    pick() {
      if (!both) return { pool: usual };
      both.due += both.percent;
      if (both.due < 100) return both.earlier;
      both.due -= 100;
      return both.newer;
    },
    begin(percent, environment) {
      both = { earlier: open("0"), newer: open(version, environment), percent, due: 0 };
    },
    end() {
      both = undefined;
    },
    pools: () => pools,
  };
}
