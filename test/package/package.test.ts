/** The package as others get it: whole, typed, small, and its examples run where nothing else of ours is. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { createLocks, lockRequestsTable, locksTable } from "../../package/locks.ts";
import { localClientSettings } from "../support/tables.ts";
import { blocksOf, readPage } from "../support/docs/blocks.ts";
import { isFull } from "../support/effort.ts";
import { exact, makeFolder, makeProject, output, pack, root } from "./packed.ts";
import { expectOwn, expectWhole } from "./shop-checks.ts";
import { linkProject, synthesizeShops } from "./shop-project.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
};
const entries = Object.keys(manifest.exports)
  .filter((name) => name !== "./package.json")
  .map((name) => name.slice(2));

const cdk = { "aws-cdk-lib": exact("aws-cdk-lib"), constructs: exact("constructs") };
const sdk = Object.fromEntries(
  ["@aws-sdk/client-dynamodb", "@aws-sdk/lib-dynamodb"].map((name) => [name, exact(name)]),
);

let tarball: string;

beforeAll(async () => {
  tarball = await pack(makeFolder(true));
}, 3_000_000);

describe("every entry", () => {
  test.each(entries)("%s says its purpose, tables and rights, and has a short example", (entry) => {
    const [head = ""] = readFileSync(join(root, `package/${entry}.ts`), "utf8").split("*/");
    expect(head).toMatch(new RegExp(`^/\\*\\*\\n \\* \`holdfast/${entry}\`: `));
    expect(head).toMatch(/\bIAM\b|\bright/);
    const [, example = ""] = head.split("@example\n");
    const lines = example.split("\n").filter((line) => line.replace(/^ \*/, "").trim() !== "");
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.length).toBeLessThanOrEqual(20);
  });
});

test("it is as large as the page says", async () => {
  const [, toFetch, unpackedMb] = /(\d+) MB to fetch and (\d+) MB unpacked/.exec(
    readPage("docs/package.md"),
  )!;
  const told = await output("tar", ["-tvzf", tarball], root);
  const sizes = [...told.matchAll(/^-\S+ +\S+ +(\d+) /gm)].map(([, size]) => Number(size));
  const unpacked = sizes.reduce((sum, size) => sum + size, 0) / 1_024 ** 2;
  expect(Math.ceil(statSync(tarball).size / 1_024 ** 2)).toBe(Number(toFetch));
  expect(Math.ceil(unpacked)).toBeLessThanOrEqual(Number(unpackedMb));
  expect(unpacked).toBeGreaterThan(Number(unpackedMb) / 2);
});

test("publint finds nothing", async () => {
  const data = readFileSync(tarball);
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(data).buffer } });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test("the types of every entry are those of its code", async () => {
  const found = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  const problems = "problems" in found ? found.problems : ["no types at all"];
  // It is for import alone, and for resolution that knows `exports`.
  const others = problems.filter(
    (problem) =>
      typeof problem === "string" ||
      !("resolutionKind" in problem && /^node10$|^node16-cjs$/.test(problem.resolutionKind)),
  );
  expect(others).toEqual([]);
});

/** What an entry brings along: which of these packages it imports, and the size of all else. */
async function bundleOf(
  entry: string,
  external: readonly string[],
): Promise<{ packages: string[]; bytes: number }> {
  const { metafile } = await build({
    entryPoints: [join(root, `package/${entry}.ts`)],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    ...(external.includes("*") ? { packages: "external" } : { external: [...external] }),
    metafile: true,
    write: false,
  });
  const { imports, bytes } = Object.values(metafile.outputs)[0]!;
  const packages = imports.map(({ path }) => path).filter((path) => !path.startsWith("node:"));
  return { packages: [...new Set(packages)].toSorted(), bytes };
}

test("locks need nothing of the payment providers, of zod or of the CDK", async () => {
  expect((await bundleOf("locks", ["*"])).packages).toEqual([
    "@aws-sdk/client-dynamodb",
    "@aws-sdk/lib-dynamodb",
    "@aws-sdk/util-dynamodb",
    "@smithy/node-http-handler",
    "safe-stable-stringify",
  ]);
});

describe("an entry adds to a bundle what the page says", () => {
  // The SDK brings the handler of HTTP by itself.
  const peers = [...Object.keys(manifest.peerDependencies), "@smithy/node-http-handler"];
  const row = /^\| .*\| `holdfast\/(\w+)` +\|.*\| (\d+) KB +\|$/gm;
  const told = [...readPage("docs/package.md").matchAll(row)].map(
    ([, entry = "", atMost]) => [entry, Number(atMost)] as const,
  );

  test("the page tells it of every entry", () => {
    const own = entries.filter((entry) => !entry.startsWith("compat/"));
    expect(told.map(([entry]) => entry).toSorted()).toEqual(own.toSorted());
  });

  test.each(told)("%s: at most %i KB minified", async (entry, atMost) => {
    const { bytes } = await bundleOf(entry, peers);
    expect(bytes / 1_024).toBeLessThanOrEqual(atMost);
    // A bound that has become twice what is true tells nobody anything.
    expect(bytes / 1_024).toBeGreaterThan(atMost / 2);
  });
});

