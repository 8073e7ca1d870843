/**
 * Mistakes that harm nobody as long as one release is alone: it writes and reads in the same new way. Beside the release before
 * they do, and only there are they found.
 */
import type { PlantedFault } from "./faults.ts";

type Change = readonly [find: string, replace: string];

function fault(
  name: string,
  file: string,
  [first, ...others]: readonly [Change, ...Change[]],
): PlantedFault {
  const also = others.map(([find, replace]) => ({ find, replace }));
  return { name, file, find: first[0], replace: first[1], also, workload: "releases" };
}

/** What meets a later release's rows: every one of them is needed. */
const laterFault = (name: string, file: string, find: string, replace: string): PlantedFault => ({
  name,
  file,
  find,
  replace,
  workload: "later-release",
});

/** Each has to be caught. */
export const releaseFaults: readonly PlantedFault[] = [
  fault(
    "an index names its partitions anew: neither release finds what the other has put there",
    "shared/orders/due-shards.ts",
    [
      ["?? `due-${pickShard(orderId, shards)}`", "?? `late-${pickShard(orderId, shards)}`"],
      ["(_, shard) => `due-${shard}`", "(_, shard) => `late-${shard}`"],
    ],
  ),
  fault(
    "what an open order has of a limited item ends an hour sooner by its row, which the release before believes",
    "shared/orders/allowance-store.ts",
    [
      ["untilMs: epochMs(untilMs) }]", "untilMs: epochMs(untilMs + 3_600_000) }]"],
      ["untilMs: order.expiresAtMs }", "untilMs: order.expiresAtMs - 3_600_000 }"],
      ["${path} = ${{ units, untilMs }}", "${path} = ${{ units, untilMs: untilMs - 3_600_000 }}"],
      [
        "orderId))} = ${{ units, untilMs }}",
        "orderId))} = ${{ units, untilMs: untilMs - 3_600_000 }}",
      ],
    ],
  ),
  fault(
    "a lock that does not say what only this release writes is never over",
    "shared/locks/lock-store.ts",
    [
      [
        "    acquiredAtMs: nowMs,\n    change:",
        "    acquiredAtMs: nowMs,\n    isMarked: true,\n    change:",
      ],
      [
        "      lockIsFree(nowMs),\n      ...(looksAtLine",
        '      lockIsFree(nowMs),\n      anyOf(isMissing(at("owner")), condition`${at("isMarked")} = ${true}`),\n      ...(looksAtLine',
      ],
    ],
  ),
  fault(
    "the id of an order is made of its user and key in another way",
    "shared/orders/order-request.ts",
    [['derivedId("ord", userId, idempotencyKey)', 'derivedId("ord", idempotencyKey, userId)']],
  ),
  fault(
    "the row that tells an event is called otherwise: both releases tell it",
    "shared/events/event-store.ts",
    [['derivedId("row", key)', 'derivedId("item", key)']],
  ),
  laterFault(
    "what a later release has laid out is written over",
    "shared/table/write.ts",
    "placeholders.text(allOf(write.condition, layoutIsKnown))",
    "placeholders.text(write.condition)",
  ),
  laterFault(
    "a row that a later release has laid out is read like any other",
    "shared/table/layout.ts",
    "layout <= latestLayout;",
    "layout > 0;",
  ),
  laterFault(
    "refused by a later release's row, a write says what its own condition means",
    "shared/table/repeating.ts",
    "  knownRow(found);\n",
    "",
  ),
  laterFault(
    "refused by a later release's row, a transaction says what its own conditions mean",
    "shared/table/transaction.ts",
    "write.refused(knownRow(row))",
    "write.refused(row)",
  ),
];
