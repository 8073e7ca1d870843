/** `holdfast/locks` as others get it: built, packed and installed, in a folder where it finds the SDK that its neighbours use. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, SCRATCH } from "../../local/root.ts";

const folder = join(SCRATCH, "bench");

function npm(cwd: string, ...parameters: readonly string[]): string {
  const shell = process.platform === "win32";
  return execFileSync("npm", parameters, { cwd, encoding: "utf8", shell });
}

/** Packs and installs it. Its peers are not installed beside it: one copy of the SDK is as warm for everybody. */
export async function installPacked(): Promise<typeof import("../../package/locks.ts")> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const told = npm(ROOT, "pack", "--json", "--pack-destination", folder);
  const [, tarball] = /"filename": "([^"]+)"/.exec(told)!;
  const dependencies = { holdfast: `file:${tarball}` };
  const manifest = { private: true, type: "module", dependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  npm(folder, "install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error");
  const entry = join(folder, "locks.mjs");
  writeFileSync(entry, `export * from "holdfast/locks";\n`);
  return (await import(pathToFileURL(entry).href)) as never;
}
