/** What a crowd came to, for a terminal. */
import { settingRows } from "../../local/contention/settings.ts";
import type { Crowd } from "../../test/sim/contention/crowd.ts";
import { crowdSentence, listFacts } from "./summary.ts";

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([name, value]) => `  ${name.padEnd(widths[0]!)}  ${value.padStart(widths[1]!)}`);
}

/** What refusals said, most frequent first. */
export function countReasons({ answers }: Crowd): [why: string, times: number][] {
  const reasons = new Map<string, number>();
  for (const { why } of answers) if (why) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  return [...reasons].toSorted(([, one], [, other]) => other - one);
}

/** The report for a terminal: the numbers, what went wrong, and the model that they are true in. */
export function terminalReport(crowd: Crowd): string {
  const odd = countReasons(crowd).slice(0, 5);
  return [
    "",
    `  ${crowdSentence(crowd)}`,
    "",
    ...columns(listFacts(crowd)),
    "",
    ...odd.map(([why, times]) => `  ${times} × ${why.split("\n")[0]}`),
    "",
    ...(crowd.broken.length === 0
      ? ["  No unit was lost, doubled or promised twice."]
      : ["  BROKEN:", ...crowd.broken.map((problem) => `    ${problem}`)]),
    "",
    `  The model (virtual time, seed ${crowd.options.seed}; sources in local/contention/settings.ts):`,
    ...columns(
      settingRows(crowd.options.contention).map(([name, value]) => [name, value] as const),
    ),
    "",
  ].join("\n");
}
