/** A CDK app of somebody else's with a shop as it comes, and one with all that can be their own. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Resource } from "../infra/synthesize.ts";
import { makeFolder, output, root } from "./packed.ts";

const app = `
import { App, Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { UserPool } from "aws-cdk-lib/aws-cognito";
import { EventBus } from "aws-cdk-lib/aws-events";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { HostedZone } from "aws-cdk-lib/aws-route53";
import { HoldfastShop } from "holdfast/cdk";

const app = new App({ outdir: "cdk.out" });
new HoldfastShop(new Stack(app, "Plain"), "Shop", { settings: { stage: "plain" } });

const own = new Stack(app, "Own");
const userPool = new UserPool(own, "People");
const shop = new HoldfastShop(own, "Shop", {
  settings: { stage: "own", production: "on", canary: "off", holdSeconds: 60 },
  domain: {
    name: "api.example.com",
    certificate: new Certificate(own, "Certificate", { domainName: "api.example.com" }),
    zone: new HostedZone(own, "Zone", { zoneName: "example.com" }),
  },
  userPool,
  userPoolClients: [userPool.addClient("Page")],
  eventBus: new EventBus(own, "Bus"),
  providers: ["stripe"],
});
if (shop.userPool !== userPool) throw new Error("It has another pool");
const worker = new Role(own, "Worker", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
shop.grantLocks(worker);
shop.grantHolds(worker);
app.synth();
`;

/** What the app makes: the resources of each stack, and the folders of code that are uploaded. */
export interface SynthesizedShops {
  readonly plain: readonly [id: string, Resource][];
  readonly own: readonly [id: string, Resource][];
  readonly assets: readonly string[];
}

/** A project that has links to what is installed and built here, in place of its own. */
export function linkProject(...packages: readonly string[]): string {
  const folder = makeFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/holdfast"), "junction");
  for (const name of packages) {
    const installed = join(root, "node_modules", name);
    symlinkSync(installed, join(folder, "node_modules", name), "junction");
  }
  return folder;
}

/** Runs the app in a project. Of everything else on this machine it finds nothing but Node. */
export async function synthesizeShops(folder: string, node: string): Promise<SynthesizedShops> {
  writeFileSync(join(folder, "app.mjs"), app);
  // Whoever started esbuild, npm or npx would not find them.
  await output(node, ["app.mjs"], folder, { PATH: "", CDK_VALIDATION: "false" });
  const out = join(folder, "cdk.out");
  const read = (stack: string): [string, Resource][] => {
    const text = readFileSync(join(out, `${stack}.template.json`), "utf8");
    return Object.entries((JSON.parse(text) as { Resources: Record<string, Resource> }).Resources);
  };
  const assets = readdirSync(out).filter((name) => existsSync(join(out, name, "index.mjs")));
  return { plain: read("Plain"), own: read("Own"), assets };
}

/** How many resources of each type there are. */
export function countTypes(
  resources: readonly (readonly [string, { readonly Type: string }])[],
): Record<string, number> {
  const types = resources.map(([, { Type }]) => Type).toSorted();
  return Object.fromEntries(
    [...new Set(types)].map((type) => [type, types.filter((other) => other === type).length]),
  );
}
