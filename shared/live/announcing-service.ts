/** Finds out whether anybody listens to what happened, and hands it on if so: two requests a batch at the most. */
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { ItemChange } from "../table/stream.ts";
import { tellActivity } from "./activity.ts";
import { collectFacts } from "./fact.ts";
import type { Fact } from "./live.ts";
import { findHeard } from "./subscription-store.ts";

/** What announcing is made of. */
export interface AnnouncingOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** So many bytes of facts are handed on at once: Lambda takes 256 KB of an event that nobody waits for. */
const mostBytes = 200_000;

/** The facts in parcels that can be handed on; one that is too large for any is left out, being a hint. */
function parcel(facts: readonly Fact[]): Fact[][] {
  const parcels: Fact[][] = [];
  let left = 0;
  for (const fact of facts) {
    const bytes = Buffer.byteLength(JSON.stringify(fact));
    if (bytes > mostBytes) continue;
    if (bytes > left) {
      parcels.push([]);
      left = mostBytes;
    }
    parcels.at(-1)!.push(fact);
    left -= bytes;
  }
  return parcels;
}

/** Makes the service. */
export function createAnnouncingService({ database, clock }: AnnouncingOptions) {
  return {
    /**
     * What of a batch somebody listens to, in parcels to be handed on. One request for each hundred topics that
     * the batch touches, none where it touches none; topics are only looked up, never those who listen.
     *
     * @example for (const parcel of await announcing.gather(changes)) await handOn(parcel);
     */
    async gather(changes: readonly ItemChange[]): Promise<Fact[][]> {
      const told = collectFacts(changes);
      const facts = [...told, ...tellActivity(changes, told)];
      const topics = [...new Set(facts.map(({ topic }) => topic))];
      if (topics.length === 0) return [];
      const heard = await findHeard(database, topics, clock());
      return parcel(facts.filter(({ topic }) => heard.has(topic)));
    },
  };
}
