/** The template's Lambda functions: what each one's bundle, environment, role and limits are, and how to call it. */
import { join } from "node:path";
import type { Assembly } from "../assembly/assembly.ts";
import { REGION } from "../assembly/local-account.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import type { MeasuredInvocation } from "../observe/measuring.ts";
import {
  type Execution,
  type ExecutionOptions,
  type InvocationOutcome,
  startExecution,
} from "./execution.ts";
import { createRuns, type Runs, Throttled } from "./runs.ts";
import { createWorkerPool, type InvokeOptions, type WorkerPool } from "./worker-pool.ts";

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
  readonly arn: string;
  readonly roleArn: string;
  readonly invoke: WorkerPool["invoke"];
  readonly executions: WorkerPool["executions"];
}

/** All functions of the template. */
export interface LocalFunctions {
  readonly all: readonly LocalFunction[];
  /** By name, logical id or ARN. */
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

/** What Lambda puts into every function's environment, and what sends its AWS requests to `awsUrl`. */
function runtimeEnvironment(
  name: string,
  memoryMegabytes: number,
  accessKeyId: string,
  awsUrl: string,
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
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
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
  one: { name: string; arn: string; directory: string; accessKeyId: string; awsUrl: string },
  clockSkewMs: number,
): Omit<ExecutionOptions, "onLog" | "onExit"> {
  const { name, accessKeyId } = one;
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
      ...runtimeEnvironment(name, memoryMegabytes, accessKeyId, one.awsUrl),
      ...Object.fromEntries(variables.map(([key, value]) => [key, String(value)])),
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

/** What an invocation takes: the function's workers, and the runs that it may have. */
interface Use {
  readonly logicalId: string;
  readonly pool: WorkerPool;
  readonly runs: Runs;
  onInvocation(measured: MeasuredInvocation): void;
}

/** Runs a function once there is a run for it. @throws Throttled when there is none and the caller waits. */
async function runOnce(
  { logicalId, pool, runs, onInvocation }: Use,
  event: string,
  asked: InvokeOptions = {},
): Promise<InvocationOutcome> {
  if (!asked.isSynchronous) await runs.wait();
  else if (!runs.take()) {
    onInvocation({ logicalId, durationMs: 0, failed: false, throttled: true });
    throw new Throttled(`${logicalId} has no run free`);
  }
  const startedMs = performance.now();
  try {
    const outcome = await pool.invoke(event, asked);
    const durationMs = performance.now() - startedMs;
    onInvocation({ logicalId, durationMs, failed: outcome.error !== undefined });
    return outcome;
  } finally {
    runs.give();
  }
}

/** The runs that are left for functions that have none of their own. */
function createSharedRuns(
  accountRuns: number = Number.POSITIVE_INFINITY,
  declared: readonly { readonly properties: FunctionProperties }[],
): Runs {
  const kept = declared.map(({ properties }) => properties.ReservedConcurrentExecutions ?? 0);
  return createRuns(kept.reduce((left, own) => left - own, accountRuns));
}

/** Reads every function with a bundle. Nothing is started before the first invocation. */
export function createFunctions(options: FunctionsOptions): LocalFunctions {
  const { template, awsUrl, maxWorkers = DEFAULT_MAX_WORKERS, onLog, onInvocation } = options;
  const { clockSkewMs = 0 } = options;
  const byKey = new Map<string, { owner: LocalFunction; execution: Execution }>();
  let keys = 0;

  const declared = template.resources<FunctionProperties>("AWS::Lambda::Function");
  const shared = createSharedRuns(options.accountRuns, declared);

  function create(logicalId: string, properties: FunctionProperties, directory: string) {
    const name = friendlyName(logicalId);
    const arn = template.resolve<string>({ "Fn::GetAtt": [logicalId, "Arn"] });
    const pool = createWorkerPool({
      maxWorkers,
      start(onExit) {
        keys += 1;
        const accessKeyId = `${name.replaceAll(/[^a-z0-9]/gu, "")}W${keys}`;
        const execution = startExecution({
          ...describeExecution(
            properties,
            { name, arn, directory, accessKeyId, awsUrl },
            clockSkewMs,
          ),
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
    const { ReservedConcurrentExecutions: own } = properties;
    const runs = own === undefined ? shared : createRuns(own);
    const use = { logicalId, pool, runs, onInvocation };
    const owner: LocalFunction = {
      name,
      logicalId,
      arn,
      roleArn: properties.Role,
      invoke: (event, asked) => runOnce(use, event, asked),
      executions: () => pool.executions(),
    };
    return { owner, pool };
  }

  const created = declared.flatMap(({ logicalId, properties }) => {
    // Functions without a bundle of ours are the CDK's own helpers for deployment.
    const directory = options.assembly.assets.get(properties.Code.S3Key ?? "");
    return directory ? [create(logicalId, properties, directory)] : [];
  });
  const all = created.map(({ owner }) => owner);
  return {
    all,
    find: (name) => all.find((one) => [one.name, one.logicalId, one.arn].includes(name)),
    byAccessKey: (accessKeyId) => byKey.get(accessKeyId),
    stop() {
      for (const { pool } of created) pool.stop();
    },
  };
}
