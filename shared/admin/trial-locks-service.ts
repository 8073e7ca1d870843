/** Looks after locks that tests took: those whose names begin with `test`. */
import type { Actor } from "../base/actor.ts";
import type { Lock } from "../locks/lock.ts";
import type { LockService } from "../locks/lock-service.ts";
import { type LiveLock, liveLockView } from "./live-lock.ts";

/** What the service works with. */
export interface TrialLocksOptions {
  readonly locks: Pick<LockService, "list" | "forceRelease">;
}

/** So many are shown or ended at once. */
const atOnce = 100;
/** Tests that go on taking locks must not keep this going for ever. */
const mostRounds = 20;

/** A document's lock has its kind in front of the document's own name. */
function isTrial({ resource }: Lock): boolean {
  return /^(?:document\/|custom\/)?test/.test(resource);
}

/** Makes the service. */
export function createTrialLocksService({ locks }: TrialLocksOptions) {
  async function find(): Promise<Lock[]> {
    const found: Lock[] = [];
    let cursor: string | undefined;
    do {
      const page = await locks.list({ limit: atOnce, cursor });
      found.push(...page.rows.filter(isTrial));
      cursor = page.cursor;
    } while (cursor !== undefined && found.length < atOnce);
    return found.slice(0, atOnce);
  }

  return {
    /**
     * The live test locks, up to 100.
     *
     * @example const locks = await trialLocks.list();
     */
    async list(): Promise<LiveLock[]> {
      return (await find()).map(liveLockView);
    },

    /**
     * Ends the live test locks and tells how many there were.
     *
     * @example await trialLocks.clear({ id: "root" });
     */
    async clear(actor: Actor): Promise<number> {
      let ended = 0;
      for (let round = 0; round < mostRounds; round += 1) {
        const batch = await find();
        if (batch.length === 0) break;
        for (const { resource } of batch) {
          const lock = await locks.forceRelease({ resource, actor, reason: "clear-test-locks" });
          if (lock) ended += 1;
        }
      }
      return ended;
    },
  };
}
