/** Keeping a lock: its lease starts again, within what one owner may have in a row. */
import type { Database } from "../table/database.ts";
import { Replayed } from "../table/request-memory.ts";
import type { Row } from "../table/write.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import { isHeldBy, parseTurn } from "./line.ts";
import type { LockLine } from "./line-service.ts";
import { keyedProof, type LockTiming, type RenewRequest, resolveActor } from "./lock-requests.ts";
import type { Counting } from "./lock-counting.ts";
import { leaseEnd } from "./lock-limits.ts";
import { type Renewal, renewLockWrite } from "./lock-store.ts";
import {
  checkLimits,
  defaultLeaseMs,
  type Lock,
  LockNotOwned,
  parseLock,
  RenewalBound,
} from "./lock.ts";

/** What extending is made of. */
export interface ExtendingParts {
  readonly database: Database;
  readonly keeping: GroupKeeping;
  readonly line: Pick<LockLine, "claim">;
  readonly counting: Counting;
}

/** Makes what starts a lease again. */
export function createExtending(
  { database, keeping, line, counting: { limits } }: ExtendingParts,
  { clock }: Pick<LockTiming, "clock">,
) {
  /** The caller has it, but its row says what is to be done first: claim the turn, or begin a shorter lease. */
  async function extendBound(row: Row, renewal: Renewal): Promise<Lock> {
    const { leaseMs, actor, permit, nowMs } = renewal;
    const lock = parseLock(row)!;
    if (parseTurn(row)?.isClaimed === false) {
      return line.claim(row, { lock, leaseMs, actor, permit });
    }
    const { maxLockMs } = limits;
    const endMs = leaseEnd({ leaseMs, maxLockMs }, nowMs, lock.acquiredAtMs);
    // Whoever renews a lease that cannot last any longer learns when it ends.
    if (endMs <= lock.expiresAtMs) return lock;
    return parseLock(await database.apply(renewLockWrite({ ...renewal, proof: lock })))!;
  }

  return async function extend(request: RenewRequest): Promise<{ lock: Lock; replayed: boolean }> {
    checkLimits(request);
    const { leaseMs = defaultLeaseMs, permit } = request;
    const keyed = keyedProof("extend", request, leaseMs);
    const of = { proof: request, actor: resolveActor(request), leaseMs, keyed, permit };
    const change = { ...of, nowMs: clock(), limits };
    if (request.scope === "tree") {
      const [lock] = await keeping.renewAll({ ...change, proofs: [request] });
      return { lock: lock!, replayed: false };
    }
    try {
      return { lock: parseLock(await database.apply(renewLockWrite(change)))!, replayed: false };
    } catch (error) {
      if (error instanceof RenewalBound && error.row) {
        return { lock: await extendBound(error.row, change), replayed: false };
      }
      if (!(error instanceof Replayed)) throw error;
      // Extended before: it says what became of the lock since.
      if (!isHeldBy(error.row, request, clock())) throw new LockNotOwned(error.row, clock());
      return { lock: parseLock(error.row)!, replayed: true };
    }
  };
}
