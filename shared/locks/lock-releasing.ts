/** Ending a lock: given back by its owner, to whoever waits for it, or ended by force. */
import type { Actor } from "../base/actor.ts";
import { randomId } from "../base/ids.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { keyedRequest, Replayed } from "../table/request-memory.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import { LineWaits, parseTickets } from "./line.ts";
import type { LockLine } from "./line-service.ts";
import { forceReleaseWrite, releaseLockWrite } from "./lock-ending-store.ts";
import { keyedProof, type ProofRequest, resolveActor } from "./lock-requests.ts";
import { checkLimits, type Lock, LockNotOwned, parseLiveLock, parseLock } from "./lock.ts";
import type { createTreeLocks } from "./tree-locks.ts";

/** Whose lock is to be ended, by whom, and why. */
export interface ForceRequest {
  readonly resource: string;
  readonly actor: Actor;
  readonly reason?: string | undefined;
  /** Which fence is meant: no later one is ended. */
  readonly fence?: number | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** Somebody else was faster. */
function ignoreLine(error: unknown): void {
  if (!(error instanceof LineWaits)) throw error;
}

/** What ending is made of. */
interface EndingParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly keeping: GroupKeeping;
  readonly line: Pick<LockLine, "release" | "passOn">;
  readonly trees: ReturnType<typeof createTreeLocks>;
}

/** Makes `release` and `endByForce` of a lock service; their promises are stated there. */
export function createEnding({ database, clock, keeping, line, trees }: EndingParts) {
  async function release(request: ProofRequest): Promise<{ replayed: boolean }> {
    checkLimits(request);
    const keyed = keyedProof("release", request);
    const change = { proof: request, nowMs: clock(), actor: resolveActor(request), keyed };
    const releaseId = randomId("rel");
    try {
      if (request.scope === "tree") {
        await keeping.releaseAll({ ...change, proofs: [request], releaseId });
      } else await database.apply(releaseLockWrite({ ...change, releaseId }));
    } catch (error) {
      if (error instanceof Replayed) return { replayed: true };
      if (!(error instanceof LineWaits)) throw error;
      await line.release({ ...change, row: error.row, releaseId });
    }
    return { replayed: false };
  }

  async function endByForce(
    request: ForceRequest,
  ): Promise<{ ended: Lock | undefined; replayed: boolean }> {
    const { resource, actor, reason, fence, idempotencyKey } = request;
    const keyed = keyedRequest(actor.id, idempotencyKey, ["force", resource, fence, reason]);
    const what = { resource, actor, reason, fence, keyed };
    const forced = { ...what, nowMs: clock(), forcedId: randomId("rel") };
    try {
      const row = await database.apply(forceReleaseWrite(forced));
      const ended = { ...row, owner: row["formerOwner"] };
      const lock = parseLock(ended);
      if (lock?.scope === "tree") await trees.forget(lock, forced.nowMs, actor);
      // A hint for those who wait: should it be lost, their next question does the same.
      if (parseTickets(row).length > 0) await line.passOn(row, resource, actor).catch(ignoreLine);
      return { ended: parseLiveLock(ended, forced.nowMs), replayed: false };
    } catch (error) {
      if (error instanceof LockNotOwned) return { ended: undefined, replayed: false };
      if (error instanceof Replayed) return { ended: undefined, replayed: true };
      throw error;
    }
  }

  return { release, endByForce };
}
