/** Writes down what a run has shown, for people to read. */
import type { TriedCrash } from "../crash-points.ts";
import type { Comparison } from "../differential/compare.ts";
import { describeViolation } from "../simulate.ts";
import type { Caught } from "../teeth/teeth.ts";
import type { Progress } from "./totals.ts";

/** Everything that a run has looked at; what was left out of it is undefined. */
export interface Proof {
  readonly date: string;
  readonly commit: string;
  readonly progress: Progress;
  /** Seeds in which the release before serves as well. */
  readonly releases: Progress;
  readonly crashes: readonly TriedCrash[];
  readonly teeth: readonly Caught[];
  readonly comparison: Comparison;
  readonly command: string;
}

const number = (value: number): string => value.toLocaleString("en-US");

const faultMeanings: Record<string, string> = {
  conflict: "DynamoDB answers TransactionConflict",
  throttled: "DynamoDB throttles",
  lostRequest: "a request is lost on its way",
  lostResponse: "the answer is lost after the commit",
  late: "a request that was given up takes effect later, besides its repetition",
  pause: "a process stands still between two requests",
  stopBefore: "a process stops for ever before a request",
  stopAfter: "a process stops for ever after a request",
};

const workloadMeanings: Record<string, string> = {
  shop: "shoppers, bank, keepers, sweeps and the audit trail: S1–S7, P1–P7, I1, A1",
  editors: "documents, locks, tree locks, TTL: L1–L6, linearizability of every lock",
  carts: "several editors of one cart, in both storage modes: no edit lost, none counted twice",
  stock: "one item under many hands: S1, S2, I1, linearizability of the item",
  edges: "the exact instants, keys, signatures, lost answers: S, L, P, I, X1",
  campaign:
    "every shopper route over codes, limits, sales and claims: uses, limits, what an order costs (P8)",
  cheats: "a shopper who would like to pay less: the shop's conditions and promotions stay (P8)",
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function seedSection({ first, seeds, totals }: Progress): string {
  const { operations, requests, struck, perWorkload, violations } = totals;
  const faults = Object.entries(struck).toSorted(([, one], [, other]) => other - one);
  return `## Seeds

Seeds ${number(first)} to ${number(first + seeds - 1)}: **${number(totals.seeds)} seeds,
${number(operations)} operations, ${number(requests)} requests, ${violations.length} violations.**

${table(
  ["workload", "seeds", "what is checked"],
  Object.entries(perWorkload).map(([name, count]) => [
    name,
    number(count),
    workloadMeanings[name] ?? "",
  ]),
)}

How often each fault struck:

${table(
  ["fault", "times"],
  faults.map(([name, count]) => [faultMeanings[name] ?? name, number(count)]),
)}
${violations.map((violation) => `\n\`\`\`\n${describeViolation(violation).slice(0, 4_000)}\n\`\`\`\n`).join("")}`;
}

function releaseSection({ totals }: Progress): string {
  const { operations, requests, violations } = totals;
  return `## Releases side by side

The release before this one and this one on one database, deployed, mostly rolled back and deployed again meanwhile:
**${number(totals.seeds)} seeds, ${number(operations)} operations, ${number(requests)} requests, ${violations.length} violations.**
${violations.map((violation) => `\n\`\`\`\n${describeViolation(violation).slice(0, 4_000)}\n\`\`\`\n`).join("")}`;
}

function crashSection(crashes: readonly TriedCrash[]): string {
  const scenes = Map.groupBy(crashes, ({ scene }) => scene);
  const points = crashes.filter(({ request }) => request > 0);
  const bad = crashes.filter(({ result }) => result.violation);
  return `## Crash points

Each route and job is stopped before and after each of its requests in turn; its client repeats
itself, time goes on, the sweep runs, and then the books must add up. **${points.length} crash points
in ${scenes.size} routes and jobs, ${bad.length} violations.**

${table(
  ["route or job", "crash points"],
  [...scenes].map(([scene, tried]) => [
    scene.replaceAll("|", "\\|"),
    String(tried.filter(({ request }) => request > 0).length),
  ]),
)}
`;
}

function teethSection(teeth: readonly Caught[]): string {
  const caught = teeth.filter(({ invariant }) => invariant !== undefined);
  return `## Teeth

${teeth.length} mistakes planted into the sources, one at a time; **${caught.length} caught, ${teeth.length - caught.length} not.**
Seeds: how many it took, the exact instants counting as the first one.

${table(
  ["planted mistake", "file", "caught by", "seeds"],
  teeth.map(({ fault, invariant, seeds }) => [
    fault.name,
    `\`${fault.file.replace("shared/", "")}\``,
    invariant ?? "**not caught**",
    number(seeds),
  ]),
)}
`;
}

function comparisonSection({ calls, outcomes, differences }: Comparison): string {
  const kinds = [...outcomes].toSorted(([, one], [, other]) => other - one);
  return `## The simulated DynamoDB tells the truth

The same random calls to the simulator and to DynamoDB Local: **${number(calls)} calls,
${differences.length} differences** in answers, errors, cancellation reasons, returned items and the
contents of the tables.

<details><summary>How the calls ended</summary>

${table(
  ["call and outcome", "times"],
  kinds.map(([name, count]) => [name, number(count)]),
)}

</details>

Left out on purpose: where one request has several faults, any of them may be reported; two actions
on one item (AWS refuses at once, DynamoDB Local only after the conditions); filters on attributes
that a scanned index does not hold (a fault of DynamoDB Local).
`;
}

/** The proof as Markdown. */
export function proofText(proof: Proof): string {
  const { date, commit, command, progress } = proof;
  const minutes = Math.round(progress.elapsedMs / 60_000);
  return `# Proof: what the simulation has tried, and what it found

Recorded on ${date} at commit \`${commit}\` with \`${command}\`, in ${minutes} minutes of simulation.
Every failing seed prints its history and the command that repeats it.

${seedSection(progress)}
${releaseSection(proof.releases)}
${crashSection(proof.crashes)}
${teethSection(proof.teeth)}
${comparisonSection(proof.comparison)}`;
}
