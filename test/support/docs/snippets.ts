/** What a page shows in TypeScript, as one module: for the compiler, and to be run. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { blocksOf, readPage, root } from "./blocks.ts";

/** The blocks of a page that are whole, in order. */
export function snippetsOf(page: string) {
  return blocksOf(readPage(page)).filter(({ language, mark }) => language === "ts" && mark === "");
}

/** They as one module that stands beside the page, or in a project whose root is elsewhere; entries of the package are its sources. */
export function moduleOf(blocks: ReturnType<typeof snippetsOf>, toRoot: string): string {
  const body = blocks.map(({ among, text }) => among + text).join("\n");
  return `${body}\nexport {};\n`.replaceAll(
    /"holdfast\/([\w/-]+)"/g,
    (_, entry: string) => `"${toRoot}/package/${entry}.ts"`,
  );
}

/** The way from a page's folder to the root. */
export const rootFrom = (page: string): string => posix.relative(posix.dirname(page), ".");

/** Imports what a page shows, once its imports lead to the sources of this project. */
export async function importSnippets(
  page: string,
): Promise<Readonly<Record<string, (...parameters: unknown[]) => Promise<unknown>>>> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-snippets-"));
  try {
    const file = join(folder, "shown.ts");
    writeFileSync(file, moduleOf(snippetsOf(page), root.replaceAll("\\", "/")));
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
