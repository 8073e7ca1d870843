/** Runs esbuild in a process of its own: a CDK app is built without waiting, and plugins need to be waited for. */
import { join } from "node:path";
import { build } from "esbuild";
import { leaveOut } from "./lean.ts";

/** What is to be bundled. */
export interface BundlingOrder {
  readonly folder: string;
  readonly functions: readonly {
    readonly name: string;
    readonly file: string;
    /** The payment providers that it was not granted. */
    readonly absent: readonly string[];
  }[];
}

// Packages in CommonJS still call require() for Node's own modules; in an ESM bundle there is none.
const requireForCommonJs =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const { folder, functions } = JSON.parse(process.argv[2] ?? "") as BundlingOrder;
await Promise.all(
  functions.map(({ name, file, absent }) =>
    build({
      entryPoints: [{ in: file, out: "index" }],
      outdir: join(folder, name),
      outExtension: { ".js": ".mjs" },
      bundle: true,
      // What is imported when it is first called, a provider's SDK for one, is a file of its own: no cold start reads it.
      splitting: true,
      chunkNames: "[name]-[hash]",
      platform: "node",
      format: "esm",
      target: "node24",
      mainFields: ["module", "main"],
      minify: true,
      banner: { js: requireForCommonJs },
      plugins: [leaveOut(absent)],
      logLevel: "error",
    }),
  ),
);
