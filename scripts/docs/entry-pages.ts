/** How the page of each entry begins: with what the entry's source says of itself, example included. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { packageEntries } from "./package-entries.ts";
import { root, staged } from "./places.ts";

/** Puts purpose, tables, rights and example in front of what TypeDoc found; the index names what is imported. */
export function openEntryPages(): void {
  const folder = join(staged, "reference");
  for (const { name, source } of packageEntries()) {
    const page = join(folder, `${name}.md`);
    const found = readFileSync(page, "utf8");
    const opening = [`# holdfast/${name}`, describeEntry(source), tellExports(source), found];
    writeFileSync(page, opening.join("\n\n"));
  }
  const rows = packageEntries().map(({ name, source }) => {
    const purpose = describeEntry(source).split("\n\n")[0]!.replaceAll("\n", " ");
    return `- [\`holdfast/${name}\`](./${name}.md): ${purpose.replace(/^`[^`]+`: /, "")}`;
  });
  writeFileSync(join(folder, "index.md"), `# Entries of the package\n\n${rows.join("\n")}\n`);
}

/** The docstring at the head of a source, its example as a block of code. */
function describeEntry(source: string): string {
  const text = readFileSync(join(root, source), "utf8");
  const [, docstring = ""] = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(text) ?? [];
  const [purpose = "", example = ""] = docstring.replaceAll(/^ \* ?/gm, "").split("@example\n");
  return `${purpose.trim()}\n\n\`\`\`ts\n${example.trim()}\n\`\`\``;
}

/** TypeDoc shows what those names are made of as well: readers have to know which they can import. */
function tellExports(source: string): string {
  const list = [...new Set(exportsOf(source))].toSorted().map((name) => `\`${name}\``);
  return `To import: ${list.join(", ")}. All else on this page is what these are made of, and has no name outside.`;
}

const declared = /^export (?:abstract |async )*(?:class|const|function|interface|type) (\w+)/gm;

/** The names that a source exports, those of others that it passes on included. */
function exportsOf(source: string): string[] {
  const text = readFileSync(join(root, source), "utf8");
  const namesIn = (pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map(([, found = ""]) => found);
  const listed = namesIn(/^export (?:type )?\{([^}]*)\}/gm)
    .flatMap((names) => names.split(","))
    .map((name) => name.trim().replace(/^type |^\w+ as /, ""))
    .filter((name) => name !== "");
  const passedOn = namesIn(/^export \* from "(\.[^"]+)"/gm).flatMap((path) =>
    exportsOf(posix.join(posix.dirname(source), path)),
  );
  return [...listed, ...namesIn(declared), ...passedOn];
}
