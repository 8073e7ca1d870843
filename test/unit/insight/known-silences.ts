/** Owners who fall silent, of whom the truth is known, as the stream of locks tells of them. */
import type { ItemChange } from "../../../shared/table/stream.ts";
import { epochMs } from "../../../shared/base/time.ts";
import {
  mergeByLease,
  countSilences,
  type LeaseInUse,
} from "../../../shared/insight/silence-count.ts";
import { parseSilence } from "../../../shared/insight/silence.ts";
import type { KnownTimes } from "./known-distributions.ts";

/** When all of them were last heard of. */
export const heardMs = Date.UTC(2026, 0, 10, 12);

let sequence = 0;

/** What the stream tells of a lock that was renewed at `heardMs`, and after so long is changed by an action. */
export function changeAfter(
  afterMs: number,
  action: string,
  { leaseMs = 300_000, last = "lock.renewed", kind = "document" } = {},
): ItemChange {
  sequence += 1;
  const resource = `${kind}/report`;
  const before = {
    resource,
    kind,
    owner: "ada",
    sessionId: "tab",
    fence: 7,
    expiresAtMs: heardMs + leaseMs,
    change: { action: last, actor: "ada", atMs: heardMs },
  };
  const atMs = heardMs + afterMs;
  return {
    eventId: `event-${sequence}`,
    sequence: String(sequence),
    key: { resource },
    before,
    after: { ...before, change: { action, actor: "ada", atMs } },
    atMs: epochMs(atMs),
    byTtl: false,
  };
}

/** What is known after these changes; all of them are of one lease. */
export function seeSilences(changes: readonly ItemChange[]): LeaseInUse {
  const silences = changes.flatMap((change) => parseSilence(change, "document") ?? []);
  return mergeByLease(countSilences(silences))[0]!;
}

/** Owners who pause, and others who are gone for good. */
export interface KnownOwners {
  readonly pauses: KnownTimes;
  /** Of owners that are there, in each hour. */
  readonly pausesPerHour: number;
  readonly deathsPerHour: number;
}

/**
 * So many silences under a lease. A pause begins anywhere between two renewals, each a third of the lease after the
 * other; what is over before anybody misses the owner is none.
 */
export function drawSilences(
  { pauses, pausesPerHour, deathsPerHour }: KnownOwners,
  { count, leaseMs, random }: { count: number; leaseMs: number; random: () => number },
): LeaseInUse {
  const changes: ItemChange[] = [];
  while (changes.length < count) {
    const isDead = random() < deathsPerHour / (deathsPerHour + pausesPerHour);
    const pauseMs = isDead ? Infinity : pauses.ageAt(random());
    const silentMs = (random() * leaseMs) / 3 + pauseMs;
    if (silentMs <= leaseMs / 2) continue;
    const isBack = silentMs < leaseMs;
    changes.push(
      isBack
        ? changeAfter(silentMs, "lock.renewed", { leaseMs })
        : changeAfter(leaseMs + 40_000, "lock.expired", { leaseMs }),
    );
  }
  return seeSilences(changes);
}
