/** Runs the whole stack on this machine, from its synthesized template: starts every part in order, and stops them in turn. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readAssembly } from "./assembly/assembly.ts";
import { createResourceValues, rewriteApiUrl } from "./assembly/resource-values.ts";
import { type Context, synthesize } from "./assembly/synth.ts";
import { createTemplateResolver } from "./assembly/template.ts";
import { startAwsFront } from "./aws/aws-front.ts";
import { createBuckets } from "./aws/buckets.ts";
import { createCallRecord } from "./aws/calls.ts";
import { createFaults } from "./aws/faults.ts";
import { createPermissions } from "./aws/permissions.ts";
import { createQueues } from "./aws/queues.ts";
import { createSecrets } from "./aws/secrets.ts";
import { createContentionFront } from "./contention/front.ts";
import { connectDynamoDb } from "./database/dynamodb-client.ts";
import { startDynamoDbLocal, untilDynamoDbAnswers } from "./database/dynamodb-local.ts";
import { createTables, dropTables } from "./database/tables.ts";
import { declaredSignIn, readApi } from "./http/api.ts";
import { createGateway } from "./http/gateway.ts";
import { createIssuer } from "./http/issuer.ts";
import { refusalOfOrigin } from "./http/origin-guard.ts";
import { startServer } from "./http/server.ts";
import { startSchedules } from "./jobs/schedules.ts";
import type { Checkpoints } from "./jobs/stream-reader.ts";
import { startStreams } from "./jobs/streams.ts";
import { createFunctions } from "./lambda/functions.ts";
import { createLogBook, type LogLine } from "./lambda/log-book.ts";
import { createObserving } from "./observe/observing.ts";
import { servePage } from "./pages/page.ts";
import { pages } from "./pages/index.ts";
import type { Runner } from "./runner.ts";

/** How to run. Everything has a default that suits `npm start`. */
export interface HoldfastOptions {
  /** 0 takes any free port. */
  readonly port?: number;
  /** CDK context, as `-c key=value` gives it. */
  readonly context?: Context;
  /** A synthesized assembly to run instead of our own app's. */
  readonly assemblyDirectory?: string;
  /** A DynamoDB that runs already; without it one is started. */
  readonly dynamoDbEndpoint?: string | undefined;
  /** Goes before every table name, so that several runs can share one DynamoDB; such tables are dropped at the end. */
  readonly tablePrefix?: string;
  /** Keeps tables and secrets here. */
  readonly dataDirectory?: string | undefined;
  /** Lets DynamoDB behave as it does in a crowd: conflicts, throttling, latency. */
  readonly contention?: Parameters<typeof createContentionFront>[2] | undefined;
  /** How many workers a function may have. */
  readonly maxWorkers?: number;
  /** Makes the alarms' minutes shorter: at 60 five minutes last five seconds. */
  readonly alarmSpeed?: number;
  /** Ends the start early; what was started by then is stopped. */
  readonly signal?: AbortSignal;
  onProgress?(text: string): void;
  onLog?(line: LogLine): void;
}

/** A running Holdfast. */
export interface Holdfast extends Runner {
  /** A bearer token for anybody. @throws Error when the stack believes another issuer. */
  token(subject: string, groups?: string[]): Promise<string>;
  /** Stops everything that was started, Java included. Safe to call again. */
  stop(): Promise<void>;
  /** Settles when DynamoDB Local ends; never when it is somebody else's. */
  readonly databaseEnded: Promise<unknown>;
}

/** Lambda would start more; on two processors they would only get in each other's way. */
const DEFAULT_MAX_WORKERS = 4;

/** A DynamoDB that is said to run already should answer soon. */
const THEIR_LIMIT_MS = 5000;

function keptCheckpoints(file: string | undefined): Record<string, Checkpoints> {
  if (!file || !existsSync(file)) return {};
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, Checkpoints>;
}

async function startDatabase(options: HoldfastOptions, cleanup: AsyncDisposableStack) {
  if (options.dynamoDbEndpoint) {
    await untilDynamoDbAnswers(options.dynamoDbEndpoint, THEIR_LIMIT_MS);
    return { endpoint: options.dynamoDbEndpoint, ended: new Promise<never>(() => {}) };
  }
  const { dataDirectory } = options;
  const database = await startDynamoDbLocal({
    dataDirectory: dataDirectory && join(dataDirectory, "dynamodb"),
  });
  cleanup.defer(() => database.stop());
  return database;
}

async function settleAll<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  // A failure is only passed on when the others are through, so that what they started is cleaned up too.
  await Promise.allSettled(work);
  return Promise.all(work) as unknown as Promise<T>;
}

