/** Reads the project's own sources for the tests that keep its order: files, imports, exports. */
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";

const root = join(import.meta.dirname, "../..");

/** One import or re-export: what is written, and the project file it means (if it is one). */
export interface Import {
  readonly specifier: string;
  readonly file?: string;
  readonly typeOnly: boolean;
}

/** One source file; its path is relative to the project, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** The text without comments that stand on lines of their own. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** Every TypeScript file under the given folders of the project. */
export function readSources(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => readSource(join(entry.parentPath, entry.name))),
  );
}

/** A source made up in a test, to show that a rule catches what it should. */
export function sourceOf(path: string, text: string): Source {
  const code = text.replaceAll(/^[ \t]*\/\*[\s\S]*?\*\//gm, "").replaceAll(/^[ \t]*\/\/.*$/gm, "");
  return { path, text, code, lines: text.split("\n").length - 1, imports: importsOf(path, code) };
}

function readSource(absolute: string): Source {
  return sourceOf(relative(root, absolute).replaceAll("\\", "/"), readFileSync(absolute, "utf8"));
}

const importPattern =
  /(?:^|[\s;])(?:(?:import|export)\s+([\w*{}\s,$]+?\sfrom\s*)?|import\s*\(\s*)["']([^"'\n]+)["']/g;

/** `import type …`, or braces in which every name is a type. */
const typesOnly = /^type\s|^\{\s*(?:type\s[^,}]+,?\s*)+\}/;

function importsOf(path: string, code: string): Import[] {
  return [...code.matchAll(importPattern)].map(([, clause = "", specifier = ""]) => ({
    specifier,
    typeOnly: typesOnly.test(clause),
    ...(specifier.startsWith(".") && {
      file: normalize(join(dirname(path), specifier)).replaceAll("\\", "/"),
    }),
  }));
}

/** The name of a file without folder and ending. */
export function stem(path: string): string {
  return basename(path, ".ts");
}

/** The exports of a file that have no docstring right above them. */
export function exportsWithoutDocstring(source: Source): string[] {
  const lines = source.text.split("\n");
  const names: string[] = [];
  let documented: string | undefined;
  for (const [index, line] of lines.entries()) {
    const name = declaration.exec(line)?.[1];
    if (name === undefined) continue;
    const above = lines[index - 1]?.trim() ?? "";
    // The overloads of a function share the docstring of the first.
    if (above.endsWith("*/")) documented = name;
    else if (name !== documented) names.push(name);
  }
  return names;
}

const declaration =
  /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type) ([\w$]+)/;
