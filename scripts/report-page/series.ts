/** Kinds of things that charts tell apart: each by a colour and by a pattern or a shape, so that nobody needs the colour. */

/** How a kind looks; pages of both reports mean the same by the same. */
export type Look = "done" | "out" | "refused" | "again" | "fault";

/** One kind of thing that is counted. */
export interface Series {
  readonly name: string;
  readonly look: Look;
}

/** What is drawn into each tile of a pattern; a filled one needs none. */
const tiles: Partial<Record<Look, string>> = {
  out: "M-1 1L1-1M0 6L6 0M5 7L7 5",
  again: "M-1 5L1 7M0 0L6 6M5-1L7 1",
  refused: "M3 3h.01",
  fault: "M0 3h6M3 0v6",
};

/** The patterns of bars; stands once on a page, before its charts. */
export function drawPatterns(): string {
  const patterns = Object.entries(tiles).map(
    ([look, path]) =>
      `<pattern id="look-${look}" class="${look}" width="6" height="6" patternUnits="userSpaceOnUse">` +
      `<rect width="6" height="6"/><path d="${path}"/></pattern>`,
  );
  return `<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>${patterns.join("")}</defs></svg>`;
}

/** Colours with at least three times the lightness of what is behind them, in light and in dark. */
export const seriesStyle = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #d8dde5;
  --done: #1a7f5a; --out: #3c6fd1; --refused: #8f5280; --again: #b5630f; --fault: #b5202f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181f; --faint: #333b47;
  --done: #46b98a; --out: #7aa5ff; --refused: #d29fc4; --again: #eb9d4c; --fault: #ff7b85; } }
.patterns { position: absolute; }
.done { color: var(--done); } .out { color: var(--out); } .refused { color: var(--refused); }
.again { color: var(--again); } .fault { color: var(--fault); }
pattern rect { fill: currentcolor; fill-opacity: .2; }
pattern path { fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; }
pattern.refused path { stroke-width: 3; }
.bar { fill: currentcolor; stroke: currentcolor; }
${Object.keys(tiles)
  .map((look) => `.bar.${look} { fill: url(#look-${look}); }`)
  .join("\n")}
`;
