/** Locks by names that the callers choose: one or several, which are taken, kept and given back together. */
import type { Actor } from "../base/actor.ts";
import { randomId } from "../base/ids.ts";
import type { Clock } from "../base/time.ts";
import { keyedRequest, Replayed } from "../table/request-memory.ts";
import type { GroupKeeping } from "./group-keeping.ts";
import type { GroupTaking } from "./group-taking.ts";
import { isHeldBy, LineWaits, parseTickets } from "./line.ts";
import { InvalidRequest } from "../base/errors.ts";
import type { LockLine, Standing } from "./line-service.ts";
import type { Extended } from "./lock-extending.ts";
import {
  type AcquireRequest,
  keyedProof,
  type ProofRequest,
  type RenewRequest,
} from "./lock-requests.ts";
import { checkGroup, nameResource, NameHeld } from "./lock-group.ts";
import {
  defaultLeaseMs,
  type Lock,
  LockHeld,
  LockNotOwned,
  type LockOwner,
  type LockScope,
  parseLock,
} from "./lock.ts";

/** Names that belong together, and whose they are or shall be. */
export interface NamesRequest {
  /** 1 to 20 different ones; with `tree` none of them above another. */
  readonly names: readonly string[];
  readonly owner: LockOwner;
  /** Who is on record; the owner by default. */
  readonly actor?: Actor | undefined;
}

/** Names to take together. */
export interface NamesAcquisition extends NamesRequest {
  /** 1 s to 24 h, 300 s by default. */
  readonly leaseMs?: number | undefined;
  /** `exact` by default. */
  readonly scope?: LockScope | undefined;
}

/** Names that the caller has; how far they reach, their rows know. */
export interface NamesKeeping extends NamesRequest {
  /** Makes a repetition answer like the first. */
  readonly idempotencyKey?: string | undefined;
}

/** What locks by names are made of: the operations on single locks and on groups. */
export interface NamedLockParts {
  readonly clock: Clock;
  readonly line: Pick<LockLine, "passOn">;
  readonly takeAll: GroupTaking;
  readonly keeping: GroupKeeping;
  readonly acquireOrQueue: (request: AcquireRequest) => Promise<Standing>;
  readonly extend: (request: RenewRequest) => Promise<Extended>;
  readonly release: (request: ProofRequest) => Promise<{ replayed: boolean }>;
}

/** One name's key is bound like that of any lock: which of the two ways it goes, only its row knows. */
function bindKey(what: string, request: NamesKeeping, leaseMs?: number) {
  const { names, owner, idempotencyKey } = request;
  const [proof, ...others] = toProofs(request);
  if (others.length === 0) return keyedProof(what, { ...proof!, idempotencyKey }, leaseMs);
  return keyedRequest(owner.userId, idempotencyKey, [what, names, owner.sessionId, leaseMs]);
}

const toProofs = ({ names, owner }: NamesRequest, scope: LockScope = "exact") =>
  names.map((name) => ({ resource: nameResource(name), owner, scope }));

/** The caller has it, but in another scope than this one: it is a tree. */
function isOwnTree(error: unknown, { owner }: NamesRequest, nowMs: number): boolean {
  const holder = error instanceof LockNotOwned ? error.holder : undefined;
  if (holder?.scope !== "tree" || holder.expiresAtMs <= nowMs) return false;
  return holder.owner.userId === owner.userId && holder.owner.sessionId === owner.sessionId;
}

/** What is to be done to these names now, and who does it. */
const planChangeAt = (clock: Clock) => (request: NamesRequest, scope?: LockScope) => ({
  proofs: toProofs(request, scope),
  nowMs: clock(),
  actor: request.actor ?? { id: request.owner.userId },
});

/** Makes what several names take, or one that is a tree. */
function createTogether({ clock, line, keeping }: NamedLockParts) {
  const planChange = planChangeAt(clock);

  /** A hint for those who wait: should it be lost, their next question does the same. */
  async function passAllOn(request: NamesRequest): Promise<void> {
    const { proofs, actor } = planChange(request);
    for (const [index, row] of (await keeping.readRows(proofs)).entries()) {
      if (!row || parseTickets(row).length === 0) continue;
      await line.passOn(row, proofs[index]!.resource, actor).catch((error: unknown) => {
        if (!(error instanceof LineWaits)) throw error;
      });
    }
  }

  async function extendTogether(request: NamesKeeping, leaseMs: number, scope?: LockScope) {
    const change = planChange(request, scope);
    const keyed = bindKey("extend", request, leaseMs);
    try {
      return { locks: await keeping.renewAll({ ...change, leaseMs, keyed }), replayed: false };
    } catch (error) {
      if (!(error instanceof Replayed)) throw error;
      // Extended before: it says what became of the locks since.
      const rows = await keeping.readRows(change.proofs);
      const asTheyReach = change.proofs.map(({ resource, owner }) => ({ resource, owner }));
      const lost = rows.findIndex((row, at) => !isHeldBy(row, asTheyReach[at]!, clock()));
      if (lost >= 0) throw new LockNotOwned(rows[lost], clock());
      return { locks: rows.map((row) => parseLock(row)!), replayed: true };
    }
  }

  async function releaseTogether(
    request: NamesKeeping,
    scope?: LockScope,
  ): Promise<{ replayed: boolean }> {
    const keyed = bindKey("release", request);
    try {
      await keeping.releaseAll({
        ...planChange(request, scope),
        keyed,
        releaseId: randomId("rel"),
      });
    } catch (error) {
      if (!(error instanceof Replayed)) throw error;
      return { replayed: true };
    }
    await passAllOn(request);
    return { replayed: false };
  }

  return { extendTogether, releaseTogether };
}

