/** The package as others get it: whole, typed, small, and its examples run where nothing else of ours is. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { tableNames } from "../../infra/table-shapes.ts";
import { locksTable } from "../../package/locks.ts";
import { localClientSettings } from "../support/tables.ts";
import { blocksOf, readPage } from "../support/docs/blocks.ts";
import { isFull } from "../support/effort.ts";
import { countEditors, expectOneEditor, expectParts } from "./app-checks.ts";
import { bundleOf } from "./bundle-of.ts";
import { compileEntries } from "./compile-entries.ts";
import { exact, makeFolder, makeProject, output, pack, root, takesNode } from "./packed.ts";
import { compileExpressApp, startExpressApp } from "./express-project.ts";
import { synthesizeParts } from "./parts-project.ts";
import { expectOwn, expectWhole } from "./shop-checks.ts";
import { countTypes, linkProject, synthesizeShops } from "./shop-project.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
};
const entries = Object.keys(manifest.exports)
  .filter((name) => name !== "./package.json")
  .map((name) => name.slice(2));

const cdk = { "aws-cdk-lib": exact("aws-cdk-lib"), constructs: exact("constructs") };
const sdk = Object.fromEntries(
  ["@aws-sdk/client-dynamodb", "@aws-sdk/lib-dynamodb"].map((name) => [name, exact(name)]),
);

/** What is compiled, is compiled by this one. */
const typed = { typescript: "5.9.3", "@types/node": exact("@types/node") };

/** How programs of others find the run's DynamoDB Local. */
const localEnv = () => ({
  AWS_ENDPOINT_URL_DYNAMODB: inject("dynamoDbEndpoint"),
  AWS_REGION: "local",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
});

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

