/**
 * What a cold start has to load: how large each function's bundle is and how long its import takes, beside a bundle
 * of the bare SDK in the same run. `node bench/imports.ts [folder…]` also measures other checkouts, as they deploy.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { buildSync } from "esbuild";
import { friendlyName } from "../local/lambda/functions.ts";
import { listReadAtOnce } from "../test/support/read-at-once.ts";

/** The least of so many imports counts: everything that disturbs one makes it slower. */
const rounds = 15;

interface Bundle {
  readonly tree: string;
  readonly name: string;
  readonly file: string;
  readonly environment: Record<string, string>;
  leastMs: number;
  /** Processor time: what others do on the machine meanwhile is not in it. */
  leastCpuMs: number;
}

interface Template {
  readonly Resources: Record<
    string,
    {
      Type: string;
      Properties: {
        Code?: { S3Key?: unknown };
        Environment?: { Variables?: Record<string, unknown> };
      };
    }
  >;
}

/** The bundles that a checkout would deploy, taken from the template that it synthesizes. */
function listBundles(root: string, work: string): Bundle[] {
  const out = mkdtempSync(join(work, "out-"));
  const synth = spawnSync(process.execPath, ["infra/app.ts"], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify({ stage: "dev" }) },
    encoding: "utf8",
  });
  if (synth.status !== 0) throw new Error(`${root} does not synthesize:\n${synth.stderr}`);
  const template = readdirSync(out).find((name) => name.endsWith(".template.json"))!;
  const { Resources } = JSON.parse(readFileSync(join(out, template), "utf8")) as Template;
  return Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
    if (Type !== "AWS::Lambda::Function") return [];
    const asset = String(Properties.Code?.S3Key).replace(".zip", "");
    const file = join(out, `asset.${asset}`, "index.mjs");
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return [];
    const variables = Object.entries(Properties.Environment?.Variables ?? {});
    const texts = variables.map(([key, value]) => [key, typeof value === "string" ? value : "x"]);
    const environment = Object.fromEntries(texts) as Record<string, string>;
    return [
      {
        tree: basename(root),
        name: friendlyName(id),
        file,
        environment,
        leastMs: Infinity,
        leastCpuMs: Infinity,
      },
    ];
  });
}

function makeBareBundle(work: string): Bundle {
  const file = join(work, "bare", "index.mjs");
  buildSync({
    stdin: {
      contents: `
        import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
        import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
        const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
        export const handler = (key) => client.send(new GetCommand({ TableName: "x", Key: key }));`,
      resolveDir: import.meta.dirname,
    },
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    minify: true,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return {
    tree: "",
    name: "bare SDK",
    file,
    environment: {},
    leastMs: Infinity,
    leastCpuMs: Infinity,
  };
}

/** A bundle's entry and what that loads when it is first called. */
function listModules(file: string): string[] {
  const names = readdirSync(dirname(file)).filter((name) => name.endsWith(".mjs"));
  return names.map((name) => join(dirname(file), name));
}

function kilobytesOf(files: readonly string[]): number {
  return Math.ceil(files.reduce((bytes, file) => bytes + statSync(file).size, 0) / 1024);
}

/** Imports a bundle in a process of its own, in which nothing was compiled before. */
function measureImport({ file, environment }: Bundle): [ms: number, cpuMs: number] {
  const script = `const startMs = performance.now(), before = process.cpuUsage();
    await import(${JSON.stringify(file)});
    const ms = performance.now() - startMs, { user, system } = process.cpuUsage(before);
    process.stdout.write(JSON.stringify([ms, (user + system) / 1000])); process.exit();`;
  const env = { PATH: process.env["PATH"], AWS_REGION: "eu-central-1", ...environment };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { env, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${file} does not load:\n${stderr}`);
  return JSON.parse(stdout) as [number, number];
}

const work = mkdtempSync(join(tmpdir(), "holdfast-imports-"));
try {
  const roots = [
    resolve(import.meta.dirname, ".."),
    ...process.argv.slice(2).map((one) => resolve(one)),
  ];
  const bare = makeBareBundle(work);
  const bundles = [bare, ...roots.flatMap((root) => listBundles(root, work))];
  for (let round = 0; round < rounds; round += 1) {
    for (const bundle of bundles) {
      const [ms, cpuMs] = measureImport(bundle);
      bundle.leastMs = Math.min(bundle.leastMs, ms);
      bundle.leastCpuMs = Math.min(bundle.leastCpuMs, cpuMs);
    }
  }
  console.log(
    "| tree | function | KB at once | KB in all | import ms | : bare | processor ms | : bare |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const { tree, name, file, leastMs, leastCpuMs } of bundles) {
    const times = [leastMs, leastMs / bare.leastMs, leastCpuMs, leastCpuMs / bare.leastCpuMs];
    const [ms, ratio, cpuMs, cpuRatio] = times.map((time, index) =>
      time.toFixed(index % 2 ? 2 : 1),
    );
    const sizes = `${kilobytesOf(listReadAtOnce(file))} | ${kilobytesOf(listModules(file))}`;
    console.log(`| ${tree} | ${name} | ${sizes} | ${ms} | ${ratio} | ${cpuMs} | ${cpuRatio} |`);
  }
} finally {
  rmSync(work, { recursive: true });
}
