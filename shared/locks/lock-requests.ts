/** What is asked of a lock service, and what its answers depend on besides the store. */
import type { Actor } from "../base/actor.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/time.ts";
import { keyedRequest } from "../table/request-memory.ts";
import type { Lock, LockKind, LockOwner, LockProof, LockScope, Permit } from "./lock.ts";

/** What taking a lock needs; only name and owner have no default. */
export interface AcquireRequest {
  readonly resource: string;
  readonly owner: LockOwner;
  /** 1 s to 24 h, 300 s by default. */
  readonly leaseMs?: number | undefined;
  /** How long to wait for somebody else's lock; not at all by default. */
  readonly waitMs?: number | undefined;
  /**
   * How long a lease lasts at first that had to be waited for, for who may be gone by the time it is his; whoever hears
   * of it extends it. As long as any other by default.
   */
  readonly waitedLeaseMs?: number | undefined;
  /** How long a place in line is kept from now without being asked for again: 3 to 15 s, 15 s by default. */
  readonly placeMs?: number | undefined;
  readonly kind?: LockKind | undefined;
  readonly scope?: LockScope | undefined;
  /** Who is on record; the owner by default. */
  readonly actor?: Actor | undefined;
  /** A right without which the lock is not given; only for locks of scope `exact`. */
  readonly permit?: Permit | undefined;
}

/** A lock to renew or release. Without a fence, whichever one this owner has at present. */
export interface ProofRequest extends LockProof {
  readonly actor?: Actor | undefined;
  /** Makes a repetition answer like the first. */
  readonly idempotencyKey?: string | undefined;
}

/** A lock to renew, and for how long from now; 300 s by default. */
export interface RenewRequest extends ProofRequest {
  readonly leaseMs?: number | undefined;
  readonly permit?: Permit | undefined;
}

/** A place in line, and who asks for it. */
export interface PlaceRequest {
  readonly resource: string;
  readonly ticket: string;
  readonly userId: string;
  readonly actor: Actor;
  /** How long it is kept from now, as it is for joining; never shorter than it was kept before. */
  readonly placeMs?: number | undefined;
  /** A right without which a place is neither kept nor becomes a turn. */
  readonly permit?: Permit | undefined;
}

/** What waiting and deciding depend on; handed in, so that a test can run years in no time. */
export interface LockTiming {
  readonly clock: Clock;
  /** Milliseconds by a clock that nobody sets; measures leases together with the other. */
  readonly steadyMs: () => number;
  /** Ends early, without an error, when the signal is aborted. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<unknown>;
  readonly random: () => number;
  readonly logger: Logger;
  /** Told how long somebody had to wait for a lock, in vain or not. */
  readonly waited?: (waitedMs: number, lock: Pick<Lock, "kind" | "resource">) => void;
}

/** The actor on record: as given, or the owner. */
export function resolveActor(request: { owner: LockOwner; actor?: Actor | undefined }): Actor {
  return request.actor ?? { id: request.owner.userId };
}

/** What an idempotency key binds: what is done to which lock of whom. */
export function keyedProof(what: string, request: ProofRequest, leaseMs?: number) {
  const { resource, owner, fence, scope, idempotencyKey } = request;
  const content = [what, resource, owner.sessionId, fence, scope, leaseMs];
  return keyedRequest(owner.userId, idempotencyKey, content);
}
