/** Bars whose parts stand on each other, with a legend of the kinds that occur. */
import { escaped } from "./escaped.ts";
import { drawFigure, type LegendEntry, percent, pickTop, writeNumber } from "./plot.ts";
import type { Look, Series } from "./series.ts";

/** One bar: a label below it and, for each series, how much. */
export interface StackedBar {
  readonly label: string;
  readonly parts: readonly number[];
}

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);

function drawBox(look: Look, [x, y, wide, tall]: readonly number[], hint: string): string {
  const place = `x="${percent(x!)}" y="${percent(y!)}" width="${percent(wide!)}" height="${percent(tall!)}"`;
  return `<rect class="bar ${look}" ${place}><title>${escaped(hint)}</title></rect>`;
}

function listEntries(series: readonly Series[], bars: readonly StackedBar[]): LegendEntry[] {
  return series.map(({ name, look }, kind) => ({
    mark: `<rect class="bar ${look}" x="1" y="1" width="16" height="16"/>`,
    name,
    count: sum(bars.map(({ parts }) => parts[kind]!)),
  }));
}

/** The chart; about five of the bars have their label written below. */
export function drawStackedBars(chart: {
  readonly title: string;
  readonly nameX: string;
  readonly nameY: string;
  readonly series: readonly Series[];
  readonly bars: readonly StackedBar[];
}): string {
  const { series, bars, ...names } = chart;
  const top = pickTop(Math.max(...bars.map(({ parts }) => sum(parts))));
  const step = 100 / bars.length;
  const every = Math.ceil(bars.length / 5);
  const marks = bars.flatMap(({ label, parts }, index) => {
    let y = 100;
    return parts.map((part, kind) => {
      if (part === 0) return "";
      const tall = (100 * part) / top;
      y -= tall;
      const { name, look } = series[kind]!;
      const place = [(index + 0.1) * step, y, 0.8 * step, tall];
      return drawBox(look, place, `${label}: ${writeNumber(part)} ${name}`);
    });
  });
  return drawFigure({
    ...names,
    top,
    ticksX: bars.flatMap(({ label }, index) =>
      index % every === 0 ? [{ at: (index + 0.5) * step, text: label }] : [],
    ),
    legend: listEntries(series, bars).filter(({ count }) => count > 0),
    marks: marks.join(""),
  });
}
