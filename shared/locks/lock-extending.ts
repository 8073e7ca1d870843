/** Keeping a lock: its lease starts again, within what one owner may have in a row. */
import type { Database } from "../table/database.ts";
import { bindAlone, type KeyedRequest, once, Replayed } from "../table/request-memory.ts";
import type { Row, Write } from "../table/write.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import { type Ask, isHeldBy, parseAsk, parseTurn } from "./line.ts";
import { settle } from "./line-handing.ts";
import type { LockLine } from "./line-service.ts";
import { keyedProof, type LockTiming, type RenewRequest, resolveActor } from "./lock-requests.ts";
import type { Counting } from "./lock-counting.ts";
import { leaseEnd } from "./lock-limits.ts";
import { type Renewal, renewWithinWrite } from "./lock-renewal-store.ts";
import {
  checkLimits,
  defaultLeaseMs,
  type Lock,
  LockNotOwned,
  parseLock,
  RenewalBound,
} from "./lock.ts";

/** A lease that began again, and who asks for the lock. */
export interface Extended {
  readonly lock: Lock;
  readonly ask?: Ask | undefined;
  /** The same idempotency key had extended it before. */
  readonly replayed: boolean;
}

/** A renewal that its sender may repeat. */
interface KeyedRenewal extends Renewal {
  readonly keyed?: KeyedRequest | undefined;
}

const renewOnceWrite = (renewal: KeyedRenewal): Write =>
  once(renewWithinWrite(renewal), renewal.keyed, renewal.nowMs);

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
  /** It was handed over to the caller: the first of his requests claims it, and the others find it claimed. */
  async function claimTurn(first: Row, { proof, leaseMs, actor, permit }: Renewal): Promise<Lock> {
    return settle(first, async (row) => {
      const nowMs = clock();
      if (!isHeldBy(row, proof, nowMs)) throw new LockNotOwned(row, nowMs);
      const lock = parseLock(row)!;
      if (parseTurn(row)?.isClaimed !== false) return lock;
      return line.claim(row, { lock, leaseMs, actor, permit });
    });
  }

  /** The caller has it, but its row says what is to be done first: claim the turn, or begin a shorter lease. */
  async function extendBound(row: Row, renewal: KeyedRenewal): Promise<Lock> {
    const { leaseMs, nowMs, keyed } = renewal;
    const lock = parseLock(row)!;
    if (parseTurn(row)?.isClaimed === false) {
      await bindAlone(database, keyed, nowMs);
      return claimTurn(row, renewal);
    }
    const { maxLockMs } = limits;
    const endMs = leaseEnd({ leaseMs, maxLockMs }, nowMs, lock.acquiredAtMs);
    // Whoever renews a lease that cannot last any longer learns when it ends.
    if (endMs <= lock.expiresAtMs) {
      await bindAlone(database, keyed, nowMs);
      return lock;
    }
    return parseLock(await database.apply(renewOnceWrite({ ...renewal, proof: lock })))!;
  }

  return async function extend(request: RenewRequest): Promise<Extended> {
    checkLimits(request);
    const { leaseMs = defaultLeaseMs, permit } = request;
    const keyed = keyedProof("extend", request, leaseMs);
    const of = { proof: request, actor: resolveActor(request), leaseMs, keyed, permit };
    const change = { ...of, nowMs: clock(), limits };
    if (request.scope === "tree") {
      const [lock] = await keeping.renewAll({ ...change, proofs: [request] });
      return { lock: lock!, replayed: false };
    }
    /** With a key the row was read after it was written, or long after: who has it by then? */
    const parseHeld = (row: Row | undefined) => {
      if (keyed && !isHeldBy(row, request, clock())) throw new LockNotOwned(row, clock());
      return { lock: parseLock(row)!, ask: parseAsk(row) };
    };
    const renewOnce = async (): Promise<Omit<Extended, "replayed">> => {
      try {
        return parseHeld(await database.apply(renewOnceWrite(change)));
      } catch (error) {
        if (!(error instanceof RenewalBound) || !error.row) throw error;
        return { lock: await extendBound(error.row, change), ask: parseAsk(error.row) };
      }
    };
    try {
      return { ...(await renewOnce()), replayed: false };
    } catch (error) {
      if (!(error instanceof Replayed)) throw error;
      const { resource } = request;
      return { ...parseHeld(await database.get("Locks", { resource })), replayed: true };
    }
  };
}