async function start(options: HoldfastOptions, cleanup: AsyncDisposableStack): Promise<Holdfast> {
  const { context = {}, dataDirectory, tablePrefix = "", signal } = options;
  const progress = options.onProgress ?? (() => {});
  // The port first: if it is taken there is nothing to clean up and no time lost.
  const server = await startServer(options.port ?? 3000);
  cleanup.defer(() => server.stop());
  const front = await startAwsFront();
  cleanup.defer(() => front.stop());

  progress("starting DynamoDB and synthesizing the stack");
  const [database, directory] = await settleAll([
    startDatabase(options, cleanup),
    options.assemblyDirectory
      ? Promise.resolve(options.assemblyDirectory)
      : synthesize({ context, signal }),
  ] as const);
  signal?.throwIfAborted();

  const url = `http://127.0.0.1:${server.port}`;
  const assembly = readAssembly(directory);
  const template = createTemplateResolver({
    template: assembly.template,
    stackName: assembly.stackName,
    values: createResourceValues({ tablePrefix, apiUrl: url, awsUrl: front.url }),
    rewrite: rewriteApiUrl(url),
  });
  const dynamoDb = connectDynamoDb(database.endpoint);
  cleanup.defer(() => dynamoDb.close());

  progress(`creating what ${assembly.stackName} declares`);
  const signIn = declaredSignIn(template);
  const [tables, issuer] = await settleAll([
    createTables(dynamoDb, template),
    signIn?.isOwnPool
      ? createIssuer(`${url}/_local`, signIn.audience, signIn.groupsClaim)
      : Promise.resolve(undefined),
  ] as const);
  if (tablePrefix) cleanup.defer(() => dropTables(dynamoDb, tables));

  if (dataDirectory) mkdirSync(dataDirectory, { recursive: true });
  const secrets = createSecrets(template, dataDirectory && join(dataDirectory, "secrets.json"));
  const queues = createQueues(template);
  const buckets = createBuckets(template, queues);
  const permissions = createPermissions(template);
  const { metrics, measuring, alarms } = createObserving(template, queues, options.alarmSpeed);
  const logs = createLogBook((line) => {
    metrics.addFromLog(line.text);
    options.onLog?.(line);
  });
  const functions = createFunctions({
    assembly,
    template,
    awsUrl: front.url,
    maxWorkers: options.maxWorkers ?? DEFAULT_MAX_WORKERS,
    onLog: (name, text) => logs.write(name, text),
    onInvocation: measuring.invocation,
  });
  cleanup.defer(() => functions.stop());

  const checkpointFile = dataDirectory && join(dataDirectory, "streams.json");
  const checkpoints = keptCheckpoints(checkpointFile);
  const report = (text: string) => logs.write("local", text);
  const streams = await startStreams({
    template,
    tables,
    dynamoDb,
    functions,
    permissions,
    queues,
    buckets,
    checkpoints,
    onProgress() {
      if (checkpointFile) writeFileSync(checkpointFile, JSON.stringify(checkpoints));
    },
    report,
    onBatch: measuring.iteratorAge,
  });
  cleanup.defer(() => streams.stop());
  const schedules = startSchedules({ template, functions, permissions, queues, report });
  cleanup.defer(() => schedules.stop());

  const contention =
    options.contention && (await createContentionFront(dynamoDb, tables, options.contention));
  const faults = createFaults();
  const calls = createCallRecord();
  front.connect({
    functions,
    permissions,
    dynamoDb: contention ?? dynamoDb,
    secrets,
    queues,
    faults,
    calls,
    onWrite: (tableArn) => streams.wake(tableArn),
  });
  const runner: Runner = {
    url,
    dynamoDbEndpoint: database.endpoint,
    issuer,
    tables,
    functions,
    schedules,
    secrets,
    queues,
    buckets,
    faults,
    calls,
    logs,
    metrics,
    alarms,
    contention: contention?.model,
  };
  const gateway = createGateway(readApi(template, functions, issuer), measuring.answer);
  server.answerWith(async (request) => {
    const refused = refusalOfOrigin(request);
    if (refused) return refused;
    return /^\/_local(\/|$)/u.test(request.path)
      ? servePage(pages, request, runner)
      : gateway(request);
  });
  // Stopping goes backwards through what was deferred: this makes new requests end first of all.
  cleanup.defer(() => server.stop());

  return {
    ...runner,
    databaseEnded: database.ended,
    token(subject, groups = []) {
      if (!issuer) throw new Error(`tokens come from ${signIn?.issuer ?? "nowhere"}`);
      return issuer.token({ subject, groups });
    },
    stop: () => cleanup.disposeAsync(),
  };
}

/**
 * Starts Holdfast and returns when it answers requests.
 * @throws PortTaken, or Error when there is no Java, the synthesis fails or the template asks for something that
 *   does not run here; whatever was started by then is stopped.
 */
export async function startHoldfast(options: HoldfastOptions = {}): Promise<Holdfast> {
  const cleanup = new AsyncDisposableStack();
  try {
    return await start(options, cleanup);
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}
