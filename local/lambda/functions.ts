/** The template's Lambda functions: what each one's bundle, environment, role and limits are, and how to call it. */
import { join } from "node:path";
import type { Assembly } from "../assembly/assembly.ts";
import { REGION } from "../assembly/local-account.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import type { MeasuredInvocation } from "../observe/measuring.ts";
import { type LocalAlias, readAliases } from "./aliases.ts";
import { type Execution, type ExecutionOptions, startExecution } from "./execution.ts";
import { runOnce, type Use } from "./invocation.ts";
import { createRuns, type Runs } from "./runs.ts";
import { createVersions, type Environment, type Versions } from "./versions.ts";
import { createWorkerPool, type WorkerPool } from "./worker-pool.ts";

interface FunctionProperties {
  readonly Code: { S3Key?: string };
  readonly Handler: string;
  readonly Role: string;
  readonly Timeout?: number;
  readonly MemorySize?: number;
  readonly ReservedConcurrentExecutions?: number;
  readonly Environment?: { Variables?: Record<string, unknown> };
}

/** One function of the template. */
export interface LocalFunction {
  /** What people call it: `payment-webhooks` for the logical id PaymentWebhooksFunction1A2B3C4D. */
  readonly name: string;
  readonly logicalId: string;
  /** As it was asked for: the alias' where that was. */
  readonly arn: string;
  readonly roleArn: string;
  readonly invoke: WorkerPool["invoke"];
  readonly executions: WorkerPool["executions"];
  readonly versions: Versions;
}

/** All functions of the template. */
export interface LocalFunctions {
  readonly all: readonly LocalFunction[];
  /** By name, logical id or ARN, with its alias behind it where that is meant. */
  find(name: string): LocalFunction | undefined;
  /** Whose credentials an AWS request was signed with. */
  byAccessKey(accessKeyId: string): { owner: LocalFunction; execution: Execution } | undefined;
  stop(): void;
}

const DEFAULT_TIMEOUT_SECONDS = 3;

/** Turns a logical id of the CDK into the name of the construct, in the way that our files are named. */
export function friendlyName(logicalId: string): string {
  return logicalId
    .replace(/[0-9A-F]{8}$/u, "")
    .replace(/(Function|Handler|Lambda)$/u, "")
    .replaceAll(/([a-z0-9])([A-Z])/gu, "$1-$2")
    .toLowerCase();
}

/** What tells one worker from another. */
interface OneWorker {
  readonly name: string;
  readonly logicalId: string;
  readonly arn: string;
  readonly version: string;
  readonly directory: string;
  readonly accessKeyId: string;
  readonly awsUrl: string;
  /** Beside what the template says. */
  readonly environment?: Environment | undefined;
}

/** What Lambda puts into every function's environment, and what sends its AWS requests to `awsUrl`. */
function runtimeEnvironment(
  { logicalId, version, accessKeyId, awsUrl }: OneWorker,
  memoryMegabytes: number,
) {
  return {
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL: awsUrl,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: "local",
    // The developer's own profiles must never play a part here.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    // As metrics name it; logs have the name that people call it by.
    AWS_LAMBDA_FUNCTION_NAME: logicalId,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
  };
}

function splitHandler(handler: string): { file: string; handlerName: string } {
  const dot = handler.lastIndexOf(".");
  return { file: `${handler.slice(0, dot)}.mjs`, handlerName: handler.slice(dot + 1) };
}

