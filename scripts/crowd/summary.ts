/** What a crowd comes to in numbers, for the terminal, the page and the records in bench/. */
import type { ContentionSettings } from "../../local/contention/settings.ts";
import type { Answer, AnswerKind, Crowd } from "../../test/sim/contention/crowd.ts";
import { mean, type Times, measureTimes } from "../race/report.ts";

/** A crowd in numbers. Times are virtual milliseconds. */
export interface CrowdSummary {
  readonly counts: Readonly<Record<AnswerKind, number>>;
  readonly falselySoldOut: number;
  readonly all: Times;
  readonly sales: Times;
  readonly soldOut: Times;
  /** From the first shopper to the last answer. */
  readonly tookMs: number;
  /** From the first shopper to the last sale. */
  readonly sellingMs: number;
  /** Sales of a unit by time, for each item. */
  readonly perSecond: number;
  /** The best second of the busiest item. */
  readonly bestSecond: number;
  readonly attemptsPerSale: number;
  readonly requestsPerSale: number;
  /**
   * Write units of the sold orders' own writes. A write unit is what `ConsumedCapacity` counts: each begun kilobyte of a
   * row and each index entry that is written, all of it twice in a transaction.
   */
  readonly writeUnitsPerSale: number;
  /** Write units of everything that anybody wrote or was refused, for each sale; the same units. */
  readonly chargedPerSale: number;
  readonly conflicts: number;
  readonly throttled: number;
  readonly behindIndex: number;
  readonly containers: number;
}

/** What no protocol can exceed with these settings, in sales a second and item. */
export interface Limits {
  /** A row takes one transaction at a time. */
  readonly transactions: number;
  /** A row's partition takes so many write units of one. */
  readonly plainUpdates: number;
}

/** The physical limit of an item with so many rows. */
export function computeLimits(settings: ContentionSettings, shards: number): Limits {
  const { busy, partitionWriteUnits, placement } = settings;
  const partitions = placement === "isolated" ? shards : Math.min(shards, placement);
  return {
    // Two units each: no more than half of what the partition gives.
    transactions: Math.min(
      (shards * 1_000) / Math.max(busy.medianMs, 0.001),
      (partitions * partitionWriteUnits) / 2,
    ),
    plainUpdates: partitions * partitionWriteUnits,
  };
}

function most(times: readonly number[], withinMs: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  let best = 0;
  let from = 0;
  for (const [to, time] of sorted.entries()) {
    while (time - sorted[from]! >= withinMs) from += 1;
    best = Math.max(best, to - from + 1);
  }
  return best;
}

function findBestSecond(sales: readonly Answer[]): number {
  const units = sales.flatMap(({ itemIds, answeredAtMs }) =>
    itemIds.map((itemId) => ({ itemId, answeredAtMs })),
  );
  const byItem = Map.groupBy(units, ({ itemId }) => itemId);
  const best = [...byItem.values()].map((sold) =>
    most(
      sold.map(({ answeredAtMs }) => answeredAtMs),
      1_000,
    ),
  );
  return Math.max(0, ...best);
}

const took = ({ askedAtMs, answeredAtMs }: Answer) => ({ tookMs: answeredAtMs - askedAtMs });

