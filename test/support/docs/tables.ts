/** Reads the tables of a page, so that a test can hold what they say against what is. */
import { readPage } from "./blocks.ts";

/** The rows of the first table under a heading, cell by cell, without its head. @throws Error where there is none */
export function tableUnder(page: string, heading: string): string[][] {
  const [, section] = readPage(page).split(`\n## ${heading}\n`);
  const rows = section?.split(/\n## /)[0]!.match(/^\|.*\|$/gm) ?? [];
  if (rows.length < 3) throw new Error(`${page} has no table under "${heading}"`);
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
