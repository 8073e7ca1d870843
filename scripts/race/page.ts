/** The report of a contest as one HTML file that needs nothing else: no script, no font, no network. */
import type { Contest, ContestOptions } from "./contest.ts";
import { histogram, summarize, type Times } from "./report.ts";

type Setup = Pick<ContestOptions, "shoppers" | "stock" | "lines" | "exclusive">;

/** Text as it may stand in HTML. */
export function escaped(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replaceAll(/[&<>"]/g, (character) => names[character]!);
}

const width = 860;
const height = 240;
const margin = 64;

/** The names of the axes and a few numbers along them. */
function axes({
  maxX,
  maxY,
  nameX,
  nameY,
}: Record<"maxX" | "maxY", number> & Record<"nameX" | "nameY", string>) {
  const bottom = height - margin;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const along = ticks.map((share) => {
    const x = margin + share * (width - 2 * margin);
    return `<text x="${x}" y="${bottom + 16}" text-anchor="middle">${Math.round(maxX * share)}</text>`;
  });
  const up = ticks.map((share) => {
    const y = bottom - share * (bottom - 12);
    const line = `<line class="grid" x1="${margin}" x2="${width - margin}" y1="${y}" y2="${y}"/>`;
    return `${line}<text x="${margin - 6}" y="${y + 4}" text-anchor="end">${Math.round(maxY * share)}</text>`;
  });
  const titles =
    `<text x="${width / 2}" y="${height - 8}" text-anchor="middle">${nameX}</text>` +
    `<text x="14" y="${bottom / 2}" text-anchor="middle" transform="rotate(-90 14 ${bottom / 2})">${nameY}</text>`;
  return [...up, ...along, titles].join("");
}

function figure(title: string, inside: string): string {
  return (
    `<figure><figcaption>${title}</figcaption>` +
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">${inside}</svg></figure>`
  );
}

function histogramFigure(contest: Contest): string {
  const bars = histogram(contest, 24);
  const most = Math.max(1, ...bars.map(({ granted, refused }) => granted + refused));
  const bottom = height - margin;
  const step = (width - 2 * margin) / bars.length;
  const drawn = bars.map(({ granted, refused, fromMs, toMs }, index) => {
    const x = margin + index * step + 1;
    const tall = (count: number): number => (count / most) * (bottom - 12);
    const box = (className: string, y: number, count: number): string =>
      `<rect class="${className}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(step - 2).toFixed(1)}" height="${tall(count).toFixed(1)}"><title>${fromMs}–${toMs} ms: ${count} ${className}</title></rect>`;
    const grantedY = bottom - tall(granted);
    return box("granted", grantedY, granted) + box("refused", grantedY - tall(refused), refused);
  });
  const maxX = bars.at(-1)?.toMs ?? 1;
  const scale = axes({ maxX, maxY: most, nameX: "milliseconds to the answer", nameY: "orders" });
  return figure("How long answers took", scale + drawn.join(""));
}

function scatterFigure({ attempts, tookMs }: Contest): string {
  const longest = Math.max(1, ...attempts.map((attempt) => attempt.tookMs));
  const bottom = height - margin;
  const dots = attempts.map(({ startedMs, tookMs: took, status }) => {
    const x = margin + ((startedMs + took) / tookMs) * (width - 2 * margin);
    const y = bottom - (took / longest) * (bottom - 12);
    const className = status === 201 ? "granted" : status === 409 ? "refused" : "broken";
    return `<circle class="${className}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.2"/>`;
  });
  const scale = axes({
    maxX: tookMs,
    maxY: longest,
    nameX: "milliseconds since the start, at the answer",
    nameY: "took (ms)",
  });
  return figure("Every order: when it was answered and how long that took", scale + dots.join(""));
}

function timesRow(name: string, count: number, { p50, p95, p99, max }: Times): string {
  const cells = [count, p50, p95, p99, max].map((value) => `<td>${Math.round(value)}</td>`);
  return `<tr><th>${name}</th>${cells.join("")}</tr>`;
}

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #d8dde5;
  --granted: #1f8a5b; --refused: #d08a1d; --broken: #c22b3a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181f; --faint: #333b47; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .9rem; text-align: right; border-bottom: 1px solid var(--faint); }
th:first-child { text-align: left; }
figure { margin: 2rem 0; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; font-size: 11px; } svg text { fill: var(--ink); }
.grid { stroke: var(--faint); } .granted { fill: var(--granted); } .refused { fill: var(--refused); }
circle.broken { fill: var(--broken); }
.verdict { padding: .6rem 1rem; border-left: 5px solid var(--granted); background: color-mix(in srgb, var(--granted) 12%, transparent); }
.verdict.broken { border-color: var(--broken); background: color-mix(in srgb, var(--broken) 12%, transparent); }
`;

/** The page. */
export function htmlReport(contest: Contest, setup: Setup): string {
  const sum = summarize(contest);
  const { broken, looks, levels, tookMs } = contest;
  const policy = setup.exclusive ? ", one holder at a time" : "";
  const what = `${setup.shoppers} shoppers, ${setup.lines} item${setup.lines === 1 ? "" : "s"} of ${setup.stock} units each${policy}`;
  const verdict =
    broken.length === 0
      ? `<p class="verdict">Everything held: no unit was lost, doubled or promised twice; the conservation law was checked ${looks} times while racing and once at the end.</p>`
      : `<div class="verdict broken"><p>Broken:</p><ul>${broken.map((problem) => `<li>${escaped(problem)}</li>`).join("")}</ul></div>`;
  const rows = levels.map((level) => {
    const { itemId, available, held, sold, received, adjusted } = level;
    const cells = [available, held, sold, received, adjusted].map((units) => `<td>${units}</td>`);
    return `<tr><th>${escaped(itemId)}</th>${cells.join("")}</tr>`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast race: ${escaped(what)}</title><style>${style}</style></head>
<body>
<h1>A race for stock</h1>
<p>${escaped(what)}; ${(tookMs / 1000).toFixed(1)} s, ${sum.perSecond.toFixed(0)} orders a second.</p>
${verdict}
<table><thead><tr><th>milliseconds</th><th>orders</th><th>p50</th><th>p95</th><th>p99</th><th>longest</th></tr></thead>
<tbody>${timesRow("granted", sum.granted, sum.grantedTimes)}${timesRow("refused", sum.refused, sum.refusedTimes)}</tbody></table>
<p>DynamoDB: ${sum.requestsPerGrant.toFixed(2)} requests, ${sum.writeUnitsPerGrant.toFixed(1)} write units and ${sum.readUnitsPerGrant.toFixed(1)} read units a grant; ${sum.requestsPerRefusal.toFixed(2)} requests a refusal.</p>
${histogramFigure(contest)}
${scatterFigure(contest)}
<table><thead><tr><th>item</th><th>available</th><th>held</th><th>sold</th><th>received</th><th>adjusted</th></tr></thead><tbody>${rows.join("")}</tbody></table>
</body>
</html>
`;
}
