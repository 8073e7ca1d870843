/** Charts as SVG that can be read on a phone: large letters, few numbers, a legend. */
import { escaped } from "../race/page.ts";

/** One kind of thing that is counted, with the class that gives it its colour. */
export interface Series {
  readonly name: string;
  readonly className: string;
}

/** One bar: a label below it and, for each series, how much. */
export interface StackedBar {
  readonly label: string;
  readonly parts: readonly number[];
}

const width = 420;
const margin = { left: 46, right: 8, top: 10, bottom: 42 };
const plotHeight = 190;
const fontSize = 13;
const legendLine = 20;

const number = (value: number): string => Math.round(value).toLocaleString("en-US");

/** The least round number that is not smaller. */
export function roundUp(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * magnitude).find((step) => step >= value)!;
}

function frame(title: string, height: number, inside: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="${fontSize}">${inside}</svg>`
  );
}

function legend(series: readonly Series[], top: number): string {
  const half = (width - margin.left) / 2;
  return series
    .map(({ name, className }, index) => {
      const x = margin.left + (index % 2) * half;
      const y = top + Math.floor(index / 2) * legendLine;
      return (
        `<rect class="${className}" x="${x}" y="${y}" width="12" height="12" rx="2"/>` +
        `<text x="${x + 18}" y="${y + 11}">${escaped(name)}</text>`
      );
    })
    .join("");
}

/** Bars whose parts stand on each other; about five of them have their label written below. */
export function stackedBars(chart: {
  readonly title: string;
  readonly nameX: string;
  readonly series: readonly Series[];
  readonly bars: readonly StackedBar[];
}): string {
  const { title, nameX, series, bars } = chart;
  const highest = Math.max(1, ...bars.map(({ parts }) => parts.reduce((sum, part) => sum + part)));
  const top = roundUp(highest);
  const bottom = margin.top + plotHeight;
  const step = (width - margin.left - margin.right) / bars.length;
  const every = Math.ceil(bars.length / 5);
  const grid = [0, 0.5, 1].map((share) => {
    const y = bottom - share * plotHeight;
    return (
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}"/>` +
      `<text x="${margin.left - 6}" y="${y + 4}" text-anchor="end">${number(top * share)}</text>`
    );
  });
  const drawn = bars.map(({ label, parts }, index) => {
    const x = margin.left + index * step;
    let y = bottom;
    const boxes = parts.map((part, kind) => {
      const tall = (part / top) * plotHeight;
      y -= tall;
      if (part === 0) return "";
      const { name, className } = series[kind]!;
      const hint = `<title>${escaped(`${label}: ${number(part)} ${name}`)}</title>`;
      return `<rect class="${className}" x="${(x + 0.5).toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(1, step - 1).toFixed(1)}" height="${tall.toFixed(1)}">${hint}</rect>`;
    });
    const below =
      index % every === 0
        ? `<text x="${(x + step / 2).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${escaped(label)}</text>`
        : "";
    return boxes.join("") + below;
  });
  const legendTop = bottom + margin.bottom;
  const axis = `<text x="${(margin.left + width) / 2}" y="${bottom + 33}" text-anchor="middle">${escaped(nameX)}</text>`;
  const height = legendTop + Math.ceil(series.length / 2) * legendLine + 2;
  return frame(title, height, grid.join("") + drawn.join("") + axis + legend(series, legendTop));
}

/** One line of a comparison: up to two values on one scale. */
export interface Compared {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
}

/** Bars from left to right on a scale whose steps are tenfold, with their numbers beside them. */
export function tenfoldBars(chart: {
  readonly title: string;
  readonly series: readonly Series[];
  readonly rows: readonly Compared[];
}): string {
  const { title, series, rows } = chart;
  const room = width - margin.right - 70;
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

/** Colours that tell apart for every eye, in light and in dark; `:root` is the page or the picture itself. */
export const chartColours = `
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
  return `${svg.replace(/^(<svg[^>]*>)/, `$1<style>${chartColours}</style>${paper}`)}\n`;
}
