/** The report of a crowd as one HTML file that needs nothing else: no script, no font, no network. */
import { settingRows } from "../../local/contention/settings.ts";
import type { Answer, AnswerKind, Crowd } from "../../test/sim/contention/crowd.ts";
import { escaped } from "../race/page.ts";
import { chartColours, roundUp, type Series, stackedBars } from "./chart.ts";
import { countReasons } from "./report.ts";
import { crowdSentence, listFacts } from "./summary.ts";

const kinds: readonly (Series & { readonly kind: AnswerKind })[] = [
  { kind: "sold", name: "sold", className: "sold" },
  { kind: "soldOut", name: "sold out", className: "sold-out" },
  { kind: "refused", name: "refused otherwise", className: "refused" },
  { kind: "tryAgain", name: "try again (503)", className: "try-again" },
  { kind: "fault", name: "failed (500)", className: "fault" },
];

/** The kinds that occurred, so that the legend names no other. */
function kindsIn(answers: readonly Answer[]) {
  return kinds.filter(({ kind }) => answers.some((answer) => answer.kind === kind));
}

function answersByTime({ answers }: Crowd): string {
  const series = kindsIn(answers);
  const last = answers.reduce((most, { answeredAtMs }) => Math.max(most, answeredAtMs), 1);
  const binMs = roundUp(last / 50);
  const bars = Array.from({ length: Math.ceil((last + 1) / binMs) }, (_, index) => {
    const within = answers.filter(({ answeredAtMs }) => Math.floor(answeredAtMs / binMs) === index);
    const parts = series.map(({ kind }) => within.filter((one) => one.kind === kind).length);
    return { label: String(Number(((index * binMs) / 1_000).toFixed(3))), parts };
  });
  const nameX = "seconds since the doors opened";
  const title = `Answers in each ${binMs.toLocaleString("en-US")} ms`;
  return figure(title, stackedBars({ title, nameX, series, bars }));
}

function answersByWait({ answers }: Crowd): string {
  const series = kindsIn(answers);
  const findBin = ({ askedAtMs, answeredAtMs }: Answer): number =>
    Math.floor(Math.log2(Math.max(1, answeredAtMs - askedAtMs)));
  const last = answers.reduce((most, answer) => Math.max(most, findBin(answer)), 0);
  const bars = Array.from({ length: last + 1 }, (_, bin) => {
    const within = answers.filter((answer) => findBin(answer) === bin);
    const parts = series.map(({ kind }) => within.filter((one) => one.kind === kind).length);
    const from = 2 ** bin;
    return { label: from < 1_000 ? String(from) : `${(from / 1_000).toFixed(0)} s`, parts };
  });
  const title = "How long shoppers waited, each bar up to twice as long";
  return figure(title, stackedBars({ title, nameX: "milliseconds, from", series, bars }));
}

function figure(title: string, svg: string): string {
  return `<figure><figcaption>${escaped(title)}</figcaption>${svg}</figure>`;
}

function table(rows: readonly (readonly string[])[]): string {
  const line = ([name, ...values]: readonly string[]): string =>
    `<tr><th>${escaped(name!)}</th>${values.map((value) => `<td>${escaped(value)}</td>`).join("")}</tr>`;
  return `<table><tbody>${rows.map(line).join("")}</tbody></table>`;
}

/** Where an address may break, so that a narrow screen need not scroll. */
const breakable = (text: string): string => text.replaceAll("/", "/\u200b");

const style = `${chartColours}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 760px; margin: 1.5rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
th, td { padding: .3rem .4rem; text-align: right; border-bottom: 1px solid var(--faint); vertical-align: top; }
th, td { overflow-wrap: anywhere; } th { text-align: left; font-weight: 500; } td:nth-child(3) { text-align: left; font-size: .8em; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; }
.verdict { padding: .6rem 1rem; border-left: 5px solid var(--sold); }
.verdict.broken { border-color: var(--fault); }
`;

/** The page. */
export function htmlReport(crowd: Crowd): string {
  const { broken, options } = crowd;
  const sentence = crowdSentence(crowd);
  const verdict =
    broken.length === 0
      ? `<p class="verdict">No unit was lost, doubled or promised twice.</p>`
      : `<div class="verdict broken"><p>Broken:</p><ul>${broken.map((problem) => `<li>${escaped(problem)}</li>`).join("")}</ul></div>`;
  const reasons = countReasons(crowd).map(([why, times]) => [why.split("\n")[0]!, String(times)]);
  const settings = settingRows(options.contention).map(([name, value, from]) => [
    name,
    value,
    breakable(from),
  ]);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast crowd: ${escaped(sentence)}</title><style>${style}</style></head>
<body>
<h1>A crowd at the doors</h1>
<p>${escaped(sentence)}.</p>
${verdict}
${answersByTime(crowd)}
${answersByWait(crowd)}
<h2>In numbers</h2>
${table(listFacts(crowd))}
${reasons.length > 0 ? `<h2>What refusals said</h2>${table(reasons)}` : ""}
<h2>The model</h2>
<p>The product's own code over a model of DynamoDB, in virtual time; seed ${options.seed}. The numbers are true with these
settings:</p>
${table(settings)}
</body>
</html>
`;
}
