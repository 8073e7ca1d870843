/** What an entry of the package brings along into a bundle of somebody else's. */
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./packed.ts";

/** Which of these packages it imports, and the size of all else. */
export async function bundleOf(
  entry: string,
  external: readonly string[],
): Promise<{ packages: string[]; bytes: number }> {
  const { metafile } = await build({
    entryPoints: [join(root, `package/${entry}.ts`)],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    ...(external.includes("*") ? { packages: "external" } : { external: [...external] }),
    metafile: true,
    write: false,
  });
  const { imports, bytes } = Object.values(metafile.outputs)[0]!;
  const packages = imports.map(({ path }) => path).filter((path) => !path.startsWith("node:"));
  return { packages: [...new Set(packages)].toSorted(), bytes };
}
