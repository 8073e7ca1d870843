/** Ending a lock: given back by its owner, to whoever waits for it, or ended by force. */
import type { Actor } from "../base/actor.ts";
import { randomId } from "../base/ids.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  bindAlone,
  type KeyedRequest,
  keyedRequest,
  once,
  Replayed,
} from "../table/request-memory.ts";
import type { Row, Write } from "../table/write.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import { LineWaits, parseTickets } from "./line.ts";
import type { LockLine } from "./line-service.ts";
import { type ForcedRelease, forceReleaseWrite, releaseLockWrite } from "./lock-ending-store.ts";
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

/** An ending by force that its sender may repeat. */
interface KeyedForce extends ForcedRelease {
  readonly keyed?: KeyedRequest | undefined;
}

const forceOnceWrite = (forced: KeyedForce): Write =>
  once(forceReleaseWrite(forced), forced.keyed, forced.nowMs);

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
      } else {
        await database.apply(once(releaseLockWrite({ ...change, releaseId }), keyed, change.nowMs));
      }
    } catch (error) {
      if (error instanceof Replayed) return { replayed: true };
      if (!(error instanceof LineWaits)) throw error;
      await line.release({ ...change, row: error.row, releaseId });
    }
    return { replayed: false };
  }

  /** The row of the lock that was ended, as it was. With a key it is read first, and no later one is ended. */
  async function force(forced: KeyedForce): Promise<Row> {
    if (!forced.keyed) {
      const row = await database.apply(forceOnceWrite(forced));
      return { ...row, owner: row["formerOwner"] };
    }
    const row = (await database.get("Locks", { resource: forced.resource })) ?? {};
    const fence = forced.fence ?? Number(row["fence"] ?? 0);
    await database.apply({ ...forceOnceWrite({ ...forced, fence }), isBlind: true });
    return row;
  }

  /** That there was nothing to end counts as done, too: a repetition must not end what was taken since. */
  async function forceOrBind(forced: KeyedForce): Promise<Row | undefined> {
    try {
      return await force(forced);
    } catch (error) {
      if (!(error instanceof LockNotOwned)) throw error;
      await bindAlone(database, forced.keyed, forced.nowMs);
      return undefined;
    }
  }

  async function finish(ended: Row, { nowMs, actor, resource }: ForcedRelease) {
    const lock = parseLock(ended);
    if (lock?.scope === "tree") await trees.forget(lock, nowMs, actor);
    // A hint for those who wait: should it be lost, their next question does the same.
    if (parseTickets(ended).length > 0) await line.passOn(ended, resource, actor).catch(ignoreLine);
    return parseLiveLock(ended, nowMs);
  }

  async function endByForce(
    request: ForceRequest,
  ): Promise<{ ended: Lock | undefined; replayed: boolean }> {
    const { resource, actor, reason, fence, idempotencyKey } = request;
    const keyed = keyedRequest(actor.id, idempotencyKey, ["force", resource, fence, reason]);
    const what = { resource, actor, reason, fence, keyed };
    const forced = { ...what, nowMs: clock(), forcedId: randomId("rel") };
    try {
      const ended = await forceOrBind(forced);
      return { ended: ended && (await finish(ended, forced)), replayed: false };
    } catch (error) {
      if (error instanceof Replayed) return { ended: undefined, replayed: true };
      throw error;
    }
  }

  return { release, endByForce };
}