test("hooks need React, and nothing that writes to tables", async () => {
  expect((await bundleOf("react", ["*"])).packages).toEqual(["react"]);
});

test("a key needs a table to be remembered in, and works with it", async () => {
  const endpoint = inject("dynamoDbEndpoint");
  const connection = { dynamodb: localClientSettings(endpoint) };
  const [table, requestsTable] = ["package-locks", "package-requests"];
  const client = new DynamoDBClient(connection.dynamodb);
  for (const input of [locksTable(table), lockRequestsTable(requestsTable)]) {
    await client.send(new CreateTableCommand(input));
  }
  const [bare, whole] = [
    createLocks({ table, ...connection }),
    createLocks({ table, requestsTable, ...connection }),
  ];
  const lock = await bare.acquire({ resource: "report", owner: { userId: "ann" } });
  const release = { ...lock, idempotencyKey: "k" };
  await expect(bare.release(release)).rejects.toThrow("Say what the table Requests is called");
  await whole.release(release);
  // The same request again is the same release.
  await whole.release(release);
  client.destroy();
});

test("a shop in somebody's stack is all that ours is, of what was packed, and takes what is theirs", async () => {
  const shops = await synthesizeShops(linkProject(...Object.keys(cdk)), process.execPath);
  expect(shops.assets).not.toEqual([]);
  expectWhole(shops);
  expectOwn(shops);
});

describe.runIf(isFull)("in a project of somebody else's", () => {
  const examples = blocksOf(readPage("docs/package.md")).filter(
    ({ language }) => language === "js",
  );

  test("the examples of the page run on Node 20 and print what they say", async () => {
    const folder = await makeProject(tarball, {
      ...sdk,
      ...cdk,
      node: "20.20.2",
      express: exact("express"),
      react: exact("react"),
      "react-dom": exact("react-dom"),
    });
    const node = join(folder, "node_modules/node/bin/node");
    const env = {
      AWS_ENDPOINT_URL_DYNAMODB: inject("dynamoDbEndpoint"),
      AWS_REGION: "local",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    };
    expect(examples.length).toBeGreaterThan(4);
    for (const { text } of examples) {
      const [, name = ""] = /^\/\/ (\S+\.mjs)\n/.exec(text) ?? [];
      writeFileSync(join(folder, name), text);
      const printed = await output(node, [name], folder, env);
      for (const [, line = ""] of text.matchAll(/^\/\/ prints: (.+)$/gm)) {
        expect(printed, name).toContain(line);
      }
    }
  }, 3_000_000);

  test("a shop is synthesized on Node 20 with the CDK alone, and no esbuild", async () => {
    const folder = await makeProject(tarball, { ...cdk, node: "20.20.2" });
    const node = join(folder, "node_modules/node/bin/node");
    expect(existsSync(join(folder, "node_modules/esbuild"))).toBe(false);
    const shops = await synthesizeShops(folder, node);
    expectWhole(shops);
    expectOwn(shops);
  }, 3_000_000);

  test("TypeScript 5.9 takes the types of every entry, its own checks included", async () => {
    const others = ["@middy/core", "@types/node"];
    const more = Object.fromEntries(others.map((name) => [name, exact(name)]));
    const folder = await makeProject(tarball, { ...sdk, ...cdk, ...more, typescript: "5.9.3" });
    const use = (file: string, used: readonly string[]): void => {
      const lines = used.map((entry, at) => `import * as part${at} from "holdfast/${entry}";`);
      const names = used.map((_, at) => `part${at}`).join(", ");
      writeFileSync(join(folder, file), `${lines.join("\n")}\nconsole.log(${names});\n`);
    };
    // The types of middy itself name a package that it does not bring.
    use("middy.ts", ["middy"]);
    use(
      "others.ts",
      entries.filter((entry) => entry !== "middy"),
    );
    const tsc = join(folder, "node_modules/.bin/tsc");
    for (const [module, resolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ] as const) {
      const how = ["--module", module, "--moduleResolution", resolution, "--target", "es2022"];
      const options = [...how, "--strict", "--noEmit", "--skipLibCheck"];
      expect(await output(tsc, [...options, "false", "others.ts"], folder)).toBe("");
      expect(await output(tsc, [...options, "true", "middy.ts"], folder)).toBe("");
    }
  }, 3_000_000);

  test("locks bring at most 15 MB beyond the SDK", async () => {
    const sizeOf = async (folder: string): Promise<number> =>
      Number((await output("du", ["-sk", "node_modules"], folder)).split("\t")[0]);
    const before = await sizeOf(await makeProject(undefined, sdk));
    const after = await sizeOf(await makeProject(tarball, sdk));
    console.info(`installed: ${before} KB of the SDK, ${after - before} KB more with holdfast`);
    expect(after - before).toBeLessThan(15 * 1_024);
  }, 3_000_000);
});
