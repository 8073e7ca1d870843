/** docs/versions.md says the versions that the sources have, and a release is no smaller than what it asks of users. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tableNames } from "../../../infra/table-shapes.ts";
import { createAsyncApi } from "../../../shared/api/asyncapi.ts";
import { openApiDocument } from "../../../shared/api/openapi.ts";
import { stockSchemaVersion } from "../../../shared/table/layout.ts";
import { readPage, root, sectionOf } from "../../support/docs/blocks.ts";
import { readSources } from "../../support/sources.ts";

const page = readPage("docs/versions.md");
const { version, engines, peerDependencies } = JSON.parse(readPage("package.json")) as {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
};
const versionOf = (document: Readonly<Record<string, unknown>>): string =>
  (document["info"] as { version: string }).version;

/** What the page's first table says is the version of something. */
const told = (what: string): string | undefined =>
  page
    .split("\n")
    .find((line) => line.startsWith(`| ${what} `))
    ?.split("|")[2]
    ?.trim();

test("the page tells the versions of the sources", () => {
  expect(told("package `holdfast`")).toBe(version);
  expect(told("HTTP API")).toBe(versionOf(openApiDocument([], { problems: {} })));
  expect(told("events")).toBe(versionOf(createAsyncApi()));
  expect(told("rows of `Stock`")).toBe(String(stockSchemaVersion));
});

test("no row but those of Stock has a layout of its own", () => {
  expect(tableNames).toContain("Stock");
  const others = readSources("shared", "functions")
    .filter(({ code }) => /\bschemaVersion\b(?!: stockSchemaVersion)/.test(code))
    .map(({ path }) => path);
  expect(others).toEqual(["shared/inventory/old-layout.ts", "shared/table/layout.ts"]);
});

test("the page tells which Node and which peers the package takes", () => {
  const prose = page.replaceAll(/\s+/g, " ");
  expect(prose).toContain(`Node ${engines.node} `);
  for (const [name, range] of Object.entries(peerDependencies)) {
    expect(prose).toContain(`\`${name}\` ${range}`);
  }
});

test("the last release of the changelog is the version of the package", () => {
  const [, last] = /^## (\d+\.\d+\.\d+): \d{4}-\d{2}-\d{2}$/m.exec(readPage("CHANGELOG.md")) ?? [];
  expect(last).toBe(version);
});

test("what is not released yet says its size, and is no patch where it asks something of users", () => {
  const sizes = globSync(".changeset/*.md", { cwd: root }).flatMap((path) => {
    const [, size] = /^"holdfast": (major|minor|patch)$/m.exec(readPage(path)) ?? [];
    return size ? [size] : [];
  });
  const unreleased = sectionOf(readPage("CHANGELOG.md"), "Unreleased");
  const isBeforeFirst = version.startsWith("0.");
  const enough = isBeforeFirst ? ["minor", "major"] : ["major"];
  expect(sizes.length > 0).toBe(/^- /m.test(unreleased));
  expect(sizes.some((size) => enough.includes(size)) || !/^- ! /m.test(unreleased)).toBe(true);
});

test("the workflow publishes with provenance, keeps no secret, and only what the tag says", () => {
  const workflow = readFileSync(join(root, ".github/workflows/release.yml"), "utf8");
  expect(workflow).toContain("id-token: write");
  expect(workflow).toContain("npm publish --provenance");
  expect(workflow).toContain(`= "$GITHUB_REF_NAME"`);
  expect(workflow).not.toMatch(/secrets\.|_TOKEN|https?:/);
});
