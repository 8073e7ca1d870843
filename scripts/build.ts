/**
 * `npm run build`: makes what `npm pack` ships in `dist`, JavaScript and types of every entry of the package, and the code
 * of the functions for whoever deploys the shop without our sources.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packShop } from "./build/pack-shop.ts";
import { pruneFiles } from "./build/prune-files.ts";

const root = join(import.meta.dirname, "..");

rmSync(join(root, "dist"), { recursive: true, force: true });
const { status } = spawnSync("tsc", ["--project", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32",
});
process.exitCode = status ?? 1;
if (status === 0) {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  };
  const entries = Object.values(manifest.exports).filter((entry) => typeof entry !== "string");
  const files = entries.flatMap((entry) => Object.values(entry));
  pruneFiles(
    join(root, "dist"),
    files.map((file) => join(root, file)),
  );
  packShop(join(root, "dist/shop.json.br"));
}