/** Makes the operations on names of a lock service. */
export function createNamedLocks(parts: NamedLockParts) {
  const { clock, takeAll } = parts;
  const { extendTogether, releaseTogether } = createTogether(parts);

  /** One name that is no tree costs one request; whatever else it is, its row has told. */
  async function alone<T>(
    request: NamesKeeping,
    single: (proof: ProofRequest) => Promise<T>,
    together: (scope?: LockScope) => Promise<T>,
  ): Promise<T> {
    const [proof, ...others] = toProofs(request);
    if (others.length > 0) return together();
    const { actor, idempotencyKey } = request;
    try {
      return await single({ ...proof!, actor, idempotencyKey });
    } catch (error) {
      if (isOwnTree(error, request, clock())) return together("tree");
      throw error;
    }
  }

  return {
    /**
     * Takes all of the names or none; those that are the caller's own are renewed with the others. One request
     * when all are free, over, or one is somebody else's; one more where some are the caller's own. Safe to repeat.
     *
     * @throws NameHeld which of them is in the way; nothing was changed
     * @example const held = await locks.named.acquire({ names: ["till/1", "till/2"], owner });
     */
    async acquire(request: NamesAcquisition): Promise<Lock[]> {
      checkGroup(request);
      const { names, owner, leaseMs = defaultLeaseMs, scope = "exact" } = request;
      const actor = request.actor ?? { id: owner.userId };
      const of = { owner, kind: "custom", scope, leaseMs, actor } as const;
      try {
        return await takeAll(names.map((name) => ({ ...of, resource: nameResource(name) })));
      } catch (error) {
        throw error instanceof LockHeld ? new NameHeld(error) : error;
      }
    },

    /**
     * Takes one name like `acquire`, or a place in its line where another has it.
     *
     * @throws InvalidRequest for several names, or a tree: they have no line
     * @example const standing = await locks.named.acquireOrQueue({ names: ["till/1"], owner });
     */
    async acquireOrQueue(request: NamesAcquisition): Promise<Standing> {
      checkGroup(request);
      const [name, ...others] = request.names;
      if (others.length > 0) {
        const message = "must be one name: several at once have no line";
        throw new InvalidRequest([{ path: "names", message }]);
      }
      return parts.acquireOrQueue({ ...request, resource: nameResource(name!) });
    },

    /**
     * Starts all leases again from now; the fences stay. One request for one name, two for several or a tree
     * (three for a tree that is one name). Safe to repeat.
     *
     * @throws LockNotOwned when one of them is not the caller's (any more); nothing was changed
     * @example await locks.named.extend({ names: ["till/1", "till/2"], owner, leaseMs: 60_000 });
     */
    async extend(
      request: NamesKeeping & Pick<NamesAcquisition, "leaseMs">,
    ): Promise<Omit<Extended, "lock"> & { locks: Lock[] }> {
      checkGroup(request);
      const { leaseMs = defaultLeaseMs } = request;
      return alone<Omit<Extended, "lock"> & { locks: Lock[] }>(
        request,
        async (proof) => {
          const { lock, ...more } = await parts.extend({ ...proof, leaseMs });
          return { locks: [lock], ...more };
        },
        (scope) => extendTogether(request, leaseMs, scope),
      );
    },

    /**
     * Gives all of them back; whoever is first in line for one of them has it next. One request for one name
     * without a line, else two or three.
     *
     * @throws LockNotOwned when one of them was not the caller's (any more); nothing was changed
     * @example await locks.named.release({ names: ["till/1", "till/2"], owner });
     */
    async release(request: NamesKeeping): Promise<{ replayed: boolean }> {
      checkGroup(request);
      return alone(request, parts.release, (scope) => releaseTogether(request, scope));
    },
  };
}
