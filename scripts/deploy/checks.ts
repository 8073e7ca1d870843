/** Everything that a deployment needs, asked for before it begins: one message for each thing that is missing. */
import { App } from "aws-cdk-lib";
import { limitRoutes } from "../../infra/route-limits.ts";
import { noFirewall } from "../../infra/settings/address.ts";
import { readSettings, type Settings, SettingsError } from "../../infra/settings/settings.ts";
import { endpoints } from "../../shared/api/index.ts";
import { indexChanges, type Template } from "./index-changes.ts";

/** What is to be deployed. */
export interface Plan {
  readonly stage: string | undefined;
  readonly context: Readonly<Record<string, string>>;
}

/** What can be seen of an AWS account. */
export interface Account {
  /** @throws Error when there is none */
  region(): Promise<string>;
  /** The account's number. @throws Error when nobody is signed in */
  identity(): Promise<string>;
  /** The version of the CDK's own resources, in this region or another, undefined where there are none. */
  bootstrapVersion(region?: string): Promise<number | undefined>;
  /** How many functions may run at once. */
  concurrency(): Promise<number>;
  /** The template of the stage as it is now, undefined where there is none. */
  template(stage: string): Promise<Template | undefined>;
}

/** What was found. */
export interface Findings {
  /** Each is one thing to do before anything is deployed. */
  readonly missing: readonly string[];
  /** Each is good to know. */
  readonly hints: readonly string[];
}

/** The oldest version of the CDK's bootstrap that our kind of assets works with. */
const oldestBootstrap = 6;
/** Lambda keeps at least so many runs for functions without a reserve of their own. */
const unreservedRuns = 100;

/** Whether the firewall is ours to make: an edge is asked for, and none was given. */
export function needsFirewall({ context }: Plan): boolean {
  return context["edge"] === "on" && (context["webAcl"] ?? "") === "";
}

/** The settings of a plan, or what is wrong with them. */
function checkSettings(plan: Plan): Settings | readonly string[] {
  const { stage, context } = plan;
  if (stage === undefined) return ["No stage was named: npm run deploy -- --stage NAME"];
  const made = needsFirewall(plan) ? { webAcl: noFirewall } : {};
  try {
    const settings = readSettings(new App({ context: { ...context, ...made, stage } }).node);
    limitRoutes(settings, endpoints);
    return settings;
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch {
    return undefined;
  }
}

/** Where the CDK has to be at home: in the stage's region, and in that of its firewall. */
async function checkBootstrap(regions: readonly string[], identity: string, account: Account) {
  const missing: string[] = [];
  for (const region of new Set(regions)) {
    const version = await account.bootstrapVersion(region);
    if (version !== undefined && version >= oldestBootstrap) continue;
    missing.push(`The CDK is not at home here yet: npx cdk bootstrap aws://${identity}/${region}`);
  }
  return missing;
}

async function checkAccount(settings: Settings, account: Account, firewallRegions: string[]) {
  const missing: string[] = [];
  const hints: string[] = [];
  const region = await orUndefined(account.region());
  if (region === undefined) missing.push("No region is set: export AWS_REGION=eu-central-1, say");
  const identity = region === undefined ? undefined : await orUndefined(account.identity());
  if (region !== undefined && identity === undefined) {
    missing.push(
      "Nobody is signed in to AWS: aws sso login, or export AWS_PROFILE or AWS_ACCESS_KEY_ID",
    );
  }
  if (region === undefined || identity === undefined) return { missing, hints };
  missing.push(...(await checkBootstrap([region, ...firewallRegions], identity, account)));
  const certified = settings.address?.edge
    ? undefined
    : settings.address?.certificate.split(":")[3];
  if (certified !== undefined && certified !== region) {
    missing.push(`certificate is of ${certified}: without edge=on it must be of ${region}`);
  }
  const { reservedForWebhooks, reservedForOwners, reservedForChanges, reservedForCleanup } =
    settings.capacity;
  const reserved =
    reservedForWebhooks + reservedForOwners + reservedForChanges + reservedForCleanup;
  const runs = await account.concurrency();
  if (reserved > 0 && runs - reserved < unreservedRuns) {
    missing.push(
      `Lambda runs ${runs} at once here and must keep ${unreservedRuns} unreserved: reserve ${Math.max(0, runs - unreservedRuns)} at the most (-c reservedForWebhooks=0 -c reservedForOwners=0 keeps none for webhooks and owners of locks, until Service Quotas gives more: L-B99A9384)`,
    );
  }
  if (settings.production && runs < 1000) {
    hints.push(`Lambda runs only ${runs} at once here: ask Service Quotas for more (L-B99A9384)`);
  }
  const template = await account.template(settings.stage);
  if (template) missing.push(...indexChanges(template));
  return { missing, hints };
}

/** Looks at everything; nothing is changed. What cannot be seen for want of something else is not asked for yet. */
export async function checkDeployment(plan: Plan, account: Account): Promise<Findings> {
  const missing: string[] = [];
  const [major = "0"] = process.versions.node.split(".");
  if (Number(major) < 24)
    missing.push(`This is Node ${process.version}: say npm run deploy, which brings its own`);
  const settings = checkSettings(plan);
  if (Array.isArray(settings)) return { missing: [...missing, ...settings], hints: [] };
  const read = settings as Settings;
  if (read.production && read.alarmEmail.length === 0) {
    missing.push("Nobody would hear the alarms: -c alarmEmail=you@example.com");
  }
  const found = await checkAccount(read, account, needsFirewall(plan) ? ["us-east-1"] : []);
  return { missing: [...missing, ...found.missing], hints: found.hints };
}
