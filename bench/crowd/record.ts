/** Writes recordings down as a page of tables and as a picture. */
import { defaultContention, settingRows } from "../../local/contention/settings.ts";
import { fitDueShards } from "../../infra/settings/capacity.ts";
import { type Compared, standalone, tenfoldBars } from "../../scripts/crowd/chart.ts";
import type { CrowdSummary } from "../../scripts/crowd/summary.ts";
import type { StepCost } from "../../test/sim/contention/order-costs.ts";
import { pendingOthers, type Recording, type Scenario, scenarios } from "./scenarios.ts";

const none = "–";
const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const some = (value: number): string => (value < 10 ? value.toFixed(1) : whole(value));
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function stepText(step: StepCost | undefined): string {
  if (!step) return none;
  return step.refusal === undefined ? some(step.writeUnits) : `refused: \`${step.refusal}\``;
}

function costTable(recordings: readonly Recording[]): string {
  const rows = recordings.flatMap(({ name, costs }) =>
    pendingOthers.flatMap((asked) => {
      const cost = costs[String(asked)];
      if (!cost) return [];
      const { place, start, pay, cancel, readItem, rowBytes, others } = cost;
      const pending =
        others < asked ? `${whole(asked)} (${whole(others)} were taken)` : whole(asked);
      const steps = [place, start, pay, cancel].map(stepText);
      return [[name, pending, ...steps, some(readItem.readUnits), whole(rowBytes)]];
    }),
  );
  const steps = ["order", "start of payment", "paying webhook", "cancel"];
  return table(
    ["", "others pending", ...steps, "read units of `GET /items/{itemId}`", "row, bytes"],
    rows,
  );
}

type Column = readonly [name: string, value: (sum: CrowdSummary, recording: Recording) => string];

/** Marks a number of an older recording that is a little too low. */
const entriesOnce = "\u2020";

const crowdColumns: readonly Column[] = [
  ["sold", ({ counts }) => whole(counts.sold)],
  [
    "sold out (falsely)",
    ({ counts, falselySoldOut }) => `${whole(counts.soldOut)} (${falselySoldOut})`,
  ],
  ["other 4xx", ({ counts }) => whole(counts.refused)],
  ["503", ({ counts }) => whole(counts.tryAgain)],
  ["500", ({ counts }) => whole(counts.fault)],
  ["p50", ({ all }) => seconds(all.p50)],
  ["p95", ({ all }) => seconds(all.p95)],
  ["p99", ({ all }) => seconds(all.p99)],
  ["attempts a sale", ({ attemptsPerSale }) => some(attemptsPerSale)],
  ["requests a sale", ({ requestsPerSale }) => some(requestsPerSale)],
  ["write units a sale", ({ writeUnitsPerSale }) => some(writeUnitsPerSale)],
  [
    "with refusals",
    ({ chargedPerSale }, { countedEntriesOnce = false }) =>
      `${some(chargedPerSale)}${countedEntriesOnce ? entriesOnce : ""}`,
  ],
  ["conflicts", ({ conflicts }) => whole(conflicts)],
  ["throttled", ({ throttled }) => whole(throttled)],
  ["sales a second and item", ({ perSecond }) => some(perSecond)],
];

function crowdTable(recordings: readonly Recording[]): string {
  const rows = scenarios
    .filter(({ group }) => group === "crowds")
    .flatMap(({ id, name }) =>
      recordings.map((recording) => {
        const { name: who, crowds } = recording;
        const found = crowds[id];
        const limit = found
          ? `${whole(found.limits.transactions)} / ${whole(found.limits.plainUpdates)}`
          : none;
        const cells = crowdColumns.map(([, of]) => (found ? of(found.summary, recording) : none));
        return [name, who, ...cells, limit];
      }),
    );
  const limit = "limit by transactions / plain updates";
  return table(["crowd", "", ...crowdColumns.map(([name]) => name), limit], rows);
}

/** What bounds sales besides an item's rows: two units an order in its table, one entry in the index of due orders. */
function listOtherLimits({ contention }: Scenario["options"]): string[] {
  const { warmWriteUnits, partitionWriteUnits } = contention;
  const dueShards = fitDueShards(warmWriteUnits);
  const ofIndex = `${whole(dueShards * partitionWriteUnits)} (${dueShards} partitions)`;
  return [`${whole(warmWriteUnits / 2)} (${whole(warmWriteUnits)} units)`, ofIndex];
}

const ofSales = (): readonly Scenario[] => scenarios.filter(({ group }) => group === "sales");

