/** Leaves out of the package the types that no entry of it leads to. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The declarations that one names, however it does: `from "./it.js"` or `import("./it.js")`. */
function listNamed(file: string): string[] {
  const names = [...readFileSync(file, "utf8").matchAll(/["'](\.{1,2}\/[^"']+)\.[jt]s["']/g)];
  return names
    .map(([, name = ""]) => `${resolve(dirname(file), name)}.d.ts`)
    .filter((named) => existsSync(named));
}

/** Deletes every declaration in a folder that none of the entries leads to; each would take 4 KB of a disk at least. */
export function pruneTypes(folder: string, entries: readonly string[]): void {
  const used = new Set<string>();
  const follow = (file: string): void => {
    if (used.has(file)) return;
    used.add(file);
    for (const named of listNamed(file)) follow(named);
  };
  for (const entry of entries) follow(resolve(entry));
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = resolve(join(folder, name));
    if (file.endsWith(".d.ts") && !used.has(file)) rmSync(file);
  }
}
