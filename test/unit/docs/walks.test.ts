/** What the pages show compiles, and the recipes that change code are carried out on a copy of the sources. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  blocksOf,
  changed,
  changesOf,
  readPage,
  root,
  sectionOf,
} from "../../support/docs/blocks.ts";
import { moduleOf, rootFrom, snippetsOf } from "../../support/docs/snippets.ts";
import { isFull } from "../../support/effort.ts";

const copied = [
  "functions",
  "shared",
  "infra",
  "local",
  "client",
  "console",
  "package",
  "test",
  "bench",
  "scripts",
  "examples",
];
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...["docs", "docs/migrate"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];
const contributing = readPage("CONTRIBUTING.md");
const recipes = {
  provider: changesOf(sectionOf(contributing, "A payment provider")),
  orderField: changesOf(sectionOf(contributing, "A field of orders")),
};

const copy = mkdtempSync(join(tmpdir(), "holdfast-walks-"));
afterAll(() => rmSync(copy, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(copy, path)), { recursive: true });
  writeFileSync(join(copy, path), text);
}

/** The blocks of a page as one module beside it; a block that says whose file it is becomes that file. */
function writeSnippets(page: string): void {
  const shown = snippetsOf(page);
  const path = (text: string) => /^\/\*\* ([\w/-]+\.ts)\b/.exec(text)?.[1];
  for (const { among, text } of shown) {
    const file = path(text);
    if (file !== undefined) write(file, text + among);
  }
  const rest = shown.filter(({ text }) => path(text) === undefined);
  if (rest.length > 0) write(page.replace(/\.md$/, ".snippets.ts"), moduleOf(rest, rootFrom(page)));
}

/** What a module of the copy exports, asked in a process of its own. */
function ask(code: string): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: copy,
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

beforeAll(() => {
  for (const folder of copied) cpSync(join(root, folder), join(copy, folder), { recursive: true });
  for (const file of ["package.json", "tsconfig.json"]) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const sandbox = readFileSync(join(copy, "shared/providers/sandbox.ts"), "utf8");
  write(
    "shared/providers/bold.ts",
    sandbox.replaceAll("sandbox", "bold").replaceAll("Sandbox", "Bold"),
  );
  for (const change of [...recipes.provider, ...recipes.orderField]) {
    write(change.path, changed(readFileSync(join(copy, change.path), "utf8"), change));
  }
  pages.forEach(writeSnippets);
  const { include } = JSON.parse(readPage("tsconfig.json")) as { include: string[] };
  const compilerOptions = { noUnusedLocals: false };
  // What no recipe changes and no page imports takes as long to compile as all the rest.
  const checked = include.filter((each) => isFull || !/^(?:test|bench|scripts)\b/.test(each));
  const config = { extends: "./tsconfig.json", compilerOptions, include: [...checked, "docs"] };
  write("tsconfig.walks.json", JSON.stringify(config));
});

test("a provider and an order's field take two files each beside their own", () => {
  expect(recipes.provider.map(({ path }) => path)).toHaveLength(2);
  expect(recipes.orderField.map(({ path }) => path)).toHaveLength(2);
});

test("a page leaves out nothing but what it says, and only in a sketch", () => {
  const sketches = pages.flatMap((page) =>
    blocksOf(readPage(page)).filter(({ language, mark }) => language === "ts" && mark !== ""),
  );
  expect(sketches.filter(({ mark, text }) => mark !== "sketch" || !text.includes("…"))).toEqual([]);
});

test("what pages show and what recipes change compiles", { timeout: 3_000_000 }, () => {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const { stdout, status } = spawnSync(tsc, ["-p", "tsconfig.walks.json"], {
    cwd: copy,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

test("the new provider is in the contract, the settings, the rights and what functions build @long", () => {
  const found = ask(`
    const { openApiDocument } = await import("./shared/api/openapi.ts");
    const { endpoints } = await import("./shared/api/index.ts");
    const { problems } = await import("./functions/runtime/problem.ts");
    const { keys } = await import("./infra/settings/definitions.ts");
    const { permissions } = await import("./infra/permissions.ts");
    const { providerFactories } = await import("./shared/providers/factories.ts");
    const { paths } = openApiDocument(endpoints, { problems });
    const [{ schema }] = paths["/webhooks/{provider}"].post.parameters;
    console.log(JSON.stringify({
      contract: schema.enum.includes("bold"),
      settings: keys.filter((key) => key.includes("bold")),
      secrets: Object.keys(permissions).filter((name) => permissions[name].secrets?.includes("bold")),
      made: providerFactories.bold({ keys: async () => [{}] }).name,
    }));
  `);
  expect(found).toEqual({
    contract: true,
    settings: ["payment.bold.seconds", "payment.bold.maxHoldSeconds", "payment.bold.baseUrl"],
    secrets: expect.arrayContaining(["orders", "payments", "payment-webhooks", "admin", "cleanup"]),
    made: "bold",
  });
});

test("the new field is in the contract, kept with the order and shown", () => {
  const found = ask(`
    const { openApiDocument } = await import("./shared/api/openapi.ts");
    const { endpoints } = await import("./shared/api/index.ts");
    const { problems } = await import("./functions/runtime/problem.ts");
    const { orderView } = await import("./shared/orders/order-view.ts");
    const { pickChoices } = await import("./shared/orders/order-choices.ts");
    const { placeOrderBody } = await import("./shared/api/orders.ts");
    const { components } = openApiDocument(endpoints, { problems });
    const body = placeOrderBody.parse({ paymentMethod: "stripe", reference: "PO-7" });
    console.log(JSON.stringify({
      contract: components.schemas.Order.properties.reference,
      chosen: pickChoices(body),
      shown: orderView({ ...pickChoices(body), lines: [] }).reference,
    }));
  `);
  expect(found).toMatchObject({
    contract: { type: "string" },
    chosen: { paymentMethod: "stripe", reference: "PO-7" },
    shown: "PO-7",
  });
});
