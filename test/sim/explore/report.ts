/** Writes down what an exploration has shown, for people to read. */
import { sceneNames } from "../crash-points.ts";
import type { Reach, Sums } from "./all-pairs.ts";

/** What was explored, when and of which sources. */
export interface Explorations {
  readonly date: string;
  readonly commit: string;
  readonly command: string;
  readonly minutes: number;
  readonly reach: Reach;
  readonly sums: Sums;
}

const number = (value: number): string => value.toLocaleString("en-US");
const list = (lines: readonly string[]): string =>
  lines
    .toSorted()
    .map((line) => `- ${line.split("\n")[0]!.replaceAll(/[{}]/g, "\\$&").slice(0, 300)}`)
    .join("\n");

/** A reason without the ids and the numbers of one run. */
const reasonOf = (line: string): string =>
  /"code":"([A-Z_]+)"/.exec(line)?.[1] ?? line.split(": ").slice(1).join(": ");

function apartSection(apart: readonly string[]): string {
  const reasons = Map.groupBy(apart, reasonOf);
  const rows = [...reasons].toSorted(([, one], [, other]) => other.length - one.length);
  return `## Not together

Of ${number(apart.length)} pairs one makes impossible what the other needs, whichever comes first:

| refused with | pairs |
| --- | --- |
${rows.map(([reason, lines]) => `| \`${reason}\` | ${lines.length} |`).join("\n")}
`;
}

/** The exploration as Markdown. */
export function explorationText(told: Explorations): string {
  const { date, commit, command, minutes, reach, sums } = told;
  const { pairs, runs, faults, faultyRuns, independent, apart, cut, violations } = sums;
  return `# Every order of two operations

Recorded on ${date} at commit \`${commit}\` with \`${command}\`, in ${minutes} minutes.

${sceneNames.length} routes and jobs that write, each with each and with itself on common ground: **${number(pairs)} pairs, ${number(runs)}
orders of their requests, ${violations.length} violations.** ${number(independent)} pairs have nothing in common, so that their order cannot matter.
With one fault at a request of either (its process stops behind it, its answer is lost, or it is carried out later
than its sender believes): **${number(faults)} faults in ${number(faultyRuns)} orders.**

[simulation.md](simulation.md) says how it is done. Orders that differ only in requests that touch nothing in common are one. Time stands
still but where an operation waits by itself: exact instants are for the seeds and for \`edges\`.

${violations.length > 0 ? `## Violations\n\n${list(violations)}\n` : ""}
## Cut short

At most ${number(reach.mostRuns)} orders were run for a pair, and ${number(reach.mostRunsEachFault)} for each fault in it. ${number(cut.length)} have more:

${list(cut)}

${apartSection(apart)}`;
}
