/** Runs esbuild in a process of its own: a CDK app is built without waiting, and plugins need to be waited for. */
import { build } from "esbuild";
import { leaveOut } from "./lean.ts";

/** What is to be bundled: functions with the same providers are bundled in one run. */
export interface BundlingOrder {
  readonly folder: string;
  readonly groups: readonly {
    /** The payment providers that they were not granted. */
    readonly absent: readonly string[];
    readonly entries: readonly { readonly in: string; readonly out: string }[];
  }[];
}

// Packages in CommonJS still call require() for Node's own modules; in an ESM bundle there is none.
const requireForCommonJs =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const { folder, groups } = JSON.parse(process.argv[2] ?? "") as BundlingOrder;
await Promise.all(
  groups.map(({ absent, entries }) =>
    build({
      entryPoints: [...entries],
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
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
