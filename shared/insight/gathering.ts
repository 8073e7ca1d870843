/**
 * Gathers in the memory of a process what leaves no trace in any table: refusals, conflicts and waits. A crowd that is
 * refused a million times costs requests for each process and ten seconds, and none for each refusal.
 */
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { floorToMinute, wholeShop } from "./contention.ts";
import { addContention } from "./contention-store.ts";
import type { Wanted } from "./granted.ts";
import { countDurations } from "./histogram.ts";
import { addRefused, type RefusedRequest } from "./refused.ts";
import { createTally } from "./tally.ts";

/** What gathering is made of. */
export interface GatheringOptions {
  readonly database: Pick<Database, "apply">;
  readonly clock: Clock;
}

/** A process remembers so many things and minutes; what is counted of more is counted together. */
export const mostGathered = 200;
/** It writes so many rows at once, those of which most was counted. */
export const mostWritten = 25;
/** And no more often than that, in milliseconds. */
export const gatheringMs = 10_000;

/** Makes the gathering of a process. */
export function createGathering({ database, clock }: GatheringOptions) {
  const tally = createTally(mostGathered);
  let writtenMs = -Infinity;

  const locate = ([kind, resource]: Wanted) => ({
    kind,
    resource,
    minuteMs: floorToMinute(clock()),
  });

  return {
    /** A request was refused. */
    refused: (request: RefusedRequest): void => addRefused(tally, request, clock()),

    /** Transactions of others were met, about this thing if it is known. */
    met(conflicts: number, about?: Wanted): void {
      if (conflicts === 0) return;
      tally.add(locate(["shop", wholeShop]), { conflicts });
      if (about) tally.add(locate(about), { conflicts });
    },

    /** Somebody waited for a thing, in vain or not. */
    waited(waitedMs: number, about: Wanted): void {
      const counts = { waits: countDurations([waitedMs]) };
      for (const each of [["shop", wholeShop] as const, about]) tally.add(locate(each), counts);
    },

    /**
     * Writes what was gathered, if there is something and it is time: at most 25 requests side by side, at most every ten
     * seconds. What cannot be written is lost; never throws.
     */
    async writeIfDue(): Promise<void> {
      if (tally.size() === 0 || clock() - writtenMs < gatheringMs) return;
      writtenMs = clock();
      await addContention(database, tally.take(mostWritten));
    },
  };
}
