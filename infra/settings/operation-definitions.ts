/** Settings of how the shop is run: what it lets in, what is kept ready, who is told. */
import { type Definition, fits } from "./definition.ts";

/** Every setting of these sections by its key. */
export const operationDefinitions = {
  throttlePerSecond: {
    section: "Capacity",
    kind: "number",
    unit: "requests a second",
    default: 2000,
    least: 1,
    most: 10000,
    does: "what the whole API lets in; beyond it 429, which costs nothing",
  },
  ordersPerSecond: {
    section: "Capacity",
    kind: "number",
    unit: "requests a second",
    default: 1000,
    least: 1,
    most: 10000,
    does: "the same for placing orders alone",
  },
  webhooksPerSecond: {
    section: "Capacity",
    kind: "number",
    unit: "requests a second",
    default: 500,
    least: 1,
    most: 10000,
    does: "the same for payment providers' webhooks, so that nobody else's crowd keeps them out",
  },
  reservedForWebhooks: {
    section: "Capacity",
    kind: "number",
    unit: "runs",
    default: 0,
    least: 0,
    most: 1000,
    does: "concurrent runs kept for webhooks, and their most; 0 keeps none. Free, but all others then have so many fewer",
  },
  reservedForChanges: {
    section: "Capacity",
    kind: "number",
    unit: "runs",
    default: 0,
    least: 0,
    most: 1000,
    does: "the same for following the streams",
  },
  reservedForCleanup: {
    section: "Capacity",
    kind: "number",
    unit: "runs",
    default: 0,
    least: 0,
    most: 1000,
    does: "the same for the sweep",
  },
  warmReadUnits: {
    section: "Capacity",
    kind: "number",
    unit: "units",

    least: 12000,
    most: 1000000,
    does: "reads a second for which stock, orders and carts are ready at once; paid once, when raised (about 0.00155 USD for each beyond 12,000 in us-east-1)",
  },
  warmWriteUnits: {
    section: "Capacity",
    kind: "number",
    unit: "units",

    least: 4000,
    most: 1000000,
    does: "the same for writes (about 0.0095 USD for each beyond 4,000)",
  },
  tags: {
    section: "Operation",
    kind: "list",
    like: "pairs like team=shop, with commas",
    fits: fits(/^[^=,]{1,128}=[^=,]{0,256}$/),
    does: "tags of every resource, for bills and searches",
  },
  backups: {
    section: "Operation",
    kind: "choice",
    choices: ["off", "on"],
    does: "`on` copies every table daily and keeps 35 days (AWS Backup, about 0.10 USD per GB and month), besides the recovery to any second that every table has",
  },
  sweep: {
    section: "Operation",
    kind: "choice",
    choices: ["on", "off"],
    does: "`off` switches the schedule off; nothing but reports depends on it",
  },
  alarmEmail: {
    section: "Operation",
    kind: "list",
    like: "mail addresses like ops@example.com, with commas",
    fits: fits(/^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/),
    does: "who hears the alarms; each address confirms by a mail from AWS",
  },
} as const satisfies Record<string, Definition>;
