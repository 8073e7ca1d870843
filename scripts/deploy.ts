/** `npm run deploy`: checks first, then deploys a stage, then says what is left to do. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../local/root.ts";
import { signedInAccount } from "./aws/account.ts";
import { makeStackName, type StackOutputs } from "./aws/outputs.ts";
import { checkDeployment, needsFirewall, type Plan } from "./deploy/checks.ts";
import { makePageFiles } from "./deploy/page-files.ts";
import { uploadPages } from "./deploy/upload-pages.ts";

const usage = `npm run deploy -- --stage NAME [-c key=value …] [--check]

  --stage NAME   the stage: prod for production, or any name
  -c key=value   settings (docs/settings.md)
  --check        says what is missing and changes nothing`;

function readContext(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = "", ...rest] = pair.split("=");
      if (key === "" || rest.length === 0) throw new Error(`-c takes key=value, not ${pair}`);
      return [key, rest.join("=")];
    }),
  );
}

function readCdkContext(): Record<string, string> {
  const { context = {} } = JSON.parse(readFileSync(join(ROOT, "cdk.json"), "utf8")) as {
    context?: Record<string, string>;
  };
  return context;
}

/** Runs the CDK's command line; its questions and its progress are the user's to see. */
function cdkDeploy(stack: string, options: readonly string[], outputsFile: string) {
  const cdk = join(ROOT, "node_modules", "aws-cdk", "bin", "cdk");
  return new Promise<number>((settle) => {
    const child = spawn(
      process.execPath,
      [cdk, "deploy", stack, ...options, "--outputs-file", outputsFile],
      { cwd: ROOT, stdio: "inherit" },
    );
    child.once("error", () => settle(1));
    child.once("exit", (code) => settle(code ?? 1));
  });
}

function readOutputsFile(file: string, stack: string): Record<string, string> {
  const all = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, string>>;
  return all[stack] ?? {};
}

/** Deploys the stage; before it its firewall, where that is ours to make: the stage has to name it. */
async function deploy(plan: Plan, pairs: readonly string[], file: string): Promise<number> {
  const settings = [`stage=${plan.stage}`, ...pairs].flatMap((pair) => ["-c", pair]);
  const stack = makeStackName(plan.stage!);
  if (!needsFirewall(plan)) return cdkDeploy(stack, settings, file);
  const firewall = `${stack}-firewall`;
  const app = ["--app", "node_modules/.bin/node infra/firewall-app.ts"];
  const code = await cdkDeploy(firewall, [...app, ...settings], `${file}.firewall`);
  if (code !== 0) return code;
  const webAcl = readOutputsFile(`${file}.firewall`, firewall)["WebAclArn"];
  return cdkDeploy(stack, [...settings, "-c", `webAcl=${webAcl}`], file);
}

/** Pages come behind the stack: they ask for nothing that is not there yet, and an update that was taken back brings none. */
async function bringPages(outputs: StackOutputs): Promise<void> {
  const bucket = outputs["PagesBucket"];
  if (bucket === undefined) return;
  await uploadPages(await makePageFiles(outputs), bucket);
  console.log(`The pages are at ${outputs["PagesUrl"]}/console`);
}

function showOutputs(outputs: StackOutputs): void {
  for (const [name, value] of Object.entries(outputs)) console.log(`  ${name.padEnd(22)} ${value}`);
  console.log('\nWhat is left to do: docs/go-live.md, from "Provider keys" on.');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stage: { type: "string" },
      context: { type: "string", short: "c", multiple: true, default: [] },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const plan: Plan = {
    stage: values.stage,
    context: { ...readCdkContext(), ...readContext(values.context) },
  };
  const { missing, hints } = await checkDeployment(plan, signedInAccount());
  for (const hint of hints) console.log(`note: ${hint}`);
  for (const message of missing) console.error(`missing: ${message}`);
  if (missing.length > 0) return 1;
  console.log(`Everything is there for the stage ${plan.stage}.`);
  if (values.check) return 0;
  const folder = join(ROOT, ".holdfast", "outputs");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${plan.stage}.json`);
  const code = await deploy(plan, values.context, file);
  if (code !== 0) return code;
  const outputs = readOutputsFile(file, makeStackName(plan.stage!));
  await bringPages(outputs);
  showOutputs(outputs);
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
