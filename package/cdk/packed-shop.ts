/** What `npm run build` has put beside the constructs: the code of the functions, and the routes that lead to them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { Route } from "../../infra/api.ts";
import type { Bundles } from "../../infra/bundles.ts";

/** All of it, as JSON, compressed with Brotli. */
export interface PackedShop {
  readonly endpoints: readonly Route[];
  /** By function the text of its files by their names. */
  readonly functions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What a shop is made of, besides its settings. */
interface UnpackedShop {
  readonly endpoints: readonly Route[];
  readonly bundles: Bundles;
}

let unpacked: UnpackedShop | undefined;

/**
 * Unpacks it into a folder that is gone when the process ends: the CDK copies assets when they are declared. Nothing is
 * compiled. Several shops of one process share it.
 *
 * @throws Error where nothing was built, as in a checkout of the sources
 */
export function unpackShop(): UnpackedShop {
  unpacked ??= unpack(fileURLToPath(new URL("../../shop.json.br", import.meta.url)));
  return unpacked;
}

function unpack(file: string): UnpackedShop {
  if (!existsSync(file)) throw new Error(`There is no ${file}: npm run build makes it`);
  const text = brotliDecompressSync(readFileSync(file)).toString();
  const { endpoints, functions } = JSON.parse(text) as PackedShop;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-shop-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const [name, files] of Object.entries(functions)) {
    mkdirSync(join(folder, name));
    for (const [each, code] of Object.entries(files)) writeFileSync(join(folder, name, each), code);
  }
  return { endpoints, bundles: (name) => Code.fromAsset(join(folder, name)) };
}
