/** Runs the whole stack on this machine, from its synthesized template: starts every part in order, and stops them in turn. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "./assembly/synth.ts";
import type { TemplateResolver } from "./assembly/template.ts";
import { startAwsFront } from "./aws/aws-front.ts";
import { createBuses } from "./aws/buses.ts";
import { createBuckets } from "./aws/buckets.ts";
import { createCallRecord } from "./aws/calls.ts";
import { createFaults } from "./aws/faults.ts";
import { createPermissions } from "./aws/permissions.ts";
import { createQueues, type Queues } from "./aws/queues.ts";
import { createSecrets } from "./aws/secrets.ts";
import { createContentionFront } from "./contention/front.ts";
import { type Api, readApi } from "./http/api.ts";
import { behindEdge } from "./http/edge.ts";
import { joinHeaders } from "./http/event.ts";
import { createGateway } from "./http/gateway.ts";
import { refusalOfOrigin } from "./http/origin-guard.ts";
import { type Answerer, type LocalServer, startServer } from "./http/server.ts";
import { readSocketApi } from "./http/socket-api.ts";
import { createSockets, type Sockets } from "./http/sockets.ts";
import { startJobs } from "./jobs/jobs.ts";
import { createFunctions, type LocalFunctions } from "./lambda/functions.ts";
import { createLogBook, type LogLine } from "./lambda/log-book.ts";
import { createReleases } from "./lambda/releases.ts";
import { createObserving } from "./observe/observing.ts";
import { servePage } from "./pages/page.ts";
import { serveSite } from "./pages/site.ts";
import { pages } from "./pages/index.ts";
import { type Desk, startDesk } from "./providers/desk.ts";
import type { Runner } from "./runner.ts";
import { createDeclared, type LoadedStack, loadStack } from "./stack.ts";

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
  /** Plays the payment providers: their stand-ins take the place of those that `context` does not find elsewhere. */
  readonly playsProviders?: boolean;
  /** How many workers a function may have. */
  readonly maxWorkers?: number;
  /** How far, at the most, the clock of a worker is off, either way; each has its own. */
  readonly clockSkewMs?: number;
  /** How many runs the account allows at once, as Lambda limits them; else only what functions keep for themselves is limited. */
  readonly accountRuns?: number;
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

/** Secrets, queues and buckets of the template, and who may do what with all of it. */
function createServices(template: TemplateResolver, dataDirectory: string | undefined) {
  if (dataDirectory) mkdirSync(dataDirectory, { recursive: true });
  const queues = createQueues(template);
  return {
    secrets: createSecrets(template, dataDirectory && join(dataDirectory, "secrets.json")),
    queues,
    buckets: createBuckets(template, queues),
    permissions: createPermissions(template),
    faults: createFaults(),
    calls: createCallRecord(),
  };
}

/** The functions, and whatever watches what they say and how long they take. */
function createObserved(
  { assembly, template }: LoadedStack,
  queues: Queues,
  awsUrl: string,
  options: HoldfastOptions,
) {
  const speed = options.alarmSpeed;
  const observing = createObserving(template, queues, speed);
  const logs = createLogBook((line) => {
    observing.metrics.addFromLog(line.text);
    options.onLog?.(line);
  });
  const functions = createFunctions({
    assembly,
    template,
    awsUrl,
    maxWorkers: options.maxWorkers,
    clockSkewMs: options.clockSkewMs,
    accountRuns: options.accountRuns,
    onLog: (name, text) => logs.write(name, text),
    onInvocation: observing.measuring.invocation,
  });
  const releases = createReleases({ ...observing, template, functions, speed });
  const buses = createBuses(template, { queues, functions });
  return { ...observing, logs, functions, buses, releases };
}

/** Answers the API, and the pages that exist on this machine only. */
function createAnswerer(gateway: Answerer, runner: Runner): Answerer {
  return async (request) => {
    const refused = refusalOfOrigin(request);
    if (refused) return refused;
    if (/^\/_local(\/|$)/u.test(request.path)) return servePage(pages, request, runner);
    const page =
      request.method === "GET" &&
      (await serveSite(request.path, joinHeaders(request.rawHeaders)["host"] ?? ""));
    if (page) return page;
    const answer = await gateway(request);
    runner.desk?.hear(answer.body);
    return answer;
  };
}

