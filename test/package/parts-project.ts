/** A CDK app of somebody else's, in TypeScript, with each construct of what is packed, synthesized by the CDK's own command. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../infra/synthesize.ts";
import { output } from "./packed.ts";

const app = `
import { App, Stack, type StackProps } from "aws-cdk-lib";
import { Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import {
  HoldfastCarts,
  HoldfastHolds,
  HoldfastLocks,
  HoldfastOrders,
  HoldfastPayments,
  HoldfastShop,
  type ShopSettings,
} from "holdfast/cdk";

class PartsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const worker = new Function(this, "Worker", {
      runtime: Runtime.NODEJS_22_X,
      handler: "index.handler",
      code: Code.fromInline("exports.handler = async () => {};"),
    });
    const locks = new HoldfastLocks(this, "Locks");
    locks.grantUse(worker);
    worker.addEnvironment("LOCKS", locks.table.tableName);
    const carts = new HoldfastCarts(this, "Carts", { isKept: false });
    carts.grantUse(worker);
    const holds = new HoldfastHolds(this, "Holds");
    holds.grantDefine(worker);
    const orders = new HoldfastOrders(this, "Orders");
    orders.grantUse(worker, holds);
    const payments = new HoldfastPayments(this, "Payments");
    payments.grantUse(worker, holds);
  }
}

const app = new App();
new PartsStack(app, "Parts", { env: { account: "123456789012", region: "eu-west-1" } });
const settings: ShopSettings = { stage: "theirs" };
const shop = new HoldfastShop(new Stack(app, "Theirs"), "Shop", { settings });
const buyer = new Function(Stack.of(shop), "Buyer", {
  runtime: Runtime.NODEJS_22_X,
  handler: "index.handler",
  code: Code.fromInline("exports.handler = async () => {};"),
});
shop.grantHolds(buyer);
`;

/** As `cdk init` writes it. */
const compilerOptions = {
  target: "ES2022",
  module: "NodeNext",
  moduleResolution: "NodeNext",
  lib: ["es2022"],
  declaration: true,
  strict: true,
  noImplicitAny: true,
  strictNullChecks: true,
  noImplicitThis: true,
  noImplicitReturns: true,
  strictPropertyInitialization: false,
  skipLibCheck: false,
  types: ["node"],
  rootDir: "bin",
  outDir: "built",
};

type Resources = readonly [id: string, Resource][];

/** The resources of both stacks: the one with each part, and the one with the shop. */
export async function synthesizeParts(
  folder: string,
): Promise<{ readonly parts: Resources; readonly shop: Resources }> {
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/app.ts"), app);
  const write = (file: string, value: object): void =>
    writeFileSync(join(folder, file), JSON.stringify(value));
  write("tsconfig.json", { compilerOptions, include: ["bin"] });
  write("cdk.json", { app: "node built/app.js" });
  await output(join(folder, "node_modules/.bin/tsc"), ["--project", "."], folder);
  // It would look for news, and tell that it was used.
  const quiet = ["--quiet", "--no-notices", "--no-version-reporting"];
  const env = { CDK_DISABLE_CLI_TELEMETRY: "true", CDK_VALIDATION: "false" };
  await output(join(folder, "node_modules/.bin/cdk"), ["synth", "--all", ...quiet], folder, env);
  const read = (stack: string): Resources => {
    const text = readFileSync(join(folder, "cdk.out", `${stack}.template.json`), "utf8");
    return Object.entries((JSON.parse(text) as { Resources: Record<string, Resource> }).Resources);
  };
  return { parts: read("Parts"), shop: read("Theirs") };
}
