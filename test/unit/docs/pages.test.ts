/** The pages can be found, lead somewhere, and name only what is there. */
import { existsSync, globSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";
import { blocksOf, linksOf, readPage, root } from "../../support/docs/blocks.ts";
import { readSources } from "../../support/sources.ts";

const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const decisions = readdirSync(join(root, "docs/decisions")).filter((name) => /^\d/.test(name));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...globSync("{docs,bench}/**/*.md", { cwd: root }).map((path) => path.replaceAll("\\", "/")),
];
const linked = (page: string): string[] =>
  linksOf(readPage(page)).map(({ path }) => posix.join(posix.dirname(page), path));

/** As GitHub makes an anchor of a heading. */
const anchorsOf = (page: string): string[] =>
  [...readPage(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );

test("the index of docs leads to every page of docs", () => {
  const index = linked("docs/README.md");
  const missing = docs.map((name) => `docs/${name}`).filter((path) => !index.includes(path));
  expect(missing).toEqual(["docs/README.md"]);
  expect(linked("README.md")).toContain("docs/README.md");
});

test("every link inside the project leads to a file, and to a heading of it", () => {
  const broken = pages.flatMap((page) =>
    linksOf(readPage(page)).flatMap(({ path, anchor }) => {
      const target = path === "" ? page : posix.join(posix.dirname(page), path);
      if (!existsSync(join(root, target))) return [`${page}: ${path}`];
      const isThere = anchor === "" || anchorsOf(target).includes(anchor);
      return isThere ? [] : [`${page}: ${path}#${anchor}`];
    }),
  );
  expect(broken).toEqual([]);
});

test("decisions are numbered without a gap, in the index, and begin with their number", () => {
  const numbers = decisions.map((name) => Number(name.slice(0, 4)));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
  const index = linked("docs/decisions/README.md");
  for (const name of decisions) {
    expect(index).toContain(`docs/decisions/${name}`);
    expect(readPage(`docs/decisions/${name}`)).toMatch(
      new RegExp(`^# ${Number(name.slice(0, 4))}\\. `),
    );
  }
});

test("every decision is named by the code that it explains, and code names no page that is not there", () => {
  const sources = readSources("functions", "shared", "infra", "local", "client", "scripts");
  const named = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([page]) => ({ path, page })),
  );
  expect(named.filter(({ page }) => !existsSync(join(root, page)))).toEqual([]);
  const unnamed = decisions.filter((name) =>
    named.every(({ page }) => page !== `docs/decisions/${name}`),
  );
  expect(unnamed).toEqual([]);
});

test("the eleven recipes name files that are there", () => {
  const page = readPage("CONTRIBUTING.md");
  const recipes = page.split("\n## ").slice(1);
  expect(recipes.map((recipe) => recipe.split("\n")[0])).toHaveLength(11);
  const files = [...page.matchAll(/`((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.\w+)`/g)].map(
    ([, path = ""]) => path,
  );
  expect(files.length).toBeGreaterThan(40);
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  for (const recipe of recipes) expect(recipe).toMatch(/`\w+\/[\w/-]+\.ts`|--- \w+\//);
});

test("what is shown in one minute is what tests run: the examples of the package, the commands of the README", () => {
  const run = ["README.md", "docs/package.md"].flatMap((page) => blocksOf(readPage(page)));
  const minutes = pages.filter((page) => page.startsWith("docs/one-minute/"));
  expect(minutes).toHaveLength(4);
  for (const page of minutes) {
    const shown = blocksOf(readPage(page)).map(({ text }) => text);
    expect(shown.length, page).toBeGreaterThan(0);
    expect(run.map(({ text }) => text)).toEqual(expect.arrayContaining(shown));
    expect(linked("docs/README.md")).toContain(page);
  }
});

test("blocks of JSON can be read", () => {
  const broken = pages.flatMap((page) =>
    blocksOf(readPage(page))
      .filter(({ language }) => language === "json")
      .flatMap(({ text, line }) => {
        try {
          JSON.parse(text);
          return [];
        } catch (error) {
          return [`${page}:${line}: ${String(error)}`];
        }
      }),
  );
  expect(broken).toEqual([]);
});
