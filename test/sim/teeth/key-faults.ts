/** Mistakes in what an idempotency key binds; the exact instants alone meet them. */
import type { PlantedFault } from "./faults.ts";

const memory = "shared/table/request-memory.ts";
const transactions = "shared/table/transaction.ts";
const edits = "shared/carts/editing/keyed-edits-service.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "what was done under a key is not remembered",
    memory,
    "return keyed ? { ...write, companion: bindKeyWrite(keyed, nowMs, result) } : write;",
    "return write;",
  ],
  [
    "a key binds no content",
    memory,
    'return row["contentId"] === contentId ?',
    'return row["contentId"] !== "" ?',
  ],
  [
    "a key is everybody's",
    memory,
    'keyId: derivedId("key", userId, key),',
    'keyId: derivedId("key", userId.slice(99), key),',
  ],
  [
    "a key is bound for ever",
    memory,
    'anyOf(isMissing(at("requestId")), condition`${at("untilMs")} <= ${nowMs}`)',
    'anyOf(isMissing(at("requestId")), condition`${at("untilMs")} < ${0}`)',
  ],
  [
    "a key is forgotten as soon as it was used",
    memory,
    "const untilMs = later(nowMs, keyLifeMs);",
    "const untilMs = later(nowMs, 1);",
  ],
  [
    "a request that changes nothing uses no key up",
    memory,
    "if (keyed) await database.apply",
    "if (keyed && nowMs < 0) await database.apply",
  ],
  [
    "whatever refuses a repetition counts before that it is one",
    transactions,
    "if (decisive) return decisive.error;",
    "if (decisive && refusals.length === 1) return decisive.error;",
  ],
  [
    "a refused edit is not asked whether it was done before",
    edits,
    "if (!known) throw error;",
    "if (known || !known) throw error;",
  ],
];

/** All of them. */
export const keyFaults: readonly PlantedFault[] = faults.map(([name, file, find, replace]) => ({
  name,
  file,
  find,
  replace,
  workload: "edges",
}));
