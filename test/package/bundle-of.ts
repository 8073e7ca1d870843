/** What an entry of the package brings along into a bundle of somebody else's. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "./packed.ts";

/** Which of these packages it imports, which of them as soon as it is loaded, and the size of all else; of all that it exports, or of some of it. */
export async function bundleOf(
  entry: string,
  external: readonly string[],
  names = "*",
): Promise<{ packages: string[]; atOnce: string[]; bytes: number; gzipped: number }> {
  const path = join(root, `package/${entry}.ts`);
  const contents =
    names === "*" ? `export * from "${path}";` : `export { ${names} } from "${path}";`;
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    ...(external.includes("*") ? { packages: "external" } : { external: [...external] }),
    metafile: true,
    write: false,
  });
  const { imports, bytes } = Object.values(metafile.outputs)[0]!;
  const others = imports.filter(({ path: name }) => !name.startsWith("node:"));
  const named = (of: typeof others) => [...new Set(of.map(({ path: name }) => name))].toSorted();
  const atOnce = named(others.filter(({ kind }) => kind !== "dynamic-import"));
  const gzipped = gzipSync(outputFiles[0]!.contents).length;
  return { packages: named(others), atOnce, bytes, gzipped };
}
