/**
 * Synthesizes the CDK app the way the CDK's command line does, and keeps the result: as long as neither the
 * sources nor the context change, the next start takes the assembly that is there.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT, SCRATCH } from "../root.ts";
import { hasItsCode, pruneCode, shareCode } from "./shared-code.ts";

/** CDK context as `-c key=value` gives it. */
export type Context = Record<string, string>;

/** Whoever deploys has to name a stage, and a firewall with `edge=on`; on this machine there is one stage and no firewall. */
const DEFAULTS: Context = {
  stage: "dev",
  webAcl: "arn:aws:wafv2:us-east-1:000000000000:global/webacl/none/none",
};

const ASSEMBLIES = join(SCRATCH, "assemblies");
const BUNDLES = join(SCRATCH, "bundles");
const CODE = join(SCRATCH, "code");
/** What the app's own modules, and those of the CDK, come to when they are compiled. */
const COMPILED = join(SCRATCH, "compiled");

/** Everything that ends up in the template or in a bundle. */
const SOURCES = [
  "{infra,functions,shared}/**/*",
  "cdk.json",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

/** Enough for the contexts of all tests and a few starts beside them. */
const MOST_ASSEMBLIES = 24;

/** The present ones, and those of a working copy before the last change. */
const MOST_SOURCES = 2;

/** A synthesis that has not ended by then never will: whoever waits for it does it again. */
const STALE_LOCK_MS = 120_000;

interface CdkSettings {
  readonly app: string;
  readonly context?: Record<string, unknown>;
}

/** What the CDK's command line adds to the context of every synthesis. */
const CLI_CONTEXT = {
  "aws:cdk:enable-path-metadata": true,
  "aws:cdk:enable-asset-metadata": true,
  "aws:cdk:bundling-stacks": ["**"],
};

function readSettings(): CdkSettings {
  return JSON.parse(readFileSync(join(ROOT, "cdk.json"), "utf8")) as CdkSettings;
}

/** Names the present sources: the same name, the same bundles. */
function hashSources(): string {
  const hash = createHash("sha256").update(process.version);
  for (const file of globSync(SOURCES, { cwd: ROOT }).toSorted()) {
    const path = join(ROOT, file);
    if (statSync(path).isFile()) hash.update(`\0${file}\0`).update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 20);
}

/** Names the assembly of these sources and this context. */
function nameAssembly(sources: string, context: Context): string {
  const settings = JSON.stringify(Object.entries(context).toSorted());
  return createHash("sha256").update(sources).update(settings).digest("hex").slice(0, 20);
}

function isComplete(directory: string): boolean {
  return existsSync(join(directory, "manifest.json")) && hasItsCode(directory);
}

function synthesizeInto(
  { directory, bundles }: { directory: string; bundles: string },
  context: Context,
  signal?: AbortSignal,
): Promise<void> {
  const settings = readSettings();
  return new Promise((settle, fail) => {
    const child = spawn(settings.app, {
      cwd: ROOT,
      shell: true,
      // A group of its own: it and the bundlers it starts can then be ended together.
      detached: process.platform !== "win32",
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        NODE_COMPILE_CACHE: COMPILED,
        ...process.env,
        PATH: `${join(ROOT, "node_modules", ".bin")}${delimiter}${process.env["PATH"] ?? ""}`,
        CDK_OUTDIR: directory,
        HOLDFAST_BUNDLES: bundles,
        // Takes four times as long as all the rest; `cdk deploy` does it, and a test of the templates.
        CDK_VALIDATION: "false",
        CDK_CONTEXT_JSON: JSON.stringify({
          ...settings.context,
          ...CLI_CONTEXT,
          ...DEFAULTS,
          ...context,
        }),
      },
    });
    const endIt = () => {
      if (child.exitCode !== null || child.pid === undefined) return;
      if (process.platform === "win32") child.kill();
      else process.kill(-child.pid, "SIGTERM");
    };
    signal?.addEventListener("abort", endIt, { once: true });
    process.once("exit", endIt);
    let problem = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (problem += text));
    child.once("error", fail);
    child.once("close", (code) => {
      signal?.removeEventListener("abort", endIt);
      process.off("exit", endIt);
      if (code === 0 && isComplete(directory)) settle();
      else fail(new Error(`cdk synth failed:\n${problem.trim() || `exit code ${code}`}`));
    });
  });
}

const listFolders = (folder: string): string[] =>
  readdirSync(folder).map((name) => join(folder, name));

/** Throws away what was not used for the longest time. */
function prune(folder: string, mostKept: number): void {
  const kept = listFolders(folder)
    .map((path) => ({ path, usedMs: mtimeMs(path) }))
    .toSorted((left, right) => right.usedMs - left.usedMs);
  for (const { path } of kept.slice(mostKept)) rmSync(path, { recursive: true, force: true });
}

function mtimeMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Only one process synthesizes an assembly; the others wait for it. Returns false when it came meanwhile. */
async function takeLock(lock: string, directory: string, signal?: AbortSignal): Promise<boolean> {
  for (;;) {
    signal?.throwIfAborted();
    if (isComplete(directory)) return false;
    try {
      mkdirSync(lock);
      return true;
    } catch {
      if (Date.now() - mtimeMs(lock) > STALE_LOCK_MS)
        rmSync(lock, { recursive: true, force: true });
    }
    await sleep(200);
  }
}

/**
 * Gives the directory of the assembly for a context, synthesizing it when it is not there yet.
 * @throws Error with what the CDK app said when it failed; nothing of it is kept then.
 */
export async function synthesize({
  context = {},
  signal,
}: { context?: Context; signal?: AbortSignal | undefined } = {}): Promise<string> {
  mkdirSync(ASSEMBLIES, { recursive: true });
  mkdirSync(BUNDLES, { recursive: true });
  const sources = hashSources();
  const directory = join(ASSEMBLIES, nameAssembly(sources, context));
  const bundles = join(BUNDLES, sources);
  const lock = `${directory}.lock`;
  if (!isComplete(directory) && (await takeLock(lock, directory, signal))) {
    const unfinished = `${directory}.${process.pid}.new`;
    try {
      await synthesizeInto({ directory: unfinished, bundles }, context, signal);
      shareCode(unfinished, CODE);
      rmSync(directory, { recursive: true, force: true });
      renameSync(unfinished, directory);
      prune(ASSEMBLIES, MOST_ASSEMBLIES);
      prune(BUNDLES, MOST_SOURCES);
      pruneCode(CODE, listFolders(ASSEMBLIES));
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
      rmSync(lock, { recursive: true, force: true });
    }
  }
  const now = new Date();
  utimesSync(directory, now, now);
  return directory;
}
