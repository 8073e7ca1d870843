/** Reads out of changes of locks for how long an owner was not heard of, and whether he came back in time. */
import type { ChangeNote } from "../base/actor.ts";
import { parseKind, type LockKind } from "../locks/lock.ts";
import type { ItemChange } from "../table/stream.ts";
import type { Row } from "../table/write.ts";

/**
 * An owner of whom nothing was heard for more than half of his lease: he missed the question by which a lease is
 * renewed after a third of it.
 */
export interface Silence {
  /** Of the lease that ran meanwhile, from its beginning to where it would end. */
  readonly leaseMs: number;
  /** From the last that was heard of him; never longer than the lease, with which all watching ends. */
  readonly ageMs: number;
  /** He was heard of again; otherwise he had not been by then. */
  readonly isBack: boolean;
  /** When that was seen. */
  readonly atMs: number;
}

/** By these an owner himself started the lease. */
const begun: ReadonlySet<string> = new Set(["lock.acquired", "lock.renewed"]);

/** By these an owner whose lease still runs shows that he is there; a lock that he hands over is granted to another. */
const ownActs: ReadonlySet<string> = new Set(["lock.renewed", "lock.released", "lock.granted"]);

/** What is shorter than this share of the lease is the usual time between two renewals, and no silence. */
const silentShare = 1 / 2;

const parseNote = (row: Row | undefined): ChangeNote | undefined =>
  row?.["change"] as ChangeNote | undefined;

/**
 * The silence that ends with a change of a lock of this kind, or that is seen no further; undefined where the owner was
 * not silent, or where it is not known since when. Whoever asks for a lock leaves his note on it: then what was heard
 * last of the owner is not known any more, so the silence counts as watched until then.
 */
export function parseSilence(change: ItemChange, kind: LockKind): Silence | undefined {
  const { key, before, after } = change;
  const [last, next] = [parseNote(before), parseNote(after)];
  if (typeof key["resource"] !== "string" || !before || parseKind(before) !== kind)
    return undefined;
  if (!last || !begun.has(last.action)) return undefined;
  const endMs = Number(before["expiresAtMs"]);
  const leaseMs = endMs - last.atMs;
  const seenMs = next?.atMs ?? change.atMs;
  const isBack = next !== undefined && ownActs.has(next.action) && seenMs < endMs;
  const ageMs = Math.min(seenMs, endMs) - last.atMs;
  if (!(ageMs > leaseMs * silentShare)) return undefined;
  return { leaseMs, ageMs, isBack, atMs: seenMs };
}
