/** What a walk through the providers' books has come to, in words and as the exit code of the command. */
import type { Reconciled } from "../../shared/payments/reconciling/reconcile-service.ts";

/** What is told of a walk while it goes on, and at its end. */
export interface Verdict {
  /** 0: the books agree; 1: they differ; 2: as far as they were compared they agree, but not all could be. */
  readonly code: 0 | 1 | 2;
  readonly text: string;
}

const count = (counted: number, one: string, many: string): string =>
  `${counted} ${counted === 1 ? one : many}`;

/** Adds the runs of a walk up. */
export function createTally() {
  let [checked, settled, differing] = [0, 0, 0];
  const unreachable = new Map<string, string>();
  return {
    /** Takes one run in; hands out how far the walk is. */
    add(run: Omit<Reconciled, "cursor">): string {
      checked += run.checked;
      settled += run.settled;
      differing += run.differences.length;
      for (const { provider, reason } of run.unreachable) unreachable.set(provider, reason);
      return `${count(checked, "payment", "payments")} checked, ${settled} settled`;
    },

    judge(): Verdict {
      const told = [...unreachable].map(([provider, reason]) => `${provider} (${reason})`);
      const missing = told.length > 0 ? `not compared: ${told.join(", ")}` : undefined;
      if (differing > 0) {
        const text = `${count(differing, "difference", "differences")}, each on a line above`;
        return { code: 1, text: missing ? `${text}; ${missing}` : text };
      }
      if (missing) return { code: 2, text: `No differences, but ${missing}. Walk again later` };
      return { code: 0, text: "The books agree" };
    },
  };
}
