/** The entries of the package, as its manifest has them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./places.ts";

/** An entry: what is imported, and from where in the sources it comes. */
export interface PackageEntry {
  /** `locks`, `compat/atomic-cache` */
  readonly name: string;
  readonly source: string;
}

/** All of them, in the manifest's order. */
export function packageEntries(): PackageEntry[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Readonly<Record<string, unknown>>;
  };
  return Object.keys(exports)
    .filter((name) => name !== "./package.json")
    .map((name) => name.slice("./".length))
    .map((name) => ({ name, source: `package/${name}.ts` }));
}
