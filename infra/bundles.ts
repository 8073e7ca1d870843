/**
 * Bundles the functions: all of them at once, each on its own and with nothing that it cannot reach.
 *
 * @see docs/decisions/0001-bundles.md
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Stack } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { BundlingOrder } from "./bundling.ts";
import { type ProviderName, realProviderNames } from "../shared/api/payment-providers.ts";

const functionsFolder = join(import.meta.dirname, "..", "functions");

/** The code of functions by the names of their files. */
export type Bundles = (name: string) => Code;

/** A function and the payment providers that it was granted. */
export interface Bundled {
  readonly name: string;
  readonly providers: readonly ProviderName[];
}

/**
 * Bundles `functions/<name>.ts` for each of the functions.
 *
 * A bundle is a minified ES module, with others beside it for what is loaded when it is first called, and contains
 * the AWS SDK, so that what was tested is what runs whatever Lambda's own copy is. It has no source map: the same commit gives the same bundle, so a map
 * for a stack trace can be made when one is needed. Where the CDK asks for no bundles (in tests, and for
 * stacks that are not deployed), the sources stand in for them.
 *
 * @throws Error when a file is missing or does not compile
 */
export function bundleFunctions(scope: Construct, functions: readonly Bundled[]): Bundles {
  const missing = functions
    .map(({ name }) => join(functionsFolder, `${name}.ts`))
    .find((file) => !existsSync(file));
  if (missing !== undefined) throw new Error(`There is no file ${missing}`);
  if (!Stack.of(scope).bundlingRequired) return () => Code.fromAsset(functionsFolder);
  const kept = process.env["HOLDFAST_BUNDLES"];
  const folder = kept ? bundleOnce(kept, functions) : bundleForNow(functions);
  return (name) => Code.fromAsset(join(folder, name));
}

function bundleForNow(functions: readonly Bundled[]): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bundles-"));
  // The CDK copies assets when they are declared, which is before this process ends.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  bundleInto(folder, functions);
  return folder;
}

/**
 * Bundles into `kept`, a folder for the present sources, unless they are there: most settings change the template and
 * not the code. Other processes may do the same meanwhile: the bundles appear there whole, once.
 */
function bundleOnce(kept: string, functions: readonly Bundled[]): string {
  const set = createHash("sha256").update(JSON.stringify(functions)).digest("hex").slice(0, 12);
  const folder = join(kept, set);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  bundleInto(unfinished, functions);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * Writes each function's bundle to `<folder>/<name>/`: `index.mjs`, and beside it what that loads later.
 *
 * @throws Error with esbuild's own words
 */
export function bundleInto(folder: string, functions: readonly Bundled[]): void {
  const order: BundlingOrder = {
    folder,
    functions: functions.map(({ name, providers }) => ({
      name,
      file: join(functionsFolder, `${name}.ts`),
      absent: realProviderNames.filter((provider) => !providers.includes(provider)),
    })),
  };
  const bundling = join(import.meta.dirname, "bundling.ts");
  const { status, stderr } = spawnSync(process.execPath, [bundling, JSON.stringify(order)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The functions could not be bundled:\n${stderr}`);
}
