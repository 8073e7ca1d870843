/**
 * What a grant and a refusal cost when everybody orders at once, on the real engine: `npm run race` in a few settings,
 * counted. `node bench/race.ts` runs them and writes bench/race.md. Times are no part of it: they are the machine's.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { ensureJava } from "../local/database/java.ts";
import { startHoldfast } from "../local/holdfast.ts";
import { type ContestOptions, runContest } from "../scripts/race/contest.ts";
import { type Summary, summarize } from "../scripts/race/report.ts";

type Race = Pick<ContestOptions, "shoppers" | "stock" | "lines" | "exclusive">;

const races: readonly (readonly [command: string, race: Race])[] = [
  ["npm run race", { shoppers: 1_000, stock: 100, lines: 1, exclusive: false }],
  ["npm run race -- --lines 3", { shoppers: 1_000, stock: 100, lines: 3, exclusive: false }],
  ["npm run race -- --exclusive", { shoppers: 1_000, stock: 100, lines: 1, exclusive: true }],
];

/** What a grant may cost at the most, as it did before rows had a constant size. */
const mostRequests = 2;

function renderRow(command: string, race: Race, sum: Summary): string {
  const { shoppers, stock, lines } = race;
  const setting = [shoppers, stock, lines].map((count) => count.toLocaleString("en-US"));
  const perGrant = [sum.requestsPerGrant.toFixed(2), sum.writeUnitsPerGrant.toFixed(1)];
  const more = [sum.readUnitsPerGrant.toFixed(1), sum.requestsPerRefusal.toFixed(2)];
  const counts = [sum.granted, sum.refused, sum.other].map(String);
  return `| ${[`\`${command}\``, ...setting, ...counts, ...perGrant, ...more].join(" | ")} |`;
}

async function runAll(): Promise<string[]> {
  const onProgress = (text: string): void => console.log(`  ${text}`);
  await ensureJava(onProgress, new AbortController().signal);
  const holdfast = await startHoldfast({ port: 0, context: { sweep: "off" }, onProgress });
  const rows: string[] = [];
  try {
    const token = await holdfast.token("race-admin", ["admin"]);
    for (const [command, race] of races) {
      console.log(command);
      const options = { ...race, url: holdfast.url, token, atOnce: race.shoppers };
      const contest = await runContest({ ...options, onProgress: () => {} });
      if (contest.broken.length > 0) throw new Error(`${command}: ${contest.broken.join("; ")}`);
      const sum = summarize(contest);
      if (sum.requestsPerGrant > mostRequests)
        throw new Error(`${command}: ${sum.requestsPerGrant} requests a grant`);
      rows.push(renderRow(command, race, sum));
    }
  } finally {
    await holdfast.stop();
  }
  return rows;
}

const rows = await runAll();
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: import.meta.dirname });
const date = new Date().toISOString().slice(0, 10);
const head = [
  "run",
  "shoppers at once",
  "units of each item",
  "items in an order",
  "granted",
  "refused",
  "neither",
  "requests a grant",
  "write units a grant",
  "read units a grant",
  "requests a refusal",
];
const page = `# What an order costs when everybody comes at once

\`node bench/race.ts\`, at commit \`${commit.toString().trim()}\` on ${date}: whole orders over HTTP on the real engine
(DynamoDB Local), with default settings. The numbers are counted by the product's own client and told in \`Server-Timing\`,
means over all grants or refusals; the run fails where any unit is lost, doubled or promised twice, where there are other
answers than 201 and 409, and where a grant costs more than ${mostRequests.toFixed(2)} requests.

| ${head.join(" | ")} |
| ${head.map(() => "---").join(" | ")} |
${rows.join("\n")}

Of the write units of a grant of one item 2 are the order's row, 4 its two index entries, 2 the item's row and 2 the row that
counts the shopper's open orders. Each further item adds 2 more by DynamoDB's rules; DynamoDB Local tells them of one row of
each table in a transaction only, so that an order of three items looks no dearer here. It knows no contention between orders: what a
crowd meets on the service is in [crowd.md](crowd.md).
`;
writeFileSync(join(import.meta.dirname, "race.md"), await format(page, { parser: "markdown" }));
console.log("bench/race.md is written");
process.exit(0);
