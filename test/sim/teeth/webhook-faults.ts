/** Mistakes in how endpoints are told; only somebody whose receiver keeps a table of what came meets these. */
import type { PlantedFault } from "./faults.ts";

const feeding = "shared/webhooks/feeding-service.ts";
const lines = "shared/webhooks/line-store.ts";
const next = "shared/webhooks/next-event-store.ts";
const telling = "shared/webhooks/telling-service.ts";
const webhook = "shared/webhooks/webhook.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "of a batch only the first event of a resource is fed",
    feeding,
    "upTo: Math.max(...numbers)",
    "upTo: Math.min(...numbers)",
  ],
  [
    "what is fed in another order takes a line back",
    lines,
    'condition: anyOf(isMissing(at("upTo")), condition`${at("upTo")} < ${upTo}`),',
    'condition: condition`${at("upTo")} <> ${-1}`,',
  ],
  [
    "a line moves on before its call",
    telling,
    "const outcome = await callWith(options, webhook, event);",
    `await pass(options, { line, lease, through: event.sequence });
      const outcome = await callWith(options, webhook, event);`,
  ],
  [
    "a pause loses the event that was tried last",
    telling,
    'await postpone(attempt, clock(), makeLog(attempt, outcome, "failing"));',
    `await pass(attempt, {
    line,
    lease,
    through: event.sequence,
    log: makeLog(attempt, outcome, "failing"),
  });`,
  ],
  [
    "of a dead endpoint event after event is given up",
    telling,
    "(present.tookAtMs ?? 0) > startedAtMs",
    "(present.tookAtMs ?? startedAtMs) >= 0",
  ],
  [
    "the latest event of a resource is told first",
    next,
    "for (const event of page.rows) {",
    "for (const event of page.rows.toReversed()) {",
  ],
  [
    "an endpoint begins with what it was told of first",
    next,
    "line.through ?? (await findStart(database, line, webhook));",
    "line.through ?? (webhook.active ? line.first - 1 : 0);",
  ],
  [
    "an answer that refuses counts as taken",
    webhook,
    "return answered >= 200 && answered < 300;",
    "return answered >= 200 && answered < 501;",
  ],
];

export const webhookFaults: readonly PlantedFault[] = faults.map(([name, file, find, replace]) => ({
  name,
  file,
  find,
  replace,
  workload: "webhooks",
}));
