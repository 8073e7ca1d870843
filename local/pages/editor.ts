/** `GET /_local/editor`: two editors of one document side by side, on the bundled client. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { fileAnswer, type Page, PageNotFound } from "./page.ts";

const folder = join(import.meta.dirname, "editor");

/** The page's script with the client in it. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, "editor.js")],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]!.text;
}

const files: Record<string, readonly [contentType: string, read: () => Promise<string>]> = {
  "": ["text/html; charset=utf-8", () => readFile(join(folder, "editor.html"), "utf8")],
  "editor.css": ["text/css; charset=utf-8", () => readFile(join(folder, "editor.css"), "utf8")],
  "editor.js": ["text/javascript; charset=utf-8", bundle],
};

/** Serves the page and its parts, bundled anew each time: whoever changes the client only reloads. */
export const editor: Page = async ({ path: [name = ""] }) => {
  const file = Object.hasOwn(files, name) ? files[name] : undefined;
  if (!file) throw new PageNotFound(`there is no /_local/editor/${name}`);
  const [contentType, read] = file;
  return fileAnswer(contentType, await read());
};
