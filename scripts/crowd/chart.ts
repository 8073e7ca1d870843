/** A comparison as a picture of its own, for pages of text: large letters, few numbers, a legend. */
import { escaped } from "../report-page/escaped.ts";

/** One kind of thing that is counted, with the class that gives it its colour. */
interface Shade {
  readonly name: string;
  readonly className: string;
}

const width = 420;
const fontSize = 13;
const legendLine = 20;

const number = (value: number): string => Math.round(value).toLocaleString("en-US");

function frame(title: string, height: number, inside: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="${fontSize}">${inside}</svg>`
  );
}

/** One line of a comparison: up to two values on one scale. */
export interface Compared {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
}

/** Bars from left to right on a scale whose steps are tenfold, with their numbers beside them. */
export function tenfoldBars(chart: {
  readonly title: string;
  readonly series: readonly Shade[];
  readonly rows: readonly Compared[];
}): string {
  const { title, series, rows } = chart;
  const room = width - 78;
  const largest = Math.max(10, ...rows.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const across = (value: number): number =>
    (Math.log10(Math.max(1, value)) / Math.log10(largest)) * room;
  const bar = 15;
  let y = 4;
  const drawn = rows.map(({ label, values }) => {
    const head = `<text x="0" y="${y + 12}" font-weight="600">${escaped(label)}</text>`;
    y += 20;
    const bars = values.map((value, kind) => {
      if (value === undefined) return "";
      const length = across(value).toFixed(1);
      const box = `<rect class="${series[kind]!.className}" x="0" y="${y}" width="${length}" height="${bar}" rx="2"/>`;
      const text = `<text x="${Number(length) + 6}" y="${y + 12}">${number(value)}</text>`;
      y += bar + 3;
      return box + text;
    });
    y += 8;
    return head + bars.join("");
  });
  const marks = series.map(({ name, className }, index) => {
    const at = y + 4 + index * legendLine;
    return `<rect class="${className}" x="0" y="${at}" width="12" height="12" rx="2"/><text x="18" y="${at + 11}">${escaped(name)}</text>`;
  });
  return frame(title, y + 6 + series.length * legendLine, drawn.join("") + marks.join(""));
}

/** Colours that tell apart for every eye, in light and in dark; `:root` is the picture itself. */
const pictureColours = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #d8dde5;
  --sold: #1a7f5a; --sold-out: #5b8def; --refused: #b07aa1; --try-again: #d9822b; --fault: #b5202f; --limit: #9aa5b5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181f; --faint: #333b47; --limit: #6b7686; } }
svg text { fill: var(--ink); }
.grid { stroke: var(--faint); } .sold { fill: var(--sold); } .sold-out { fill: var(--sold-out); }
.refused { fill: var(--refused); } .try-again { fill: var(--try-again); } .fault { fill: var(--fault); }
.limit { fill: var(--limit); }
`;

/** A chart as a file of its own. */
export function standalone(svg: string): string {
  const paper = `<rect width="100%" height="100%" style="fill: var(--paper)"/>`;
  return `${svg.replace(/^(<svg[^>]*>)/, `$1<style>${pictureColours}</style>${paper}`)}\n`;
}
