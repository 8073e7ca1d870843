/** Sums a contest up: counts, percentiles, cost and a histogram, for the terminal and for the page. */
import type { Attempt, Contest } from "./contest.ts";
import { isOfKind, type Outcome, outcomes } from "./outcomes.ts";

/** How long some answers took, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** A contest in numbers. */
export interface Summary {
  readonly granted: number;
  readonly refused: number;
  readonly other: number;
  readonly perSecond: number;
  readonly grantedTimes: Times;
  readonly refusedTimes: Times;
  readonly requestsPerGrant: number;
  readonly writeUnitsPerGrant: number;
  readonly readUnitsPerGrant: number;
  readonly requestsPerRefusal: number;
}

/** One bar of the histogram: answers that took from `fromMs` up to `toMs`. */
export interface Bar extends Readonly<Record<Outcome, number>> {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The usual points of how long answers took. */
export function measureTimes(attempts: readonly Pick<Attempt, "tookMs">[]): Times {
  const sorted = attempts.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** The average; 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The numbers of a contest. */
export function summarize({ attempts, tookMs }: Contest): Summary {
  const granted = attempts.filter((attempt) => isOfKind(attempt, "granted"));
  const refused = attempts.filter((attempt) => isOfKind(attempt, "refused"));
  return {
    granted: granted.length,
    refused: refused.length,
    other: attempts.length - granted.length - refused.length,
    perSecond: attempts.length / (tookMs / 1000),
    grantedTimes: measureTimes(granted),
    refusedTimes: measureTimes(refused),
    requestsPerGrant: mean(granted.map(({ requests }) => requests)),
    writeUnitsPerGrant: mean(granted.map(({ writeUnits }) => writeUnits)),
    readUnitsPerGrant: mean(granted.map(({ readUnits }) => readUnits)),
    requestsPerRefusal: mean(refused.map(({ requests }) => requests)),
  };
}

/** The answers by how long they took, in bars of equal and round width. */
export function histogram({ attempts }: Contest, bars = 12): Bar[] {
  const longest = Math.max(1, ...attempts.map(({ tookMs }) => tookMs));
  const rough = longest / bars;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const width = [1, 2, 5, 10].map((step) => step * magnitude).find((step) => step >= rough)!;
  return Array.from({ length: Math.ceil(longest / width) }, (_, index) => {
    const [fromMs, toMs] = [index * width, (index + 1) * width];
    const within = attempts.filter(({ tookMs }) => tookMs >= fromMs && tookMs < toMs);
    const count = (kind: Outcome): number =>
      within.filter((attempt) => isOfKind(attempt, kind)).length;
    const [granted, refused, other] = outcomes.map(({ kind }) => count(kind));
    return { fromMs, toMs, granted: granted!, refused: refused!, other: other! };
  });
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

function timesLine(name: string, count: number, times: Times): string {
  const { p50, p95, p99, max } = times;
  const numbers = `p50 ${ms(p50)}   p95 ${ms(p95)}   p99 ${ms(p99)}   longest ${ms(max)}`;
  return `  ${name.padEnd(9)} ${String(count).padStart(6)}   ${numbers}`;
}

const barWidth = 46;
const signs: Record<Outcome, string> = { granted: "█", refused: "░", other: "×" };

function histogramLines(contest: Contest): string[] {
  const bars = histogram(contest);
  const count = ({ granted, refused, other }: Bar): number => granted + refused + other;
  const most = Math.max(1, ...bars.map(count));
  return bars.map((bar) => {
    const { fromMs, toMs } = bar;
    const length = (part: number): number => Math.round((part / most) * barWidth);
    const filled = outcomes.map(({ kind }) => signs[kind].repeat(length(bar[kind]))).join("");
    const range = `${fromMs.toFixed(0)}–${toMs.toFixed(0)} ms`;
    return `  ${range.padStart(14)} ${filled.padEnd(barWidth + 1)} ${count(bar)}`;
  });
}

/** The report for a terminal. */
export function terminalReport(contest: Contest): string {
  const sum = summarize(contest);
  const { levels, looks, broken, tookMs } = contest;
  const cost =
    `${sum.requestsPerGrant.toFixed(2)} requests, ${sum.writeUnitsPerGrant.toFixed(1)} write units ` +
    `and ${sum.readUnitsPerGrant.toFixed(1)} read units a grant; ` +
    `${sum.requestsPerRefusal.toFixed(2)} requests a refusal`;
  return [
    "",
    timesLine("granted", sum.granted, sum.grantedTimes),
    timesLine("refused", sum.refused, sum.refusedTimes),
    ...(sum.other > 0 ? [`  other     ${String(sum.other).padStart(6)}`] : []),
    `  ${sum.perSecond.toFixed(0)} orders a second for ${(tookMs / 1000).toFixed(1)} s`,
    `  DynamoDB: ${cost}`,
    "",
    `  █ granted  ░ refused${sum.other > 0 ? "  × neither" : ""}, by the time that the answer took`,
    ...histogramLines(contest),
    "",
    ...levels.map(({ itemId, available, held, sold, received, adjusted }) => {
      const parts = `${available} available + ${held} held + ${sold} sold`;
      return `  ${itemId}: ${parts} = ${received} received + ${adjusted} adjusted`;
    }),
    broken.length === 0
      ? `  Everything held: looked at ${looks} times while racing, and once more at the end.`
      : `  BROKEN:\n${broken.map((problem) => `    ${problem}`).join("\n")}`,
    "",
  ].join("\n");
}
