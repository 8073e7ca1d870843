/** What `npm run prove` and `npm run explore` say to what they do not know. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../../local/root.ts";
import { parseExplore } from "../../../scripts/explore/options.ts";
import { parseProve } from "../../../scripts/prove/options.ts";
import { UsageError } from "../../../scripts/usage-error.ts";
import { workloadNames } from "../../sim/workloads/index.ts";

test("takes what there is, and says what goes without saying", () => {
  expect(parseProve([])).toMatchObject({ seeds: 10_000, first: 1, faultSeeds: 3_000, help: false });
  const given = parseProve(["--workload", "code-crowd", "--seeds", "7", "--fault-seeds=9"]);
  expect(given).toMatchObject({ workload: "code-crowd", seeds: 7, faultSeeds: 9 });
});

test.for([
  [["--workload", "nonsense"], `There is no workload nonsense, but ${workloadNames.join(", ")}`],
  [["--seeds", "many"], "--seeds is a whole number from 1 on, not many"],
  [["--workers", "0"], "--workers is a whole number from 1 on, not 0"],
  [["--nonsense"], "Unknown option '--nonsense'"],
  [["shop"], "Unexpected argument 'shop'"],
] as const)("refuses %j in one line", ([args, message]) => {
  expect(() => parseProve(args)).toThrow(UsageError);
  expect(() => parseProve(args)).toThrow(message);
});

test("ends with 2 and one line, not with a trace", { timeout: 60_000 }, () => {
  const parameters = [join(ROOT, "scripts/prove.ts"), "--workload", "nonsense"];
  const { status, stderr, stdout } = spawnSync(process.execPath, parameters, { encoding: "utf8" });
  expect(stderr).toBe(`There is no workload nonsense, but ${workloadNames.join(", ")}\n`);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

test("an exploration takes what there is, and says what goes without saying", () => {
  expect(parseExplore([])).toMatchObject({ runs: 200, faultRuns: 20, help: false });
  const given = parseExplore(["--only", "cancel", "--runs", "7", "--fault-runs", "0"]);
  expect(given).toMatchObject({ only: "cancel", runs: 7, faultRuns: 0 });
});

test.for([
  [["--only", "nonsense"], "No route or job has nonsense in its name"],
  [["--runs", "0"], "--runs is a whole number from 1 on, not 0"],
  [["--fault-runs", ""], "--fault-runs is a whole number from 0 on, not "],
  [["--nonsense"], "Unknown option '--nonsense'"],
] as const)("an exploration refuses %j in one line", ([args, message]) => {
  expect(() => parseExplore(args)).toThrow(UsageError);
  expect(() => parseExplore(args)).toThrow(message);
});