/** The WebSockets of the template, if it has any: they begin at the server, and end before the functions do. */
function openSockets(
  template: TemplateResolver,
  functions: LocalFunctions,
  { cors }: Api,
  server: LocalServer,
  cleanup: AsyncDisposableStack,
): Sockets | undefined {
  const declared = readSocketApi(template, functions);
  if (!declared) return undefined;
  const sockets = createSockets(declared, cors);
  server.upgradeWith(sockets.upgrade);
  cleanup.defer(() => sockets.stop());
  return sockets;
}

/** The providers' desk, and the context that has the stack call there. A production calls nobody but real ones. */
async function playProviders(
  { playsProviders, context = {} }: HoldfastOptions,
  cleanup: AsyncDisposableStack,
): Promise<{ context: Context; desk?: Desk }> {
  const isProduction = context["production"] === "on" || context["stage"] === "prod";
  if (!playsProviders || isProduction) return { context };
  const desk = await startDesk();
  cleanup.defer(() => desk.stop());
  return { context: { ...context, ...desk.contextBeside(context) }, desk };
}

/** What nobody has filled in by hand gets the keys that the desk knows. */
function giveKeys({ secrets }: Pick<Runner, "secrets">, desk: Desk): void {
  for (const [name, { current }] of Object.entries(secrets.list())) {
    const keys = desk.keysBeside(name, current);
    if (keys !== undefined) secrets.set(name, { current: keys });
  }
}

async function start(given: HoldfastOptions, cleanup: AsyncDisposableStack): Promise<Holdfast> {
  const { dataDirectory, tablePrefix = "" } = given;
  const progress = given.onProgress ?? (() => {});
  // The port first: if it is taken there is nothing to clean up and no time lost.
  const server = await startServer(given.port ?? 3000);
  cleanup.defer(() => server.stop());
  const front = await startAwsFront();
  cleanup.defer(() => front.stop());
  const url = `http://127.0.0.1:${server.port}`;
  const { context, desk } = await playProviders(given, cleanup);
  const options = { ...given, context };
  progress("starting DynamoDB and synthesizing the stack");
  const stack = await loadStack(options, { apiUrl: url, awsUrl: front.url }, cleanup);
  const { database, template, dynamoDb } = stack;
  progress(`creating what ${stack.assembly.stackName} declares`);
  const declared = await createDeclared(stack, { tablePrefix, apiUrl: url }, cleanup);
  const { tables, issuer, signIn } = declared;
  const services = createServices(template, dataDirectory);
  if (desk) giveKeys(services, desk);
  const observed = createObserved(stack, services.queues, front.url, options);
  const { functions, measuring, logs } = observed;
  cleanup.defer(() => functions.stop());
  const { streams, schedules } = await startJobs(
    {
      ...services,
      template,
      tables,
      dynamoDb,
      functions,
      checkpointFile: dataDirectory && join(dataDirectory, "streams.json"),
      report: (text) => logs.write("local", text),
      onBatch: measuring.iteratorAge,
    },
    cleanup,
  );
  const contention =
    options.contention && (await createContentionFront(dynamoDb, tables, options.contention));
  const api = readApi(template, functions, issuer);
  const sockets = openSockets(template, functions, api, server, cleanup);
  front.connect({
    ...services,
    functions,
    buses: observed.buses,
    sockets,
    dynamoDb: contention ?? dynamoDb,
    onWrite: (tableArn) => streams.wake(tableArn),
  });
  const model = contention?.model;
  const inside = { ...services, ...observed, sockets, tables, schedules, contention: model, desk };
  const runner: Runner = { ...inside, url, dynamoDbEndpoint: database.endpoint, issuer };
  const gateway = behindEdge(template, createGateway(api, measuring.answer));
  server.answerWith(createAnswerer(gateway, runner));
  desk?.open(url);
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