test("what entries import comes with the package or is a peer, and nothing else comes", async () => {
  const bundles = await Promise.all(entries.map((entry) => bundleOf(entry, ["*"])));
  const imported = new Set(
    bundles.flatMap(({ packages }) =>
      packages.map((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path),
    ),
  );
  const [own, peers] = [manifest.dependencies, manifest.peerDependencies];
  expect([...imported].filter((name) => !(name in own) && !(name in peers))).toEqual([]);
  // Types are imported by types alone.
  const idle = Object.keys(own).filter(
    (name) => !imported.has(name) && !name.startsWith("@types/"),
  );
  expect(idle).toEqual([]);
});

test("locks need nothing of the payment providers, of zod or of the CDK", async () => {
  expect((await bundleOf("locks", ["*"])).packages).toEqual([
    "@aws-sdk/client-dynamodb",
    "@aws-sdk/lib-dynamodb",
    "@aws-sdk/util-dynamodb",
    "@smithy/node-http-handler",
    "safe-stable-stringify",
  ]);
});

test("payments load the SDK of a provider when it is asked", async () => {
  const { packages, atOnce } = await bundleOf("payments", ["*"]);
  const ofProviders = /^(?:stripe|razorpay|mercadopago)\b/;
  expect(packages.filter((name) => ofProviders.test(name)).length).toBeGreaterThan(2);
  expect(atOnce.filter((name) => ofProviders.test(name))).toEqual([]);
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
      "@middy/core": exact("@middy/core"),
      cockatiel: exact("cockatiel"),
      express: exact("express"),
      react: exact("react"),
      "react-dom": exact("react-dom"),
    });
    const node = join(folder, "node_modules/node/bin/node");
    const imports = entries.map((entry) => `import "holdfast/${entry}";`);
    writeFileSync(join(folder, "entries.mjs"), imports.join("\n"));
    await output(node, ["entries.mjs"], folder);
    expect(examples.length).toBeGreaterThan(4);
    for (const { text } of examples) {
      const [, name = ""] = /^\/\/ (\S+\.mjs)\n/.exec(text) ?? [];
      writeFileSync(join(folder, name), text);
      // middy itself wants a newer one.
      const runner = text.includes("@middy/core") ? process.execPath : node;
      const printed = await output(runner, [name], folder, localEnv());
      for (const [, line = ""] of text.matchAll(/^\/\/ prints: (.+)$/gm)) {
        expect(printed, name).toContain(line);
      }
    }
  }, 3_000_000);

  test("a shop is synthesized on Node 20 with the CDK alone, and no esbuild", async () => {
    const folder = await makeProject(tarball, { ...cdk, node: "20.20.2" });
    const node = join(folder, "node_modules/node/bin/node");
    await takesNode(folder, node);
    expect(existsSync(join(folder, "node_modules/esbuild"))).toBe(false);
    const shops = await synthesizeShops(folder, node);
    expectWhole(shops);
    expectOwn(shops);
  }, 3_000_000);

  test("an Express app in TypeScript lets one person at a time edit, over two processes", async () => {
    const folder = await makeProject(tarball, {
      ...sdk,
      ...typed,
      express: exact("express"),
      "@types/express": "5.0.6",
    });
    await compileExpressApp(folder);
    const client = new DynamoDBClient(localClientSettings(inject("dynamoDbEndpoint")));
    await client.send(new CreateTableCommand(locksTable("express-documents")));
    client.destroy();
    const env = { ...localEnv(), LOCKS: "express-documents" };
    const [first, second] = [
      await startExpressApp(folder, env),
      await startExpressApp(folder, env),
    ];
    expect(await countEditors(first, second)).toBe(1);
    await expectOneEditor(first, second);
  }, 3_000_000);

  test("a CDK app in TypeScript has each construct, by the CDK's own command", async () => {
    const cli = { "aws-cdk": exact("aws-cdk") };
    const folder = await makeProject(tarball, { ...cdk, ...cli, ...typed });
    const { parts, shop } = await synthesizeParts(folder);
    expectParts(parts);
    expect(countTypes(shop)["AWS::DynamoDB::Table"]).toBe(tableNames.length);
  }, 3_000_000);

  test("TypeScript 5.9 takes the types of every entry, its own checks included", async () => {
    const middy = { "@middy/core": exact("@middy/core") };
    const folder = await makeProject(tarball, { ...sdk, ...cdk, ...middy, ...typed });
    // The types of middy itself name a package that it does not bring.
    const others = entries.filter((entry) => entry !== "middy");
    expect(await compileEntries(folder, others, { skipLibCheck: "false" })).toEqual(["", ""]);
    expect(await compileEntries(folder, ["middy"], { skipLibCheck: "true" })).toEqual(["", ""]);
  }, 3_000_000);

  test("payments are bundled and run where the SDK of no provider is installed", async () => {
    const folder = await makeProject(tarball, { ...sdk, cockatiel: exact("cockatiel") });
    const bare = `
      import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
      import { createPayments, paymentTables } from "holdfast/payments";
      const name = process.env.HOLDFAST_BARE;
      const units = { unitsTable: name + "-units", ledgerTable: name + "-ledger" };
      const tables = { table: name + "-orders", eventsTable: name + "-events", ...units };
      const dynamodb = new DynamoDBClient();
      for (const input of paymentTables(tables)) await dynamodb.send(new CreateTableCommand(input));
      const price = { amountMinor: 1000, currency: "BRL" };
      const items = (ids) => ids.map((itemId) => ({ itemId, name: itemId, price, units: 9 }));
      const secret = { webhookSecret: "s" };
      const providers = {
        stripe: { ...secret, secretKey: "k" },
        mercadopago: { ...secret, publicKey: "p", accessToken: "a" },
      };
      const payments = createPayments({ ...tables, items, providers });
      for (const provider of Object.keys(providers)) {
        const wish = { userId: "ann", items: [{ itemId: "a", quantity: 1 }], idempotencyKey: provider };
        const { orderId } = await payments.place({ ...wish, provider });
        await payments.start(orderId).catch(({ fields }) => console.log(provider, fields.reason));
      }`;
    writeFileSync(join(folder, "bare.mjs"), bare);
    await build({
      absWorkingDir: folder,
      entryPoints: ["bare.mjs"],
      outfile: join(folder, "bundle.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["@aws-sdk/*", "@smithy/*"],
    });
    for (const file of ["bare.mjs", "bundle.mjs"]) {
      const env = { ...localEnv(), HOLDFAST_BARE: file };
      const printed = await output(process.execPath, [file], folder, env);
      expect(printed).toBe("stripe sdk_not_installed\nmercadopago sdk_not_installed\n");
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