/** The numbers of a crowd. */
export function summarizeCrowd(crowd: Crowd): CrowdSummary {
  const { answers, options, counts, falselySoldOut, containers } = crowd;
  const of = (kind: AnswerKind): Answer[] => answers.filter((answer) => answer.kind === kind);
  const sales = of("sold");
  const first = answers.reduce((least, { askedAtMs }) => Math.min(least, askedAtMs), Infinity);
  const findLast = (some: readonly Answer[]): number =>
    some.reduce((last, { answeredAtMs }) => Math.max(last, answeredAtMs), first);
  const sellingMs = findLast(sales) - first;
  const units = sales.reduce((sum, { itemIds }) => sum + itemIds.length, 0);
  return {
    counts: {
      sold: sales.length,
      soldOut: of("soldOut").length,
      refused: of("refused").length,
      tryAgain: of("tryAgain").length,
      fault: of("fault").length,
    },
    falselySoldOut,
    all: measureTimes(answers.map(took)),
    sales: measureTimes(sales.map(took)),
    soldOut: measureTimes(of("soldOut").map(took)),
    tookMs: findLast(answers) - first,
    sellingMs,
    perSecond: sellingMs > 0 ? units / options.items / (sellingMs / 1_000) : 0,
    bestSecond: findBestSecond(sales),
    attemptsPerSale: mean(sales.map(({ attempts }) => attempts)),
    requestsPerSale: mean(sales.map(({ requests }) => requests)),
    writeUnitsPerSale: mean(sales.map(({ writeUnits }) => writeUnits)),
    chargedPerSale: counts.writeUnits / Math.max(1, sales.length),
    conflicts: counts.conflicts,
    throttled: counts.throttled,
    behindIndex: counts.behindIndex,
    containers,
  };
}

/** The crowd in one sentence. */
export function crowdSentence({ options }: Crowd): string {
  const { shoppers, items, stock, lines, windowMs, source, isOneAccount, shards } = options;
  const count = (number: number, name: string): string =>
    `${number.toLocaleString("en-US")} ${name}${number === 1 ? "" : "s"}`;
  const what = lines === 1 ? "one unit" : `${lines} different items`;
  const rows = shards === 1 ? "" : `, ${shards} rows each`;
  const whose = isOneAccount ? ", all of one account" : "";
  const how = source === "cart" ? "from a cart" : "without a cart";
  return (
    `${count(shoppers, "shopper")}${whose} within ${windowMs / 1_000} s, each for ${what} ${how}; ` +
    `${count(items, "item")} of ${count(stock, "unit")}${rows}`
  );
}

/** One line of a report: what, and how much. */
export type Fact = readonly [name: string, value: string];

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const some = (value: number): string =>
  value < 100 ? value.toFixed(value < 10 ? 2 : 1) : whole(value);
const times = ({ p50, p95, p99, max }: Times): string =>
  `${whole(p50)} / ${whole(p95)} / ${whole(p99)} / ${whole(max)} ms`;

/** Everything that a report says of a crowd, in its order. */
export function listFacts(crowd: Crowd): Fact[] {
  const sum = summarizeCrowd(crowd);
  const { counts } = sum;
  const limits = computeLimits(crowd.options.contention, crowd.options.shards);
  return [
    ["sold", whole(counts.sold)],
    ["told sold out", whole(counts.soldOut)],
    ["of those falsely", whole(sum.falselySoldOut)],
    ["refused otherwise (409, 423)", whole(counts.refused)],
    ["told to try again (503)", whole(counts.tryAgain)],
    ["failed (500)", whole(counts.fault)],
    ["units held for nobody until their hold ends", whole(crowd.withheld)],
    ["every answer, p50 / p95 / p99 / longest", times(sum.all)],
    ["sales", times(sum.sales)],
    ["sold out", times(sum.soldOut)],
    ["sales a second and item, over all", some(sum.perSecond)],
    ["in the best second", whole(sum.bestSecond)],
    ["limit of its rows by transactions", `${whole(limits.transactions)} a second`],
    ["limit of its rows by plain updates", `${whole(limits.plainUpdates)} a second`],
    ["write attempts a sale", some(sum.attemptsPerSale)],
    ["requests a sale", some(sum.requestsPerSale)],
    ["write units a sale", some(sum.writeUnitsPerSale)],
    ["write units a sale with all refusals", some(sum.chargedPerSale)],
    ["requests that met a transaction", whole(sum.conflicts)],
    ["requests that were throttled", whole(sum.throttled)],
    ["of those for a late index", whole(sum.behindIndex)],
    ["requests at once, at the most", whole(sum.containers)],
  ];
}
