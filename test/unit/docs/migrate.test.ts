/** Whoever comes from an older system finds each of its names: what it is here, what is other, and which test runs it. */
import { expect, test } from "vitest";
import { readPage, sectionOf } from "../../support/docs/blocks.ts";
import { findTest, listTests, parseRunBy } from "../../support/docs/named-tests.ts";
import rows from "../../support/docs/old-systems.json" with { type: "json" };

const pages = [...new Set(rows.map(({ page }) => page))];

/** The rows of a page's tables: there, here, what is other, run by. */
function readRows(page: string): string[][] {
  return readPage(`docs/migrate/${page}.md`)
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (?:there |-+ )/.test(line))
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

test.each(pages)("every row of %s says what it is here, what is other and what runs it", (page) => {
  const broken = readRows(page).filter(
    (cells) => cells.length !== 4 || cells.some((cell) => cell === ""),
  );
  expect(broken).toEqual([]);
});

/** A call, a route, a key or a text that others show or read: what can be done can be run. */
function canRun(there: string): boolean {
  return /^(?:log: |key )?`/.test(there);
}

/** The calls that an old name makes, as they are called here. */
function callsOf(there: string): string[] {
  const names = [...there.matchAll(/`(?:await )?(?:\w+\.)?([a-z_A-Z]+)\(/g)].map(
    ([, name = ""]) => name,
  );
  return names.map((name) =>
    name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
}

/** What is wrong with the word on what runs a row; undefined where nothing is. */
function judgeRunBy([there = "", , , cell = ""]: readonly string[]): string | undefined {
  const runBy = parseRunBy(cell);
  if (!runBy) return `${there}: neither a test nor a reason`;
  if ("reason" in runBy) return canRun(there) ? `${there}: it can be run` : undefined;
  const found = runBy.tests.map(({ path, title }) => findTest(path, title));
  const lost = runBy.tests.filter((_, at) => !found[at]).map(({ title }) => title);
  if (lost.length > 0) return `${there}: there is no test "${lost.join(", ")}"`;
  const text = found.map((each) => each?.text).join("\n");
  const uncalled = callsOf(there).filter((name) => !text.includes(`${name}(`));
  return uncalled.length > 0
    ? `${there}: its test does not call ${uncalled.join(", ")}`
    : undefined;
}

test("a row without a test, with one that is not there, or that does something else, is noticed", () => {
  const path = "test/unit/docs/migrate.test.ts";
  const named = (title: string): string => `\`${path}\`: ${title}`;
  const own = named("there are five pages, and what they lack is found");
  const judge = (there: string, cell: string) => judgeRunBy([there, "", "", cell]);
  expect(judge("heartbeat", own)).toBeUndefined();
  expect(judge("heartbeat", `${own}<br>${own}`)).toBeUndefined();
  expect(judge("heartbeat", "some test")).toContain("neither a test nor a reason");
  expect(judge("heartbeat", `${own}<br>${named("nobody's")}`)).toContain('no test "nobody\'s"');
  expect(judge("heartbeat", "`test/no/such.test.ts`: it")).toContain("no test");
  expect(judge("regions", "not run: there is one")).toBeUndefined();
  expect(judge("`GET /health`", "not run: there is one")).toContain("can be run");
  expect(judge("`find_missing(a)`", own)).toBeUndefined();
  expect(judge("`atomicCache.acquire_lock(a)`", own)).toContain("does not call acquireLock");
  const code = 'test.each(rows)("%s is \\"there\\"", () => {});\nit(\n  `of ${n}`, () => {});';
  expect(listTests(code).map(({ title }) => title)).toEqual(['%s is \\"there\\"', "of ${n}"]);
});

test.each(pages)(
  "every row of %s names a test that there is, or says why nothing can run it",
  (page) => {
    expect(readRows(page).map(judgeRunBy).filter(Boolean)).toEqual([]);
  },
);

test.each(pages)("%s tells both ways, what goes neither way, and what stays other", (page) => {
  const text = readPage(`docs/migrate/${page}.md`);
  const ways = sectionOf(text, "Over and back");
  expect(ways).toContain("**What goes neither way**");
  // How is shown, and tests run it (test/package/ways-back.test.ts and, with a server, test/e2e).
  expect(ways.match(/^export (?:async )?function /gm)?.length).toBeGreaterThan(0);
  const other = sectionOf(text, "What stays other");
  for (const difference of ["token", "adminUserId", "caller"]) expect(other).toContain(difference);
});
