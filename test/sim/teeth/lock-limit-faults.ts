/** Mistakes in what bounds the locks of one user; only hoarders meet them. */
import type { PlantedFault } from "./faults.ts";

const counting = "shared/locks/lock-counting.ts";
const owners = "shared/locks/owner-store.ts";
const renewals = "shared/locks/lock-renewal-store.ts";
const rules = "shared/locks/lock-limits.ts";
const taking = "shared/locks/group-taking.ts";
const handing = "shared/locks/line-handing.ts";
const places = "shared/locks/line-service.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "a user gets one lock too many",
    owners,
    "const most = limits.maxLocksPerUser - locks.length;",
    "const most = limits.maxLocksPerUser;",
  ],
  [
    "several names taken together count as one",
    taking,
    "writes: counting.writes(locks) };",
    "writes: counting.writes(locks.slice(0, 1)) };",
  ],
  [
    "a full row is looked through, and whatever it names is forgotten",
    counting,
    "const over = [...gone, ...ended];",
    "const over = [...gone, ...ended, ...parseTaken(row).slice(0, 1)];",
  ],
  [
    "what is over counts for ever",
    counting,
    "if (live.length + wanted > limits.maxLocksPerUser) {",
    "if (live.length + gone.length + wanted > limits.maxLocksPerUser) {",
  ],
  [
    "a lapsed lease is forgotten without being ended",
    counting,
    "forgetWrite(userId, over), ...ending]",
    "forgetWrite(userId, over), ...ending.slice(99)]",
  ],
  [
    "a lock that was taken anew is forgotten with its last taking",
    owners,
    "const listEntries = (locks: readonly Taken[]) => new Set(locks.map(takenEntry));",
    "const listEntries = (locks: readonly Taken[]) => new Set(locks.map(({ resource }) => takenEntry({ resource, fence: 1 })));",
  ],
  [
    "a turn is claimed without being counted",
    places,
    "return counting.take(write, { ...lock, expiresAtMs });",
    'return counting.take(write, { ...lock, kind: "cart", expiresAtMs });',
  ],
  [
    "who takes a lock past a line of the dead is not counted",
    handing,
    "return counting.take(write, lockToBe(taken, fenceAfter(row, nowMs), nowMs));",
    'return counting.take(write, { ...lockToBe(taken, fenceAfter(row, nowMs), nowMs), kind: "cart" });',
  ],
  [
    "a turn that was not claimed is renewed for as long as one likes",
    renewals,
    "...(maxLocksPerUser > 0 ? [turnIsClaimed] : []),",
    "...(maxLocksPerUser < 0 ? [turnIsClaimed] : []),",
  ],
  [
    "a lock lasts as long as it is renewed",
    renewals,
    "const isBounded = maxLockMs < Infinity && !isKnown(proof);",
    "const isBounded = maxLockMs < 0 && !isKnown(proof);",
  ],
  [
    "a renewal counts from itself",
    rules,
    "later(acquiredAtMs, maxLockMs)",
    "later(nowMs + acquiredAtMs * 0 as EpochMs, maxLockMs)",
  ],
];

/** What the plan of a limit can get wrong. */
export const lockLimitFaults: readonly PlantedFault[] = faults.map(
  ([name, file, find, replace]) => ({ name, file, find, replace, workload: "hoarders" }),
);
