/** Puts the code of every function, and the routes that lead to them, into the package. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import type { Route } from "../../infra/api.ts";
import { bundleInto } from "../../infra/bundles.ts";
import { bundled } from "../../infra/functions.ts";
import { functionNames } from "../../infra/permissions.ts";
import type { PackedShop } from "../../package/cdk/packed-shop.ts";
import { endpoints } from "../../shared/api/index.ts";

/** What the constructs need to know of an endpoint, without its schemas. */
function tellRoute(route: Route): Route {
  const { name, method, path, queryPath, access, outsideProduction } = route;
  const others = {
    ...(queryPath !== undefined && { queryPath }),
    ...(outsideProduction !== undefined && { outsideProduction }),
  };
  return { name, method, path, function: route.function, access, ...others };
}

/** Functions have most of their code in common: in one window of 16 MB all after the first take little. */
function compress(text: string): Buffer {
  const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT, BROTLI_MAX_WINDOW_BITS } = constants;
  const params = {
    [BROTLI_PARAM_LGWIN]: BROTLI_MAX_WINDOW_BITS,
    [BROTLI_PARAM_SIZE_HINT]: text.length,
    [constants.BROTLI_PARAM_QUALITY]: 9,
  };
  return brotliCompressSync(text, { params });
}

/** Writes one file of all of it; the same sources make the same bytes. */
export function packShop(file: string): void {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-build-"));
  const names = functionNames(false);
  const read = (name: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(folder, name))
        .toSorted()
        .map((each) => [each, readFileSync(join(folder, name, each), "utf8")]),
    );
  try {
    bundleInto(folder, names.map(bundled));
    const routes: readonly Route[] = endpoints;
    const shop: PackedShop = {
      endpoints: routes.map(tellRoute),
      functions: Object.fromEntries(names.map((name) => [name, read(name)])),
    };
    writeFileSync(file, compress(JSON.stringify(shop)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
