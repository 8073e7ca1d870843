/** What each page loads before it can be used: less than React DOM alone, which would be 69 KB. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const gzip = (text: string | Uint8Array): number => gzipSync(text, { level: 9 }).length;

/** As the pages are bundled where they are served. */
async function measure(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [`console/${entry}.tsx`],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    jsx: "automatic",
    jsxImportSource: "preact",
    write: false,
  });
  const styles = gzip(readFileSync("console/style.css"));
  return outputFiles.reduce((sum, { contents }) => sum + gzip(contents), styles);
}

test.each(["operator/operator", "shop/shop", "start/start"])(
  "%s has at most 69 KB with its styles, minified and gzipped",
  async (entry) => {
    const bytes = await measure(entry);
    expect(bytes).toBeGreaterThan(10 * 1024);
    expect(bytes).toBeLessThan(69 * 1024);
  },
);
