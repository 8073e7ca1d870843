/** A report as one HTML file that needs nothing else: no script, no font, no network; for a phone as for a desk. */
import { escaped } from "./escaped.ts";
import { plotStyle } from "./plot.ts";
import { drawPatterns, seriesStyle } from "./series.ts";

/** What stands on the page. */
export interface ReportPage {
  readonly heading: string;
  /** What was tried, in one sentence without its full stop; it is in the page's title, too. */
  readonly sentence: string;
  /** Everything that must not happen and did; where there is nothing, `whole` is said. */
  readonly broken: readonly string[];
  readonly whole: string;
  /** HTML. */
  readonly body: string;
}

/** Cells of a table as text; the first of each row names it. */
export function writeTable(
  rows: readonly (readonly string[])[],
  head: readonly string[] = [],
): string {
  const line = ([name, ...values]: readonly string[]): string =>
    `<tr><th scope="row">${escaped(name!)}</th>${values.map((value) => `<td>${escaped(value)}</td>`).join("")}</tr>`;
  const [corner, ...names] = head;
  const heads = names.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const top = head.length > 0 ? `<thead><tr><td>${escaped(corner!)}</td>${heads}</tr></thead>` : "";
  return `<table>${top}<tbody>${rows.map(line).join("")}</tbody></table>`;
}

const style = `${seriesStyle}${plotStyle}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 860px; margin: 1.5rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.25; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
th, td { padding: .3rem .4rem; text-align: right; border-bottom: 1px solid var(--faint); vertical-align: top; }
td { overflow-wrap: normal; }
tbody th, thead td { text-align: left; font-weight: 500; }
.verdict { padding: .6rem 1rem; border-left: 5px solid var(--done); }
.verdict.broken { border-color: var(--fault); }
`;

function writeVerdict({ broken, whole }: ReportPage): string {
  if (broken.length === 0) return `<p class="verdict">${escaped(whole)}</p>`;
  const problems = broken.map((problem) => `<li>${escaped(problem)}</li>`);
  return `<div class="verdict broken"><p>Broken:</p><ul>${problems.join("")}</ul></div>`;
}

/** The page; `name` is what its title begins with. */
export function writeReportPage(name: string, page: ReportPage): string {
  const { heading, sentence, body } = page;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(name)}: ${escaped(sentence)}</title><style>${style}</style></head>
<body>
<main>
${drawPatterns()}
<h1>${escaped(heading)}</h1>
<p>${escaped(sentence)}.</p>
${writeVerdict(page)}
${body}
</main>
</body>
</html>
`;
}
