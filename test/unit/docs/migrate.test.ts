/** Whoever comes from an older system finds each of its names: what it is here, and what is other. */
import { expect, test } from "vitest";
import { readPage } from "../../support/docs/blocks.ts";
import rows from "../../support/docs/old-systems.json" with { type: "json" };

const pages = [...new Set(rows.map(({ page }) => page))];

/** The rows of a page's tables: there, here, what is other. */
function readRows(page: string): string[][] {
  return readPage(`docs/migrate/${page}.md`)
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| there "))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** What of a row's names no table tells of. */
function findMissing(names: readonly string[], told: readonly string[][]): string[] {
  const hasEntry = (name: string): boolean =>
    told.some(([there = "", here = ""]) => there.includes(name) && here !== "");
  return names.filter((name) => !hasEntry(name));
}

test("there are five pages, and what they lack is found", () => {
  expect(pages).toHaveLength(5);
  expect(rows.flatMap(({ names }) => names).length).toBeGreaterThan(120);
  const told = [
    ["`isLocked(itemId)`", "the same", "—"],
    ["`acquireLock`", "", "—"],
  ];
  expect(findMissing(["isLocked", "acquireLock", "other"], told)).toEqual(["acquireLock", "other"]);
});

test.each(pages)("%s has an entry for each name of the system that it is about", (page) => {
  const told = readRows(page);
  const missing = rows
    .filter((row) => row.page === page)
    .flatMap(({ names }) => findMissing(names, told));
  expect(missing).toEqual([]);
});

test.each(pages)("every row of %s says what it is here and what is other", (page) => {
  const broken = readRows(page).filter(
    (cells) => cells.length !== 3 || cells.some((cell) => cell === ""),
  );
  expect(broken).toEqual([]);
});
