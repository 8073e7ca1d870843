/**
 * What crowds get and what they cost, over the modelled engine in virtual time. `node bench/crowd.ts NAME [parts]`
 * records everything (or of costs, rows, crowds, sales and single scenarios those that are named) under a name
 * into bench/crowd/recordings.json, and writes bench/crowd.md and bench/crowd.svg from all recordings;
 * without a name only the latter.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { computeLimits, summarizeCrowd } from "../scripts/crowd/summary.ts";
import { measureRow } from "../test/sim/contention/bare-row.ts";
import { runCrowd } from "../test/sim/contention/crowd.ts";
import { measureOrderCosts } from "../test/sim/contention/order-costs.ts";
import { recordPage, recordPicture } from "./crowd/record.ts";
import { pendingOthers, type Recording, rowLoads, scenarios } from "./crowd/scenarios.ts";

const here = import.meta.dirname;
const file = join(here, "crowd", "recordings.json");
const [name, ...parts] = process.argv.slice(2);

const isWanted = (...names: string[]): boolean =>
  parts.length === 0 || names.some((part) => parts.includes(part));

function readRecordings(): Recording[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Recording[]) : [];
}

async function save(recordings: readonly Recording[]): Promise<void> {
  const text = await format(JSON.stringify(recordings), { parser: "json" });
  writeFileSync(file, text);
  writeFileSync(
    join(here, "crowd.md"),
    await format(recordPage(recordings), { parser: "markdown" }),
  );
  writeFileSync(join(here, "crowd.svg"), recordPicture(recordings));
}

async function record(recording: Recording, keep: () => Promise<void>): Promise<void> {
  const { costs, crowds, rows } = recording;
  if (isWanted("rows")) {
    rows.length = 0;
    for (const load of rowLoads) {
      const { contention: _same, ...shown } = load;
      rows.push({ load: shown, rate: await measureRow(load) });
    }
  }
  for (const others of isWanted("costs") ? pendingOthers : []) {
    console.log(`cost of an order beside ${others} others`);
    costs[String(others)] = await measureOrderCosts(others);
    await keep();
  }
  for (const { id, group, name: what, options } of scenarios) {
    if (!isWanted(group, id)) continue;
    console.log(what);
    const crowd = await runCrowd(options);
    if (crowd.broken.length > 0) throw new Error(`${what}: ${crowd.broken.join("; ")}`);
    const limits = computeLimits(options.contention, options.shards);
    crowds[id] = { summary: summarizeCrowd(crowd), limits };
    await keep();
  }
}

const recordings = readRecordings();
if (name === undefined) await save(recordings);
else {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: here }).toString();
  const date = new Date().toISOString().slice(0, 10);
  const known = recordings.find((recording) => recording.name === name);
  const { countedEntriesOnce: _old, ...kept } = known ?? { costs: {}, crowds: {}, rows: [] };
  const recording: Recording = { ...kept, name, commit: commit.trim(), date };
  const all = known
    ? recordings.map((one) => (one === known ? recording : one))
    : [...recordings, recording];
  await record(recording, () => save(all));
  await save(all);
}
