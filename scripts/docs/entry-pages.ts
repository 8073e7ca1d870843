/** How the page of each entry begins: with what the entry's source says of itself, example included. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageEntries } from "./package-entries.ts";
import { root, staged } from "./places.ts";

/** Puts purpose, tables, rights and example in front of what TypeDoc found; the index names what is imported. */
export function openEntryPages(): void {
  const folder = join(staged, "reference");
  for (const { name, source } of packageEntries()) {
    const page = join(folder, `${name}.md`);
    const found = readFileSync(page, "utf8");
    writeFileSync(page, `# holdfast/${name}\n\n${describeEntry(source)}\n\n${found}`);
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
