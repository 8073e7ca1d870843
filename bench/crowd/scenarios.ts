/** What is measured of crowds, and how each measurement is kept. */
import { type ContentionSettings, defaultContention } from "../../local/contention/settings.ts";
import type { CrowdSummary, Limits } from "../../scripts/crowd/summary.ts";
import type { CrowdOptions } from "../../test/sim/contention/crowd.ts";
import type { RowLoad, RowRate } from "../../test/sim/contention/bare-row.ts";
import type { OrderCosts } from "../../test/sim/contention/order-costs.ts";

/** One crowd that is let in at every recording. */
export interface Scenario {
  readonly id: string;
  readonly name: string;
  readonly group: "crowds" | "sales";
  readonly options: CrowdOptions;
}

const plain: CrowdOptions = {
  shoppers: 1_000,
  stock: 500,
  items: 1,
  lines: 1,
  windowMs: 1_000,
  source: "inline",
  isOneAccount: false,
  shards: 1,
  seed: 1,
  contention: defaultContention,
};

const pairs: CrowdOptions = { ...plain, items: 20, lines: 2 };

/** Tables that were warmed for so much, and the quota raised with them. */
function warmedFor(writeUnits: number): ContentionSettings {
  return {
    ...defaultContention,
    warmWriteUnits: writeUnits,
    warmReadUnits: 3 * writeUnits,
    tableWriteUnits: writeUnits,
    tableReadUnits: 3 * writeUnits,
  };
}

const endless = { ...plain, stock: 10_000_000, windowMs: 2_000 };

/** Every crowd, in the order of the record. */
export const scenarios: readonly Scenario[] = [
  { id: "unmarked", group: "crowds", name: "one item that nobody marked", options: plain },
  { id: "marked", group: "crowds", name: "the same with 8 rows", options: { ...plain, shards: 8 } },
  { id: "pairs", group: "crowds", name: "20 items bought in pairs", options: pairs },
  {
    id: "pairs-carts",
    group: "crowds",
    name: "20 items in pairs, from carts of one account",
    options: { ...pairs, source: "cart", isOneAccount: true },
  },
  {
    id: "ten-thousand",
    group: "crowds",
    name: "10,000 shoppers, 5,000 units",
    options: { ...plain, shoppers: 10_000, stock: 5_000 },
  },
  {
    id: "sales-1",
    group: "sales",
    name: "1 row",
    options: { ...endless, shoppers: 2_000, contention: warmedFor(40_000) },
  },
  {
    id: "sales-8",
    group: "sales",
    name: "8 rows",
    options: { ...endless, shards: 8, shoppers: 16_000, contention: warmedFor(40_000) },
  },
  {
    id: "sales-40",
    group: "sales",
    name: "40 rows",
    options: { ...endless, shards: 40, shoppers: 80_000, contention: warmedFor(200_000) },
  },
];

/** How many other orders are pending when an order's cost is counted. */
export const pendingOthers: readonly number[] = [1, 100, 1_000, 1_999, 2_000, 100_000];

const row = { seed: 1, contention: defaultContention, windowMs: 1_000 };

/** The model without the product: what one small row takes at the most. */
export const rowLoads: readonly RowLoad[] = [
  { ...row, kind: "transaction", writers: 100 },
  { ...row, kind: "transaction", writers: 1_000 },
  { ...row, kind: "plain", writers: 900 },
  { ...row, kind: "plain", writers: 4_000 },
];

/** What one recording has found; `crowds` by the scenario's id. */
export interface Recording {
  readonly name: string;
  readonly commit: string;
  readonly date: string;
  /** It was recorded when the model still counted index entries once, also in transactions. */
  readonly countedEntriesOnce?: boolean;
  readonly costs: Record<string, OrderCosts>;
  readonly crowds: Record<string, { readonly summary: CrowdSummary; readonly limits: Limits }>;
  readonly rows: { readonly load: Omit<RowLoad, "contention">; readonly rate: RowRate }[];
}
