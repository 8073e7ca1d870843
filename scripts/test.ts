/**
 * `npm test`: all that is quick, the certain first. What follows `--` goes to Vitest, and then nothing is left out.
 * `npm run test:full`: what `npm test` does a part of (`test/support/effort.ts`), whole, and what it leaves out: the
 * tests whose names end in `@long`. Both say at the very end what failed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureJava } from "../local/database/java.ts";
import { ROOT } from "../local/root.ts";
import { onStopRequest } from "../local/stop-request.ts";

interface Step {
  readonly name: string;
  readonly program: string;
  readonly parameters: string[];
}

const BIN = join(ROOT, "node_modules", ".bin");

/** These look at the sources only and run side by side. */
const STATIC_STEPS: Step[] = [
  { name: "types", program: "tsc", parameters: ["-p", "."] },
  { name: "types of pages", program: "tsc", parameters: ["-p", "console"] },
  { name: "lint", program: "oxlint", parameters: [] },
  { name: "nothing unused", program: "knip", parameters: [] },
  { name: "format", program: "prettier", parameters: ["--check", "--log-level", "warn", "."] },
];

const running = new Set<ChildProcess>();

/** Runs a step; its output is shown as it comes, or, for steps side by side, in one piece when it fails. */
function runStep(
  { program, parameters }: Step,
  live: boolean,
): Promise<{ code: number; output: string }> {
  return new Promise((settle) => {
    const child = spawn(join(BIN, program), parameters, {
      cwd: ROOT,
      stdio: live ? "inherit" : "pipe",
      shell: process.platform === "win32",
      env: { ...process.env, PATH: `${BIN}:${process.env["PATH"] ?? ""}` },
    });
    running.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const finish = (code: number) => {
      running.delete(child);
      settle({ code, output });
    };
    child.once("error", (error) => {
      output += error.message;
      finish(1);
    });
    child.once("close", (code) => finish(code ?? 1));
  });
}

async function report(step: Step, live: boolean): Promise<boolean> {
  const startedMs = Date.now();
  if (live) console.log(`— ${step.name}`);
  const { code, output } = await runStep(step, live);
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  if (code !== 0) process.stdout.write(output);
  console.log(`${code === 0 ? "✓" : "✗"} ${step.name} (${seconds} s)`);
  return code === 0;
}

const LONG = "@long";

/** Only when all of them run does a permission that nothing asked for mean that it is too many. */
const END_TO_END = /^test\/(e2e|rights)\//;

/** The runs of `npm run test:full`: files that do a part otherwise, whole, and of all others what is long. */
function stepsOfFullRun(parameters: string[]): Step[] {
  const files = globSync("test/**/*.test.ts", { cwd: ROOT }).map((file) => {
    return { file, text: readFileSync(join(ROOT, file), "utf8") };
  });
  const isWhole = ({ file, text }: (typeof files)[number]) =>
    text.includes("support/effort.ts") || END_TO_END.test(file.replaceAll("\\", "/"));
  const [whole, others] = [true, false].map((wanted) =>
    files.filter((each) => isWhole(each) === wanted),
  );
  const long = others!.filter(({ text }) => text.includes(LONG));
  const run = (name: string, of: typeof files, ...more: string[]): Step => {
    const paths = of.map(({ file }) => file);
    return { name, program: "vitest", parameters: ["run", ...more, ...paths, ...parameters] };
  };
  return [run("tests in full", whole!), run("long tests", long, "--testNamePattern", LONG)];
}

async function reportInTurn(steps: readonly Step[]): Promise<boolean> {
  let isPassed = true;
  for (const step of steps) isPassed = (await report(step, true)) && isPassed;
  return isPassed;
}

/** Runs with a list of what fails (`test/support/failure-list.ts`) and tells it when all is over. */
async function tellFailuresAfter(work: () => Promise<number>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-failures-"));
  const list = join(folder, "list.txt");
  process.env["HOLDFAST_FAILURES"] = list;
  try {
    const code = await work();
    if (existsSync(list) && code !== 0)
      console.log(`\nWhat failed:\n${readFileSync(list, "utf8")}`);
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  onStopRequest(() => {
    for (const child of running) child.kill("SIGTERM");
  });
  if (!process.env["DYNAMODB_ENDPOINT"]) await ensureJava((text) => console.log(text));
  const asked = process.argv.slice(2);
  const [first, ...rest] = asked;
  if (first === "--full") {
    process.env["HOLDFAST_EFFORT"] = "full";
    process.env["HOLDFAST_ALL_E2E"] = "1";
    return (await reportInTurn(stepsOfFullRun(rest))) ? 0 : 1;
  }
  const passed = await Promise.all(STATIC_STEPS.map((step) => report(step, false)));
  if (passed.includes(false)) return 1;
  const tests: Step = {
    name: "tests: unit, infra, sim, store, race, e2e",
    program: "vitest",
    parameters: ["run", ...(asked.length > 0 ? asked : ["--testNamePattern", `^(?!.*${LONG})`])],
  };
  return (await report(tests, true)) ? 0 : 1;
}

try {
  process.exitCode = await tellFailuresAfter(main);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
