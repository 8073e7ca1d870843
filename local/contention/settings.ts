/** Every number of the contention model in one place, each with the source that it was taken from. */

/** A time that is drawn anew each time: log-normal, told by its middle and by what 99 of 100 stay under. */
export interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/**
 * Which keys share a partition: `isolated` gives each partition key one of its own, which is what DynamoDB's
 * adaptive capacity ends at; a number spreads all keys over that many by their hash, as in a fresh table.
 */
export type Placement = "isolated" | number;

/** How the modelled service behaves. Units are a second's. */
export interface ContentionSettings {
  /** How long a transaction keeps its items between prepare and commit. */
  readonly busy: Latency;
  /** How long a transaction that is cancelled keeps those items that had accepted it. */
  readonly cancel: Latency;
  readonly partitionWriteUnits: number;
  readonly partitionReadUnits: number;
  /** A bucket holds what comes in during this many seconds, and no more. */
  readonly burstSeconds: number;
  /** What a table (and each of its indexes) takes at first. */
  readonly warmWriteUnits: number;
  readonly warmReadUnits: number;
  /** What a table ever takes. */
  readonly tableWriteUnits: number;
  readonly tableReadUnits: number;
  /** After this time a table takes twice what it has served at its peak. */
  readonly growthMs: number;
  /** Write units that an attempt costs which is refused for a conflict, whatever the size of the item. */
  readonly conflictUnits: number;
  /** How many write units an index partition may be behind before writes to its table are throttled. */
  readonly indexBacklogUnits: number;
  readonly placement: Placement;
  /** One way between a function and the service. */
  readonly way: Latency;
  /** Time inside the service: a read, a plain write, a refusal. */
  readonly read: Latency;
  readonly write: Latency;
}

/** What is known of the service, for on-demand tables; what is not documented says so in `settingSources`. */
export const defaultContention: ContentionSettings = {
  busy: { medianMs: 10, p99Ms: 15 },
  cancel: { medianMs: 5, p99Ms: 8 },
  partitionWriteUnits: 1_000,
  partitionReadUnits: 3_000,
  burstSeconds: 1,
  warmWriteUnits: 4_000,
  warmReadUnits: 12_000,
  tableWriteUnits: 40_000,
  tableReadUnits: 40_000,
  growthMs: 30 * 60_000,
  conflictUnits: 1,
  indexBacklogUnits: 1_000,
  placement: "isolated",
  way: { medianMs: 0.5, p99Ms: 2 },
  read: { medianMs: 2, p99Ms: 8 },
  write: { medianMs: 3, p99Ms: 10 },
};

const guide = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide";

/** Where each setting comes from; `assumed` where AWS says nothing. */
const settingSources: Readonly<Record<keyof ContentionSettings, string>> = {
  busy: "assumed: measured by others at 900-byte items, never stated by AWS",
  cancel: "assumed: the prepare's half of it",
  partitionWriteUnits: `${guide}/bp-partition-key-design.html`,
  partitionReadUnits: `${guide}/bp-partition-key-design.html`,
  burstSeconds: "assumed: unused capacity adds nothing above a partition's own limit",
  warmWriteUnits: `${guide}/on-demand-capacity-mode.html#on-demand-capacity-mode-initial`,
  warmReadUnits: `${guide}/on-demand-capacity-mode.html#on-demand-capacity-mode-initial`,
  tableWriteUnits: `${guide}/ServiceQuotas.html#default-limits-throughput`,
  tableReadUnits: `${guide}/ServiceQuotas.html#default-limits-throughput`,
  growthMs: `${guide}/on-demand-capacity-mode.html#on-demand-capacity-mode-scaling`,
  conflictUnits: "assumed: it has reached the partition and changed nothing; AWS does not say",
  indexBacklogUnits: `that there is back-pressure: ${guide}/gsi-throttling.html; how late it sets in: assumed`,
  placement: `${guide}/burst-adaptive-capacity.html`,
  way: "assumed: two availability zones of one region",
  read: "assumed, within AWS's 'single-digit milliseconds'",
  write: "assumed, within AWS's 'single-digit milliseconds'",
};

function valueText(value: Latency | Placement): string {
  if (typeof value === "object") return `median ${value.medianMs} ms, p99 ${value.p99Ms} ms`;
  return typeof value === "number" ? value.toLocaleString("en-US") : value;
}

/** The settings as rows of name, value and source, to stand beside whatever was measured with them. */
export function settingRows(
  settings: ContentionSettings,
): [name: string, value: string, from: string][] {
  const names = Object.keys(settingSources) as (keyof ContentionSettings)[];
  return names.map((name) => [name, valueText(settings[name]), settingSources[name]]);
}
