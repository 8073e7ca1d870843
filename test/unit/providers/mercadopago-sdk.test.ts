/** The SDK comes whole out of a bundle of many files, as the functions' are: CommonJS that is loaded later has no names there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { ROOT } from "../../../local/root.ts";
import {
  loadMercadopago,
  loadMercadopagoValidator,
} from "../../../shared/providers/mercadopago-sdk.ts";

interface Loaders {
  readonly loadMercadopago: typeof loadMercadopago;
  readonly loadMercadopagoValidator: typeof loadMercadopagoValidator;
}

/** Its parts, and what each is. */
async function partsOf(loaders: Loaders): Promise<readonly string[]> {
  const parts = await loaders.loadMercadopago();
  return [...Object.values(parts), await loaders.loadMercadopagoValidator()].map(
    (part) => typeof part,
  );
}

const classes = Array.from({ length: 8 }, () => "function");

test("by Node", async () => {
  expect(await partsOf({ loadMercadopago, loadMercadopagoValidator })).toEqual(classes);
});

test.each([true, false])("in a bundle (split %s)", async (splitting) => {
  const outdir = mkdtempSync(join(tmpdir(), "holdfast-sdk-"));
  try {
    await build({
      entryPoints: [{ in: join(ROOT, "shared/providers/mercadopago-sdk.ts"), out: "index" }],
      outdir,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting,
      platform: "node",
      format: "esm",
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const bundled = (await import(pathToFileURL(join(outdir, "index.mjs")).href)) as Loaders;
    expect(await partsOf(bundled)).toEqual(classes);
  } finally {
    rmSync(outdir, { recursive: true });
  }
});
