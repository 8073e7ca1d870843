/** One plot: lines that differ by their dashes as well as by colour, and the same in a table that everybody can read. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { type Line, sumLine } from "./hour.ts";

/** What is drawn. */
export interface PlotProps {
  readonly title: string;
  readonly atMs: readonly number[];
  readonly lines: readonly Line[];
  /** How a sum over the hour reads; without it the highest value is told, as a sum would mean nothing. */
  readonly sums?: "sums";
}

const height = 130;
/** The colours that mean something elsewhere, and how the lines differ without any. */
const looks = [
  { colour: "--accent", dash: [] },
  { colour: "--free", dash: [8, 4] },
  { colour: "--held", dash: [2, 3] },
  { colour: "--bad", dash: [8, 3, 2, 3] },
] as const;

function makeData(atMs: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [atMs.map((at) => at / 1_000), ...lines.map(({ values }) => [...values])];
}

/** A colour as it is at this moment, on a dark or a light page: what styles say of both a canvas does not understand. */
function readColour(place: HTMLElement, name: string): string {
  place.style.color = `var(${name})`;
  const { color } = getComputedStyle(place);
  place.style.color = "";
  return color;
}

function makeOptions(place: HTMLElement, count: number): uPlot.Options {
  const read = (name: string): string => readColour(place, name);
  const [ink, grid] = [read("--faint"), { stroke: read("--line"), width: 1 }];
  const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui" };
  const lines = looks.slice(0, count).map(({ colour, dash }) => ({
    stroke: read(colour),
    dash: [...dash],
    width: 2,
    points: { show: false },
  }));
  return {
    width: Math.max(200, place.clientWidth),
    height,
    legend: { show: false },
    cursor: { show: false },
    // A quiet hour has an axis, too.
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, values: "{HH}:{mm}" },
      { ...axis, size: 40 },
    ],
    series: [{}, ...lines],
  };
}

/** Draws into a place until what it returns is called; anew where the page changes between dark and light. */
function keepDrawn(place: HTMLElement, data: () => uPlot.AlignedData, count: number) {
  let plot: uPlot | undefined;
  const draw = (): void => {
    plot?.destroy();
    plot = new uPlot(makeOptions(place, count), data(), place);
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  const resizing = new ResizeObserver(() =>
    plot?.setSize({ width: Math.max(200, place.clientWidth), height }),
  );
  draw();
  resizing.observe(place);
  return {
    show: (next: uPlot.AlignedData) => plot?.setData(next),
    stop(): void {
      dark.removeEventListener("change", draw);
      resizing.disconnect();
      plot?.destroy();
    },
  };
}

const round = (value: number): string => String(Math.round(value * 100) / 100);

function Key({ look }: { readonly look: (typeof looks)[number] }) {
  const dashes = look.dash.join(" ");
  return (
    <svg width="28" height="8" aria-hidden="true" class={`key ${look.colour.slice(2)}`}>
      <line x1="0" y1="4" x2="28" y2="4" stroke-width="2" stroke-dasharray={dashes} />
    </svg>
  );
}

/** The last hour of something; nothing moves but what new numbers move. */
export function Plot({ title, atMs, lines, sums }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<ReturnType<typeof keepDrawn>>(undefined);
  const data = useRef<uPlot.AlignedData>(undefined);
  data.current = makeData(atMs, lines);
  useEffect(() => {
    drawn.current = keepDrawn(place.current!, () => data.current!, lines.length);
    return () => drawn.current?.stop();
  }, [lines.length]);
  useEffect(() => drawn.current?.show(data.current!), [atMs, lines]);
  return (
    <figure class="plot">
      <div ref={place} aria-hidden="true" />
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">This minute</th>
            <th scope="col">{sums ? "In the last hour" : "At most in the last hour"}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, nth) => (
            <tr key={line.name}>
              <th scope="row">
                <Key look={looks[nth]!} /> {line.name}
              </th>
              <td class="number">{round(line.values.at(-1) ?? 0)}</td>
              <td class="number">{round(sums ? sumLine(line) : Math.max(...line.values))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