/** What one worker of a function is started with. */
function describeExecution(
  properties: FunctionProperties,
  one: OneWorker,
  clockSkewMs: number,
): Omit<ExecutionOptions, "onLog" | "onExit"> {
  const { name, accessKeyId, environment = {} } = one;
  const { file, handlerName } = splitHandler(properties.Handler);
  const memoryMegabytes = properties.MemorySize ?? 128;
  const variables = Object.entries(properties.Environment?.Variables ?? {});
  return {
    settings: {
      file: join(one.directory, file),
      handlerName,
      functionName: name,
      functionArn: one.arn,
      memoryMegabytes,
      clockOffsetMs: Math.round((2 * Math.random() - 1) * clockSkewMs),
    },
    environment: {
      ...runtimeEnvironment(one, memoryMegabytes),
      ...Object.fromEntries(variables.map(([key, value]) => [key, String(value)])),
      ...environment,
    },
    accessKeyId,
    timeoutMs: (properties.Timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
  };
}

/** Lambda would start more; on two processors they would only get in each other's way. */
const DEFAULT_MAX_WORKERS = 4;

/** What the functions of a template run with. */
export interface FunctionsOptions {
  readonly assembly: Assembly;
  readonly template: TemplateResolver;
  readonly awsUrl: string;
  readonly maxWorkers?: number | undefined;
  readonly clockSkewMs?: number | undefined;
  /** How many runs the account allows at once; as many as there are workers where it is not said. */
  readonly accountRuns?: number | undefined;
  onLog(functionName: string, text: string): void;
  onInvocation(measured: MeasuredInvocation): void;
}

/** The runs that are left for functions that have none of their own. */
function createSharedRuns(
  accountRuns: number = Number.POSITIVE_INFINITY,
  declared: readonly { readonly properties: FunctionProperties }[],
): Runs {
  const kept = declared.map(({ properties }) => properties.ReservedConcurrentExecutions ?? 0);
  return createRuns(kept.reduce((left, own) => left - own, accountRuns));
}

/** What a function is asked for by. Who asks for it alone is not given what its alias may do, nor the other way round. */
function nameFunction(owner: LocalFunction, use: Use, alias: LocalAlias | undefined) {
  const names = [{ handler: owner, names: [owner.name, owner.logicalId, owner.arn] }];
  if (!alias) return names;
  const front: LocalFunction = {
    ...owner,
    arn: alias.arn,
    invoke: (event, asked) => runOnce({ ...use, alias: alias.name }, event, asked),
  };
  return [...names, { handler: front, names: [`${owner.logicalId}:${alias.name}`, alias.arn] }];
}

/** Reads every function with a bundle. Nothing is started before the first invocation. */
export function createFunctions(options: FunctionsOptions): LocalFunctions {
  const { template, awsUrl, maxWorkers = DEFAULT_MAX_WORKERS, onLog, onInvocation } = options;
  const { clockSkewMs = 0 } = options;
  const byKey = new Map<string, { owner: LocalFunction; execution: Execution }>();
  let keys = 0;

  const declared = template.resources<FunctionProperties>("AWS::Lambda::Function");
  const aliases = readAliases(template);
  const shared = createSharedRuns(options.accountRuns, declared);

  function create(logicalId: string, properties: FunctionProperties, directory: string) {
    const name = friendlyName(logicalId);
    const alias = aliases.get(template.resolve({ Ref: logicalId }));
    const own = template.resolve<string>({ "Fn::GetAtt": [logicalId, "Arn"] });
    const startPool = (version: string, environment?: Environment) =>
      createWorkerPool({
        maxWorkers,
        start(onExit) {
          keys += 1;
          const accessKeyId = `${name.replaceAll(/[^a-z0-9]/gu, "")}W${keys}`;
          const arn = alias?.arn ?? own;
          const one = { name, logicalId, arn, version, directory, accessKeyId, awsUrl };
          const execution = startExecution({
            ...describeExecution(properties, { ...one, environment }, clockSkewMs),
            onLog: (text) => onLog(name, text),
            onExit() {
              byKey.delete(accessKeyId);
              onExit();
            },
          });
          byKey.set(accessKeyId, { owner, execution });
          return execution;
        },
      });
    const versions = createVersions(alias?.version ?? "$LATEST", startPool);
    const { ReservedConcurrentExecutions: kept } = properties;
    const runs = kept === undefined ? shared : createRuns(kept);
    const use = { logicalId, versions, runs, onInvocation };
    const owner: LocalFunction = {
      name,
      logicalId,
      arn: own,
      roleArn: properties.Role,
      invoke: (event, asked) => runOnce(use, event, asked),
      versions,
      executions: () => versions.pools().flatMap((pool) => pool.executions()),
    };
    return { owner, names: nameFunction(owner, use, alias) };
  }

  const created = declared.flatMap(({ logicalId, properties }) => {
    // Functions without a bundle of ours are the CDK's own helpers for deployment.
    const directory = options.assembly.assets.get(properties.Code.S3Key ?? "");
    return directory ? [create(logicalId, properties, directory)] : [];
  });
  const all = created.map(({ owner }) => owner);
  const named = created.flatMap(({ names }) => names);
  return {
    all,
    find: (name) => named.find(({ names }) => names.includes(name))?.handler,
    byAccessKey: (accessKeyId) => byKey.get(accessKeyId),
    stop() {
      for (const { versions } of all) for (const pool of versions.pools()) pool.stop();
    },
  };
}
