/** Mistakes in the lines for locks. */
import type { PlantedFault } from "./faults.ts";

const line = "shared/locks/line.ts";
const handing = "shared/locks/line-handing.ts";
const passing = "shared/locks/line-passing.ts";
const parts = "shared/locks/line-parts.ts";
const places = "shared/locks/line-places-store.ts";
const service = "shared/locks/line-service.ts";
const store = "shared/locks/line-store.ts";
const lockStore = "shared/locks/lock-store.ts";
const endings = "shared/locks/lock-ending-store.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "the last in line for a lock is served first",
    store,
    "const head = parts.living.find(",
    "const head = parts.living.findLast(",
  ],
  [
    "who is gone is given the lock",
    line,
    "filter(({ untilMs }) => !isExpired(untilMs, nowMs));",
    "filter(({ untilMs }) => !isExpired(untilMs, 0 as EpochMs) || nowMs < 0);",
  ],
  [
    "asking again costs time in the line for a lock",
    places,
    "change: { set: [action`${untilMs} = ${keptMs}`] },",
    "change: { set: [action`${untilMs} = ${nowMs}`] },",
  ],
  [
    "a late question takes time away in the line for a lock",
    places,
    "...waitsFor(claim), condition`${untilMs} <= ${keptMs}`,",
    "...waitsFor(claim),",
  ],
  [
    "a stranger passes those who wait for a lock",
    lockStore,
    "...(looksAtLine ? [nobodyWaits] : []),",
    "",
  ],
  [
    "who joins the line for a lock stands at its head",
    places,
    'list_append(if_not_exists(${at("line")}, ${[]}), ${[ticket]})`',
    'list_append(${[ticket]}, if_not_exists(${at("line")}, ${[]}))`',
  ],
  [
    "who joins while a lock is handed over is forgotten",
    store,
    "      fenceIs(row),\n      lineIs(row),\n",
    "      fenceIs(row),\n",
  ],
  [
    "who leaves while a lock is handed over is given it all the same",
    store,
    "isPlaces ? exists(at(waiterAttribute(ticket))) : condition`${end} = ${head.untilMs}`,",
    'exists(at("fence")),',
  ],
  [
    "who asks again while a lock is handed over is dropped as dead",
    parts,
    "guards: dead.map(isStillDead),",
    "guards: dead.slice(99).map(isStillDead),",
  ],
  [
    "a release leaves those who wait to themselves",
    endings,
    "condition: allOf(callerHolds(proof, nowMs), nobodyWaits),",
    "condition: callerHolds(proof, nowMs),",
  ],
  [
    "a turn that nobody claims lasts as long as the lock was wanted for",
    store,
    "const claimMs = Math.max(leastClaimMs, head.untilMs - nowMs);",
    "const claimMs = Math.max(leastClaimMs, head.leaseMs);",
  ],
  [
    "who joins again as he leaves stands in the line twice",
    places,
    '      condition`NOT contains(${at("line")}, ${ticket})`,\n',
    "",
  ],
  [
    "who asks twice for a lock has two places",
    service,
    "      if (known) {\n",
    '      if (known && owner.userId === "") {\n',
  ],
  [
    "a turn that is given up is nobody's",
    service,
    "      if (!isTurn) return;\n",
    "      if (!isTurn || row) return;\n",
  ],
  [
    "a ticket for a lock is good for whoever shows it",
    places,
    'return condition`${at(waiterAttribute(ticket), "userId")} = ${userId}`;',
    'return condition`${at(waiterAttribute(ticket), "userId")} <> ${`${userId}!`}`;',
  ],
  [
    "a lease that is over is handed to nobody who asks",
    service,
    "const isOver = !parseLiveLock(row, nowMs);",
    "const isOver = !parseLiveLock(row, nowMs) && row === undefined;",
  ],
  [
    "a lock that is passed on goes to the first, whoever is named",
    passing,
    "const ticket = to && findTicket(row, to, nowMs);",
    "const ticket = to && findTicket(row, to, nowMs) && ticketOf(livingIn(row, nowMs)[0]!);\n      function ticketOf(first: { ticket: string }) { return first.ticket; }",
  ],
  [
    "who asks an owner to let go loses time by it",
    places,
    'change: { set: [action`${askedAtMs} = ${nowMs}`, action`${at("change")} = ${note}`] },',
    'change: { set: [action`${askedAtMs} = ${nowMs}`, action`${at(place, "untilMs")} = ${nowMs}`, action`${at("change")} = ${note}`] },',
  ],
  [
    "a stranger takes a lapsed lock that others wait for",
    handing,
    "if (!head || isSameOwner(head.owner, owner)) {",
    "if (!head || head.ticket) {",
  ],
];

/** What only shows in what people are told, which the histories of a line look at. */
const untrueAnswers: typeof faults = [
  [
    "who keeps his place as his turn comes has less time to claim it than he was told",
    store,
    "    isPlaces ? end : undefined,\n",
    "",
  ],
  [
    "who joins as his turn comes waits behind himself",
    service,
    "if (isSameOwner(lock.owner, owner)) {",
    "if (isSameOwner(lock.owner, owner) && lock.fence < 0) {",
  ],
  [
    "who joins as his place ends is told to join",
    service,
    "if (!(error instanceof PlaceNotFound)) throw error;\n      throw new LineWaits(",
    "throw error;\n      throw new LineWaits(",
  ],
];

const plant = (
  [name, file, find, replace]: (typeof faults)[number],
  workload: string,
): PlantedFault => ({ name, file, find, replace, workload });

/** What the plan of a line for locks can get wrong. */
export const lockLineFaults: readonly PlantedFault[] = [
  ...faults.map((fault) => plant(fault, "lock-lines")),
  ...untrueAnswers.map((fault) => plant(fault, "line-answers")),
];
