/** Mistakes in the lines for sold-out items. */
import type { PlantedFault } from "./faults.ts";

const holds = "shared/inventory/hold-store.ts";
const line = "shared/inventory/line/item-line.ts";
const store = "shared/inventory/line/item-line-store.ts";
const granting = "shared/inventory/line/item-line-granting.ts";
const reading = "shared/inventory/line/item-line-reading.ts";
const service = "shared/inventory/line/item-line-service.ts";
const attempt = "shared/orders/order-attempt.ts";
const parts = "shared/locks/line-parts.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "an order passes those who wait in line",
    holds,
    'line ? exists(at("hasLine")) : nobodyWaits,',
    'line ? exists(at("hasLine")) : exists(at("itemId")),',
  ],
  [
    "who is gone is served in the line for an item",
    parts,
    "const living = livingIn(row, nowMs);",
    "const living = parseWaiters(row);",
  ],
  [
    "the last in line for an item is served first",
    granting,
    "[living.slice(0, units), living.slice(units)]",
    "[living.toReversed().slice(0, units), living.toReversed().slice(units)]",
  ],
  [
    "asking again costs time in the line for an item",
    store,
    'change: { set: [action`${at(place, "untilMs")} = ${untilMs}`',
    'change: { set: [action`${at(place, "untilMs")} = ${nowMs}`',
  ],
  [
    "a shopper has as many places in the line for an item as he asks for",
    service,
    "if (known) return stand(",
    "if (known && userId === String(itemId)) return stand(",
  ],
  [
    "units whose holds are over are not given to who waits",
    line,
    "const free = stock.available + expiredUnits(stock, nowMs);",
    "const free = stock.available;",
  ],
  ["an order leaves the turn that it used", attempt, "    ...turns.values(),\n", ""],
  [
    "a turn that is given up keeps its unit",
    store,
    "return [endTurnWrite(itemId, turn), releaseHoldWrite(holding)];",
    "return [endTurnWrite(itemId, turn), ...[releaseHoldWrite(holding)].slice(1)];",
  ],
  [
    "the line for an item ends while one waits in it",
    reading,
    "waiting === 0 ? closeLineWrites",
    "waiting <= 1 ? closeLineWrites",
  ],
  [
    "an item says that it has a line after the last one was served",
    granting,
    'line: isLast ? "ends" : "goes on",',
    'line: "goes on",',
  ],
  [
    "who joins while others are served is forgotten",
    granting,
    "condition: allOf(lineIs(row), ...guards, ...places.map((place) => exists(place))),",
    'condition: allOf(...guards, ...places.map((place) => exists(place)), exists(at("resource"))),',
  ],
  [
    "who leaves while the line moves is served all the same",
    granting,
    "...places.map((place) => exists(place))),",
    "),",
  ],
  [
    "a ticket is good for whoever shows it",
    line,
    "turn.ticket === ticket && turn.userId === userId)",
    "turn.ticket === ticket)",
  ],
];

/** What the plan of a line for items can get wrong. */
export const itemLineFaults: readonly PlantedFault[] = faults.map(
  ([name, file, find, replace]) => ({ name, file, find, replace, workload: "lines" }),
);
