/** Bundles the functions: all of them in one run of esbuild, each on its own. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Stack } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { buildSync } from "esbuild";

const functionsFolder = join(import.meta.dirname, "..", "functions");

// Packages in CommonJS still call require() for Node's own modules; in an ESM bundle there is none.
const requireForCommonJs =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** The code of functions by the names of their files. */
export type Bundles = (name: string) => Code;

/**
 * Bundles `functions/<name>.ts` for each of the names.
 *
 * A bundle is one minified ES module and contains the AWS SDK, so that what was tested is what runs
 * whatever Lambda's own copy is. It has no source map: the same commit gives the same bundle, so a map
 * for a stack trace can be made when one is needed. Where the CDK asks for no bundles (in tests, and for
 * stacks that are not deployed), the sources stand in for them.
 *
 * @throws Error when a file is missing or does not compile
 */
export function bundleFunctions(scope: Construct, names: readonly string[]): Bundles {
  const entries = names.map((name) => {
    return { in: join(functionsFolder, `${name}.ts`), out: `${name}/index` };
  });
  const missing = entries.find((entry) => !existsSync(entry.in));
  if (missing) throw new Error(`There is no file ${missing.in}`);
  if (!Stack.of(scope).bundlingRequired) return () => Code.fromAsset(functionsFolder);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bundles-"));
  // The CDK copies assets when they are declared, which is before this process ends.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  buildSync({
    entryPoints: entries,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    minify: true,
    banner: { js: requireForCommonJs },
    logLevel: "error",
  });
  return (name) => Code.fromAsset(join(folder, name));
}
