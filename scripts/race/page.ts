/** The report of a contest as one HTML file. */
import { escaped } from "../report-page/escaped.ts";
import { writeReportPage, writeTable } from "../report-page/page.ts";
import { writeNumber } from "../report-page/plot.ts";
import { drawStackedBars } from "../report-page/stacked-bars.ts";
import type { Contest, ContestOptions } from "./contest.ts";
import { dotStyle, drawDots } from "./dots.ts";
import { outcomes } from "./outcomes.ts";
import { histogram, type Summary, summarize, type Times } from "./report.ts";

type Setup = Pick<ContestOptions, "shoppers" | "stock" | "lines" | "exclusive">;

function drawHistogram(contest: Contest): string {
  const bars = histogram(contest, 24);
  return drawStackedBars({
    title: "How long answers took",
    nameX: "milliseconds to the answer, from",
    nameY: "orders",
    series: outcomes,
    bars: bars.map((bar) => ({
      label: writeNumber(bar.fromMs),
      parts: outcomes.map(({ kind }) => bar[kind]),
    })),
  });
}

function writeTimes({ granted, refused, grantedTimes, refusedTimes }: Summary): string {
  const row = (name: string, of: keyof Times): string[] => [
    name,
    ...[grantedTimes, refusedTimes].map((times) => `${writeNumber(times[of])} ms`),
  ];
  return writeTable(
    [
      ["orders", writeNumber(granted), writeNumber(refused)],
      row("half within", "p50"),
      row("95 in 100 within", "p95"),
      row("99 in 100 within", "p99"),
      row("longest", "max"),
    ],
    ["", "granted", "refused"],
  );
}

/** Each item's books as the sum that they have to be: a line can break where a table cannot. */
function writeBooks({ levels }: Contest): string {
  const books = levels.map(
    ({ itemId, available, held, sold, received, adjusted }) =>
      `<li><strong>${escaped(itemId)}</strong>: ${available} available + ${held} held + ${sold} sold; ` +
      `${received} received + ${adjusted} adjusted</li>`,
  );
  return `<h2>The books afterwards</h2><p>Both sides have to be the same.</p><ul>${books.join("")}</ul>`;
}

function writeCost(sum: Summary): string {
  const units = `${sum.writeUnitsPerGrant.toFixed(1)} write units and ${sum.readUnitsPerGrant.toFixed(1)} read units`;
  return (
    `<p>DynamoDB: ${sum.requestsPerGrant.toFixed(2)} requests, ${units} a grant; ` +
    `${sum.requestsPerRefusal.toFixed(2)} requests a refusal.</p>`
  );
}

/** The page. */
export function htmlReport(contest: Contest, setup: Setup): string {
  const sum = summarize(contest);
  const { broken, looks, tookMs } = contest;
  const policy = setup.exclusive ? ", one holder at a time" : "";
  const items = `${setup.lines} item${setup.lines === 1 ? "" : "s"}`;
  const pace = `${(tookMs / 1000).toFixed(1)} s, ${sum.perSecond.toFixed(0)} orders a second`;
  return writeReportPage("Holdfast race", {
    heading: "A race for stock",
    sentence: `${setup.shoppers} shoppers, ${items} of ${setup.stock} units each${policy}; ${pace}`,
    broken,
    whole:
      "Everything held: no unit was lost, doubled or promised twice; " +
      `the conservation law was checked ${looks} times while racing and once at the end.`,
    body: [
      `<style>${dotStyle}</style>`,
      writeTimes(sum),
      writeCost(sum),
      drawHistogram(contest),
      drawDots(contest),
      writeBooks(contest),
    ].join("\n"),
  });
}
