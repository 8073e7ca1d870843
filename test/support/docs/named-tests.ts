/** Reads which tests a page names, and what tests there are. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./blocks.ts";

/** A test of a file: its title as it is written there, and what it does. */
export interface WrittenTest {
  readonly title: string;
  readonly text: string;
}

/** The tests of a file, in order. A title that is put together at run time has the text of its pieces. */
export function listTests(code: string): WrittenTest[] {
  const pattern = /\b(?:test|it)\b[^"`\n]*?\(\s*(?:"(?<plain>(?:[^"\\]|\\.)*)"|`(?<made>[^`]*)`)/g;
  const found = [...code.matchAll(pattern)];
  return found.map(({ groups, index }, at) => {
    const title = groups?.["plain"] ?? groups?.["made"] ?? "";
    return { title, text: code.slice(index, found[at + 1]?.index) };
  });
}

/** What a cell of a page says: the tests that run something, or why nothing does. */
export type RunBy =
  | { readonly tests: readonly { readonly path: string; readonly title: string }[] }
  | { readonly reason: string };

/** Reads such a cell; undefined where it says neither. */
export function parseRunBy(cell: string): RunBy | undefined {
  const [, reason] = /^not run: (.+)$/.exec(cell) ?? [];
  if (reason !== undefined) return { reason };
  const parts = cell.split("<br>").map((part) => /^`(test\/[\w/-]+\.test\.ts)`: (.+)$/.exec(part));
  if (parts.some((part) => part === null)) return undefined;
  return { tests: parts.map((part) => ({ path: part![1]!, title: part![2]! })) };
}

/** The test of this title in that file of the project; undefined where there is none. */
export function findTest(path: string, title: string): WrittenTest | undefined {
  if (!existsSync(join(root, path))) return undefined;
  return listTests(readFileSync(join(root, path), "utf8")).find((each) => each.title === title);
}