function salesTable(recordings: readonly Recording[]): string {
  const rows = ofSales().flatMap(({ id, name, options }) =>
    recordings.map(({ name: who, crowds }) => {
      const found = crowds[id];
      if (!found) return [name, who, ...Array.from({ length: 9 }, () => none)];
      const { summary, limits } = found;
      const { counts } = summary;
      const rates = [summary.perSecond, summary.bestSecond].map(whole);
      const most = [limits.transactions, limits.plainUpdates].map(whole);
      const others = listOtherLimits(options);
      const told = [counts.tryAgain + counts.fault, counts.soldOut].map(whole);
      return [name, who, ...rates, ...most, ...others, ...told, some(summary.attemptsPerSale)];
    }),
  );
  const ofRows = ["limit of rows by transactions", "by plain updates"];
  const ofTables = ["limit of the table of orders", "of the index of due orders"];
  const answers = ["503 and 500", "sold out", "attempts a sale"];
  return table(
    ["rows", "", "sales a second", "best second", ...ofRows, ...ofTables, ...answers],
    rows,
  );
}

function rowTable({ rows }: Recording): string {
  return table(
    [
      "one row of 900 bytes",
      "writers within 1 s",
      "writes a second",
      "attempts a write",
      "gave up",
    ],
    rows.map(({ load, rate }) => [
      load.kind === "plain" ? "plain updates" : "transactions",
      whole(load.writers),
      whole(rate.perSecond),
      some(rate.attemptsPerWrite),
      whole(rate.gaveUp),
    ]),
  );
}

/** Sales a second by rows: every recording and the limit of plain updates, on one tenfold scale. */
export function recordPicture(recordings: readonly Recording[]): string {
  const shades = ["sold-out", "sold", "try-again", "refused"];
  const series = [
    ...recordings.map(({ name }, index) => ({ name, className: shades[index % shades.length]! })),
    { name: "limit by plain updates", className: "limit" },
  ];
  const rows = ofSales().map(({ id, name, options }): Compared => {
    const values = recordings.map(({ crowds }) => crowds[id]?.summary.perSecond);
    return {
      label: name,
      values: [...values, options.shards * options.contention.partitionWriteUnits],
    };
  });
  const title = "Sales a second of one item, by rows";
  return standalone(tenfoldBars({ title, series, rows }));
}

/** The page: recordings one beside the other, the model's settings, and how to repeat it. */
export function recordPage(recordings: readonly Recording[]): string {
  const last = recordings.at(-1)!;
  const hasOld = recordings.some(({ countedEntriesOnce }) => countedEntriesOnce);
  const made = recordings.map(
    ({ name, commit, date }) => `- **${name}**: commit \`${commit}\`, recorded on ${date}`,
  );
  const settings = settingRows(defaultContention).map(([name, value, from]) => [
    `\`${name}\``,
    value,
    from,
  ]);
  return `# What a crowd gets, and what it costs

The product's own code over a model of DynamoDB, in virtual time: \`local/contention\` has the rules and
their sources, [docs/contention.md](../docs/contention.md) explains them. Nothing here was measured on the
service itself. \`node bench/crowd.ts NAME\` records all of it anew under a name; what was recorded under
other names stays.

${made.join("\n")}

## Write units of an order of one line, by how many others hold the same item

Counted, without contention. Refused means that the product turned the buyer away although there were units.

A write unit, on this whole page, is what DynamoDB's \`ConsumedCapacity\` counts: each begun kilobyte of a row, and each
index entry that is written, all of it twice in a transaction (index entries, too: DynamoDB Local tells it so, AWS's pages
leave it open). Of the 8 of an order 2 are its own row, 2 its item's row, and 4 its two index entries. This table leaves out
the limit on a shopper's open orders: while it is set, as it is by default, each step writes 2 more. The crowds
below have it, but for those of one account, and those of 92da248, which knew no such limit.

${costTable(recordings)}

## Crowds

1,000 shoppers within 1 s and 500 units of each item unless told; fresh tables (4,000 write units a second each, so 2,000
orders a second and what has gathered in the second before), 4 partitions of the index of due orders, seed 1. Times are how long
shoppers waited for any answer. "Write units a sale": those of the sold orders' own writes that took effect. "With
refusals": those of all writes of the whole crowd, also of refused, given back and repeated ones, for each sale.
${hasOld ? `\n${entriesOnce} Counted when the model took an index entry in a transaction for one unit: too low by 2 for each sale.\n` : ""}
${crowdTable(recordings)}

## Sales a second of one item

As many shoppers within 2 s as the rows give units for in plain updates, and stock without end. What was set: \`warmWriteUnits\`,
40,000 and at 40 rows 200,000 (quotas raised with it), from which the number of partitions of the index of due orders
follows; everything else by its default. The physical limits: a row takes one transaction at a time, ${defaultContention.busy.medianMs} ms
each; in plain updates its partition gives ${whole(defaultContention.partitionWriteUnits)} write units a second; an order is two units in its table (it
stands in a transaction), and one entry in each of its indexes. API Gateway's and
Lambda's own quotas are no part of the model: ask for yours to be raised before such a sale.

${salesTable(recordings)}

![Sales a second of one item](crowd.svg)

## The model by itself

A row of 900 bytes under the product's own retries and nothing else; recorded with "${last.name}".

${rowTable(last)}

## The model's settings

${table(["setting", "value", "source"], settings)}
`;
}
