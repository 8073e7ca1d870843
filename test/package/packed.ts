/** The package as `npm pack` makes it, and empty projects of others that install it. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

export const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** What a program has printed; fails with all of it when the program does. */
export async function output(
  program: string,
  parameters: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 50_000_000 };
    return (await run(program, parameters, options)).stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${parameters.join(" ")}\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** A folder that is gone when the test is. */
export function makeFolder(keep = false): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-package-"));
  if (!keep) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Builds and packs the package; returns the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  const told = await output("npm", ["pack", "--json", "--pack-destination", folder], root);
  const name = /"filename": "([^"]+)"/.exec(told)?.[1];
  return join(folder, name!);
}

export const exact = (name: string): string => {
  const path = join(root, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
};

/** Makes a project with these packages in these versions, and the tarball where there is one, installed as others do it. */
export async function makeProject(
  tarball: string | undefined,
  packages: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = makeFolder();
  const dependencies = { ...(tarball ? { holdfast: `file:${tarball}` } : {}), ...packages };
  const manifest = { name: "somebody", private: true, type: "module", dependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
  await output("npm", ["install", ...quiet], folder);
  return folder;
}

/** Fails where a package in a project asks for another Node than this one. */
export async function takesNode(folder: string, node: string): Promise<void> {
  const PATH = [dirname(node), process.env["PATH"]].join(delimiter);
  const strict = [
    "--engine-strict",
    "--dry-run",
    "--prefer-offline",
    "--no-audit",
    "--loglevel=error",
  ];
  await output("npm", ["install", ...strict], folder, { PATH });
}
