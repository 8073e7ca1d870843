/** The row of a lock, as it is stored: who has it, what is kept of the last one, and the line for it. */
import type { ChangeNote } from "../base/actor.ts";
import type { EpochMs } from "../base/time.ts";
import type { Turn } from "./line.ts";
import type { Lock, LockKind, LockScope } from "./lock.ts";

/** A lock as it is stored; while nobody has it, what it says of its last owner may still stand there. */
export interface LockRow {
  readonly resource: string;
  readonly owner?: string;
  readonly sessionId?: string;
  readonly ownerName?: string;
  readonly kind?: LockKind;
  readonly scope?: LockScope;
  readonly fence?: number;
  readonly acquiredAtMs?: EpochMs;
  readonly expiresAtMs?: EpochMs;
  readonly ttlSeconds?: number;
  /** Stands in the place of the lease's end there, on a row that tells more than a lock. */
  readonly keptUntilSeconds?: number;
  /** Who may have it, where whoever it protects has said so. */
  readonly access?: { readonly readers: readonly string[]; readonly editors: readonly string[] };
  /** The partition of the index of owned locks. */
  readonly kindShard?: string;
  readonly change?: ChangeNote;
  /** Mark the last ending by its owner and the last by force. */
  readonly releaseId?: string;
  readonly forcedId?: string;
  /** Whose it was when it was ended by force. */
  readonly formerOwner?: string;
  /** The names of tree locks below, and who has each of them. */
  readonly below?: ReadonlySet<string>;
  readonly [entry: `lock:${string}`]: Lock;
  /** Tickets of those who wait, in order of arrival; what is known of each stands under its own. */
  readonly line?: readonly string[];
  readonly [place: `waiter_${string}`]: WaiterRow;
  /** The turn by which the present owner came to it, if he waited for it. */
  readonly turn?: Turn;
  /** How long owners kept the lock, as far as hand-overs told; the newest counts a third. */
  readonly typicalKeepMs?: number;
}

/** One place in a line, as it is stored. */
export interface WaiterRow {
  readonly userId: string;
  readonly sessionId?: string;
  readonly username?: string;
  readonly kind: LockKind;
  readonly leaseMs: number;
  readonly untilMs: EpochMs;
  /** When its owner asked the lock's to let go. */
  readonly askedAtMs?: EpochMs;
}
