/** Every order of a contest as a mark: a dot for a grant, a square for a refusal, a ring for whatever else. */
import {
  drawFigure,
  type LegendEntry,
  percent,
  pickTop,
  writeNumber,
} from "../report-page/plot.ts";
import type { Attempt, Contest } from "./contest.ts";
import { isOfKind, outcomes } from "./outcomes.ts";

type Draw = (x: string, y: string) => string;

const shapes: Record<(typeof outcomes)[number]["look"], Draw> = {
  done: (x, y) => `<circle class="dot done" cx="${x}" cy="${y}" r="3"/>`,
  out: (x, y) => `<rect class="dot out" x="${x}" y="${y}" width="5" height="5"/>`,
  fault: (x, y) => `<circle class="dot fault" cx="${x}" cy="${y}" r="6"/>`,
};

/** More marks than these hide each other, and a phone is slow to draw them. */
const mostMarks = 1_000;

/** So many of them at equal distances, all where there are no more. */
function pickSome(attempts: readonly Attempt[]): readonly Attempt[] {
  const every = Math.ceil(attempts.length / mostMarks);
  return attempts.filter((_, index) => index % every === 0);
}

/** The chart; of each kind at most 1,000 orders are drawn, and the legend says so where there were more. */
export function drawDots({ attempts, tookMs }: Contest): string {
  const longestMs = attempts.reduce((longest, attempt) => Math.max(longest, attempt.tookMs), 1);
  const top = pickTop(longestMs);
  const drawn: string[] = [];
  const legend: LegendEntry[] = [];
  for (const { kind, name, look } of outcomes.toReversed()) {
    const all = attempts.filter((attempt) => isOfKind(attempt, kind));
    const some = pickSome(all);
    const marks = some.map((attempt) =>
      shapes[look](
        percent((100 * (attempt.startedMs + attempt.tookMs)) / tookMs),
        percent(100 * (1 - attempt.tookMs / top)),
      ),
    );
    drawn.push(...marks);
    const note = some.length < all.length ? ` (${some.length} of them drawn)` : "";
    if (all.length > 0)
      legend.unshift({ mark: shapes[look]("50%", "50%"), name: name + note, count: all.length });
  }
  return drawFigure({
    title: "Every order: when it was answered and how long that took",
    nameX: "milliseconds since the start, at the answer",
    nameY: "took (ms)",
    ticksX: [0, 25, 50, 75, 100].map((at) => ({
      at,
      text: writeNumber((tookMs * at) / 100),
    })),
    top,
    legend,
    marks: drawn.join(""),
  });
}

/** Squares are placed by their corner, and moved so that their middle is there. */
export const dotStyle = `
circle.done { fill: currentcolor; }
rect.dot { fill: none; stroke: currentcolor; transform: translate(-2.5px, -2.5px); }
circle.fault { fill: none; stroke: currentcolor; stroke-width: 2.5; }
`;
