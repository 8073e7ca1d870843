/**
 * `npm run docs`: makes a static site of `docs/`, with the reference of the package and that of the HTTP API, in `site/dist`.
 * What builds it is installed in `site/`, apart from all else: TypeDoc reads an older TypeScript than ours.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openEntryPages } from "./docs/entry-pages.ts";
import { writeHttpReference } from "./docs/http-reference.ts";
import { packageEntries } from "./docs/package-entries.ts";
import { root, site, staged } from "./docs/places.ts";
import { stagePages } from "./docs/stage-pages.ts";

const usage = `npm run docs -- [--base /path/]

  --base /path/   where the site will be found on its host (default /)`;

/** Runs a program of this Node in `site/`. @throws Error when it fails; what it said stands above */
function run(script: string, ...parameters: string[]): void {
  const options = { cwd: site, stdio: "inherit" } as const;
  const { status } = spawnSync(process.execPath, [script, ...parameters], options);
  if (status !== 0) throw new Error(`${script} failed`);
}

const installed = (...path: string[]): string => join(site, "node_modules", ...path);

/** npm writes its own list last of all: it is what the lock file says, or something is missing. */
function isInstalled(): boolean {
  const listOf = (file: string): Record<string, { version: string; optional?: boolean }> =>
    (JSON.parse(readFileSync(file, "utf8")) as { packages: never }).packages;
  const list = installed(".package-lock.json");
  if (!existsSync(list)) return false;
  const present = listOf(list);
  return Object.entries(listOf(join(site, "package-lock.json"))).every(
    ([path, { version, optional }]) =>
      path === "" || optional || present[path]?.version === version,
  );
}

function install(): void {
  if (isInstalled()) return;
  console.log("Installing what site/package-lock.json names.");
  const parameters = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env["npm_execpath"];
  if (npm?.endsWith(".js")) return run(npm, ...parameters);
  const options = { cwd: site, stdio: "inherit", shell: process.platform === "win32" } as const;
  if (spawnSync("npm", parameters, options).status !== 0) throw new Error("npm ci failed");
}

/** Docstrings become a page an entry, beside the pages that people wrote. */
function writeReference(): void {
  const sources = packageEntries().map(({ source }) => join(root, source));
  const entryPoints = sources.flatMap((source) => ["--entryPoints", source]);
  run(installed("typedoc", "bin", "typedoc"), ...entryPoints);
  openEntryPages();
}

const text = { type: "string", default: "/" } as const;
const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({ options: { base: text, help: flag } });
if (values.help) console.log(usage);
else {
  install();
  rmSync(staged, { recursive: true, force: true });
  stagePages();
  writeHttpReference();
  writeReference();
  run(installed("vitepress", "bin", "vitepress.js"), "build", "--base", values.base);
  console.log(`The site is in ${join(site, "dist")}: any server of files can show it.`);
}
