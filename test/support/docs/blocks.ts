/** Reads the pages of the project: their code blocks, links, and the changes that a recipe shows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the project. */
export const root = join(import.meta.dirname, "../../..");

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  /** What follows the language, as `sketch` does. */
  readonly mark: string;
  readonly text: string;
  /** What the block stands among without showing it: the comment `<!-- ts … -->` before it. */
  readonly among: string;
  readonly line: number;
}

/** The text of a page, by its path in the project. */
export function readPage(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const pattern =
    /(?:^<!-- ts\n(?<among>[\s\S]*?)^-->\s+)?^```(?<language>\w+)(?: (?<mark>.*))?\n(?<text>[\s\S]*?)^```$/gm;
  return [...page.matchAll(pattern)].map((match) => {
    const { among = "", language = "", mark = "", text = "" } = match.groups ?? {};
    return { among, language, mark, text, line: page.slice(0, match.index).split("\n").length };
  });
}

/** Where the links of a page lead to inside the project: a path, and an anchor where there is one. */
export function linksOf(page: string): { readonly path: string; readonly anchor: string }[] {
  const prose = page.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, path = "", anchor = ""]) => ({ path, anchor }),
  );
}

/** The part of a page under a heading of the second level. */
export function sectionOf(page: string, heading: string): string {
  const [, text] = page.split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`There is no "## ${heading}"`);
  return text.split("\n## ")[0]!;
}

/** A change to one file: each part has the lines before and after it. */
export interface Change {
  readonly path: string;
  readonly parts: readonly { readonly before: string; readonly after: string }[];
}

/** The changes that a recipe shows: blocks of `diff` that name their file in the first line. */
export function changesOf(section: string): Change[] {
  return blocksOf(section)
    .filter(({ language }) => language === "diff")
    .map(({ text }) => {
      const [, path = "", rest = ""] = /^--- (\S+)\n([\s\S]*)$/.exec(text) ?? [];
      const parts = rest.split(/^@@\n/m).map((part) => ({
        before: side(part, "-"),
        after: side(part, "+"),
      }));
      return { path, parts };
    });
}

function side(part: string, sign: "+" | "-"): string {
  const lines = part.split("\n").filter((line) => line.startsWith(" ") || line.startsWith(sign));
  return lines.map((line) => `${line.slice(1)}\n`).join("");
}

/** A text with a change made to it. @throws Error when a part does not fit at exactly one place */
export function changed(text: string, { path, parts }: Change): string {
  return parts.reduce((current, { before, after }) => {
    const places = current.split(before);
    if (places.length !== 2)
      throw new Error(`${path} has ${places.length - 1} places for:\n${before}`);
    return places.join(after);
  }, text);
}
