/** Mistakes in how facts go out; only somebody who needs every one of them meets these. */
import type { PlantedFault } from "./faults.ts";

const event = "shared/events/event.ts";
const store = "shared/events/event-store.ts";
const service = "shared/events/event-service.ts";
const publishing = "shared/events/publishing-service.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  ["what was told before is told again", service, "if (tail.isTold) return [];", ""],
  [
    "a number is given twice",
    store,
    'condition: isMissing(at("resource")),',
    'condition: condition`${at("sequence")} <> ${-1}`,',
  ],
  [
    "a number is left out",
    store,
    "const sequence = tail.sequence + index + 1;",
    "const sequence = tail.sequence + index + (tail.sequence === 2 ? 2 : 1);",
  ],
  [
    "a level that turned meanwhile is not looked at again",
    service,
    'if ("events" in appended) events.push(...appended.events);',
    'if ("events" in appended) return appended.events;',
  ],
  [
    "two facts have the same id",
    event,
    'id: derivedId("evt", change.key, change.sequence, index, behind),',
    'id: derivedId("evt", change.key, index, behind),',
  ],
  [
    "what the bus refused counts as sent",
    publishing,
    "const moved = open.filter(({ events, taken }) => sent.has(events[taken]!.id));",
    "const moved = open.filter(({ events, taken }) => sent.has(events[taken]!.id) || taken < 9);",
  ],
  [
    "everything of a resource has left when something has",
    publishing,
    "setLeft(database, resource, all[taken - 1]!.sequence, clock())),",
    "setLeft(database, resource, all.at(-1)!.sequence, clock())),",
  ],
  [
    "what cannot be seen yet is passed over",
    publishing,
    "const gap = events.findIndex(({ sequence }, index) => sequence !== left + index + 1);",
    "const gap = before.length > 0 ? -1 : -1;",
  ],
  [
    "one row of an item tells for all of them",
    service,
    "const available = await findLevel(turn.itemId);",
    "const available = (await findLevel(turn.itemId)) === undefined ? undefined : turn.after;",
  ],
  [
    "an item is told to be sold out again and again",
    event,
    'return last === "item.sold_out" ? [] : tell("item.sold_out");',
    'return tell("item.sold_out");',
  ],
];

export const eventFaults: readonly PlantedFault[] = faults.map(([name, file, find, replace]) => ({
  name,
  file,
  find,
  replace,
  workload: "events",
}));
