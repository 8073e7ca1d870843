/** Leaves out of the package the code and the types that no entry of it leads to. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The files of the same kind that one names, however it does: `from "./it.js"`, `import("./it.js")`, or a URL beside it. */
function listNamed(file: string, ending: string): string[] {
  const names = [...readFileSync(file, "utf8").matchAll(/["'](\.{1,2}\/[^"']+)\.[jt]s["']/g)];
  return names
    .map(([, name = ""]) => resolve(dirname(file), name) + ending)
    .filter((named) => existsSync(named));
}

/**
 * Deletes every file of JavaScript and every declaration in a folder that none of the entries leads to: what is imported only for its
 * types leaves code that nothing loads. Each would take 4 KB of a disk at least.
 */
export function pruneFiles(folder: string, entries: readonly string[]): void {
  const used = new Set<string>();
  const follow = (file: string, ending: string): void => {
    if (used.has(file)) return;
    used.add(file);
    for (const named of listNamed(file, ending)) follow(named, ending);
  };
  for (const entry of entries) follow(resolve(entry), entry.endsWith(".d.ts") ? ".d.ts" : ".js");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = resolve(join(folder, name));
    if (/\.(?:js|d\.ts)$/.test(file) && !used.has(file)) rmSync(file);
  }
}
