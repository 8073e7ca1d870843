/** The frame of a chart: as wide as there is room, with letters that keep their size, and a legend that names every mark. */
import { escaped } from "./escaped.ts";

/** A number along an axis; `at` is in hundredths of its length. */
export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** One mark, what it stands for, and how often it occurs. */
export interface LegendEntry {
  readonly mark: string;
  readonly name: string;
  readonly count: number;
}

/** A chart with everything that belongs to it. */
export interface Chart {
  readonly title: string;
  readonly nameX: string;
  readonly nameY: string;
  readonly ticksX: readonly Tick[];
  /** What the highest line of the grid stands for; the lowest is 0. */
  readonly top: number;
  readonly legend: readonly LegendEntry[];
  /** SVG whose places are in percent of the plot. */
  readonly marks: string;
}

/** A number as it is written on pages, without a fraction. */
export const writeNumber = (value: number): string => Math.round(value).toLocaleString("en-US");

const writeHalf = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: 1 });

/** Where an axis may end: the next number whose half is short, too; 2 for less. */
export function pickTop(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(2, value)));
  const steps = [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * magnitude);
  return steps.find((step) => step >= Math.max(2, value))!;
}

/** A place or a length in hundredths, as SVG takes it. */
export const percent = (hundredths: number): string => `${Number(hundredths.toFixed(2))}%`;

function drawAxes({ nameX, nameY, ticksX, top }: Chart): string {
  const up = [0, 0.5, 1].map((share) => {
    const y = percent(100 * (1 - share));
    const number = `<text x="-6" y="${y}" dy="4" text-anchor="end">${writeHalf(top * share)}</text>`;
    return `<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/>${number}`;
  });
  const along = ticksX.map(
    ({ at, text }) =>
      `<text x="${percent(at)}" y="100%" dy="18" text-anchor="middle">${escaped(text)}</text>`,
  );
  const names =
    `<text x="-50" y="-14">${escaped(nameY)}</text>` +
    `<text x="50%" y="100%" dy="38" text-anchor="middle">${escaped(nameX)}</text>`;
  return [...up, ...along, names].join("");
}

/** The chart as a figure; whoever cannot see it hears its title and the numbers of the legend. */
export function drawFigure(chart: Chart): string {
  const { title, legend, marks } = chart;
  const entries = legend.map(({ mark, name, count }) => {
    const swatch = `<svg class="swatch" width="18" height="18" aria-hidden="true">${mark}</svg>`;
    return `<li>${swatch}${escaped(name)}: ${writeNumber(count)}</li>`;
  });
  return (
    `<figure><figcaption>${escaped(title)}</figcaption>` +
    `<ul class="legend">${entries.join("")}</ul>` +
    `<svg class="plot" role="img" aria-label="${escaped(title)}">${drawAxes(chart)}${marks}</svg></figure>`
  );
}

/** The room that letters take beside the plot is fixed; the plot takes the rest. */
export const plotStyle = `
figure { display: flow-root; margin: 1.5rem 0; } figcaption { font-weight: 600; }
.legend { list-style: none; margin: .4rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: 14px; }
.legend li { display: flex; align-items: center; gap: .5rem; }
.swatch { flex: none; overflow: visible; }
.plot { display: block; overflow: visible; font-size: 13px; margin: 30px 0 46px 52px;
  width: calc(100% - 52px - 22px); height: clamp(190px, 26vw, 280px); }
.plot text { fill: var(--ink); } .grid { stroke: var(--faint); }
`;
