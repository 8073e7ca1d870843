/**
 * Keeps a commit as the release before this one: its services in one file beside this one, for the simulator to run side by side
 * with today's. Needs the history; what it makes does not.
 *
 *     node test/releases/keep-release.ts <commit>
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../../local/root.ts";

/** The services as the commit's own simulation composes them, and what this one has to know of them by name. */
const exported = `
export { createSystem } from "./test/sim/workloads/system.ts";
export { runOperation } from "./shared/table/operation.ts";
export { HoldfastError } from "./shared/base/errors.ts";
export { LimitExceeded } from "./shared/base/limit-exceeded.ts";
export { ItemsUnavailable } from "./shared/inventory/stock.ts";
export { LockHeld } from "./shared/locks/lock.ts";
export { ProviderFailed } from "./shared/providers/provider.ts";
`;

const git = (...parameters: string[]): Buffer =>
  execFileSync("git", parameters, { cwd: ROOT, maxBuffer: 1 << 30 });

const [wanted] = process.argv.slice(2);
if (wanted === undefined)
  throw new Error("Which commit? node test/releases/keep-release.ts <commit>");
const commit = git("rev-parse", "--verify", `${wanted}^{commit}`).toString().trim();
const folder = mkdtempSync(join(tmpdir(), "holdfast-release-"));
try {
  const input = git("archive", commit, "shared", "test/sim", "package.json");
  execFileSync("tar", ["-x", "-C", folder], { input });
  await build({
    stdin: { contents: exported, resolveDir: folder, loader: "ts" },
    absWorkingDir: folder,
    outfile: join(import.meta.dirname, "earlier.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    // What it is made of comes from node_modules, as it is today.
    packages: "external",
    banner: { js: `// Holdfast at ${commit}: made by keep-release.ts, not by hand.` },
  });
} finally {
  rmSync(folder, { recursive: true });
}
