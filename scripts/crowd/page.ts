/** The report of a crowd as one HTML file. */
import { settingRows } from "../../local/contention/settings.ts";
import type { Answer, AnswerKind, Crowd } from "../../test/sim/contention/crowd.ts";
import { escaped } from "../report-page/escaped.ts";
import { writeReportPage, writeTable } from "../report-page/page.ts";
import type { Series } from "../report-page/series.ts";
import { drawStackedBars } from "../report-page/stacked-bars.ts";
import { countReasons } from "./report.ts";
import { crowdSentence, listFacts } from "./summary.ts";

const kinds: readonly (Series & { readonly kind: AnswerKind })[] = [
  { kind: "sold", name: "sold", look: "done" },
  { kind: "soldOut", name: "sold out", look: "out" },
  { kind: "refused", name: "refused otherwise", look: "refused" },
  { kind: "tryAgain", name: "try again (503)", look: "again" },
  { kind: "fault", name: "failed (500)", look: "fault" },
];

/** The least round number that is not smaller. */
function roundUp(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * magnitude).find((step) => step >= value)!;
}

const countKinds = (answers: readonly Answer[]): number[] =>
  kinds.map(({ kind }) => answers.filter((answer) => answer.kind === kind).length);

function answersByTime({ answers }: Crowd): string {
  const last = answers.reduce((most, { answeredAtMs }) => Math.max(most, answeredAtMs), 1);
  const binMs = roundUp(last / 50);
  const bars = Array.from({ length: Math.ceil((last + 1) / binMs) }, (_, index) => {
    const within = answers.filter(({ answeredAtMs }) => Math.floor(answeredAtMs / binMs) === index);
    const label = String(Number(((index * binMs) / 1_000).toFixed(3)));
    return { label, parts: countKinds(within) };
  });
  const nameX = "seconds since the doors opened";
  const title = `Answers in each ${binMs.toLocaleString("en-US")} ms`;
  return drawStackedBars({ title, nameX, nameY: "answers", series: kinds, bars });
}

function answersByWait({ answers }: Crowd): string {
  const findBin = ({ askedAtMs, answeredAtMs }: Answer): number =>
    Math.floor(Math.log2(Math.max(1, answeredAtMs - askedAtMs)));
  const last = answers.reduce((most, answer) => Math.max(most, findBin(answer)), 0);
  const bars = Array.from({ length: last + 1 }, (_, bin) => {
    const within = answers.filter((answer) => findBin(answer) === bin);
    const from = 2 ** bin;
    const label = from < 1_000 ? String(from) : `${(from / 1_000).toFixed(0)} s`;
    return { label, parts: countKinds(within) };
  });
  const title = "How long shoppers waited, each bar up to twice as long";
  const nameX = "milliseconds, from";
  return drawStackedBars({ title, nameX, nameY: "answers", series: kinds, bars });
}

/** Where an address may break, so that a narrow screen need not scroll. */
const breakable = (text: string): string => text.replaceAll("/", "/\u200b");

/** Names and sources of settings are too long for a table on a phone. */
function writeModel({ options }: Crowd): string {
  const settings = settingRows(options.contention).map(
    ([name, value, from]) =>
      `<li><strong>${escaped(name)}</strong>: ${escaped(value)}<br><small>${breakable(escaped(from))}</small></li>`,
  );
  return `<ul>${settings.join("")}</ul>`;
}

/** The page. */
export function htmlReport(crowd: Crowd): string {
  const { broken, options } = crowd;
  const reasons = countReasons(crowd).map(([why, times]) => [why.split("\n")[0]!, String(times)]);
  return writeReportPage("Holdfast crowd", {
    heading: "A crowd at the doors",
    sentence: crowdSentence(crowd),
    broken,
    whole: "No unit was lost, doubled or promised twice.",
    body: `${answersByTime(crowd)}
${answersByWait(crowd)}
<h2>In numbers</h2>
${writeTable(listFacts(crowd))}
${reasons.length > 0 ? `<h2>What refusals said</h2>${writeTable(reasons)}` : ""}
<h2>The model</h2>
<p>The product's own code over a model of DynamoDB, in virtual time; seed ${options.seed}. The numbers are true with these
settings:</p>
${writeModel(crowd)}`,
  });
}
