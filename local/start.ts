/** `npm start`: runs Holdfast on this machine until it is asked to stop, and says how to use it. */
import { parseArgs } from "node:util";
import type { Context } from "./assembly/synth.ts";
import { type ContentionSettings, defaultContention } from "./contention/settings.ts";
import { ensureJava } from "./database/java.ts";
import { startDemo } from "./demo/demo.ts";
import { type Holdfast, startHoldfast } from "./holdfast.ts";
import type { LogLine } from "./lambda/log-book.ts";
import { onStopRequest } from "./stop-request.ts";

const USAGE = `npm start [-- options]

  -c, --context key=value   CDK context, as for cdk deploy; may be repeated
      --data DIR            keep the data in DIR (else it is in memory)
      --contention          DynamoDB conflicts, throttles and takes its time as in a crowd (docs/contention.md)
      --demo                items, promotions, and shoppers who come and go; orders are held for a minute
      --logs                show everything that the functions log
      --help

PORT sets the port (default 3000); DYNAMODB_ENDPOINT names a DynamoDB Local to use instead of an own one.`;

/** Nobody watches a clock for five minutes. */
const demoContext: Context = { holdSeconds: "60", paymentSeconds: "90" };

/** Longer than this no orderly stop takes; then we go in any case, and Java with us. */
const STOP_LIMIT_MS = 15_000;

interface Options {
  readonly port: number;
  readonly context: Context;
  readonly dataDirectory: string | undefined;
  readonly contention: ContentionSettings | undefined;
  readonly isDemo: boolean;
  readonly showLogs: boolean;
}

class UsageError extends Error {}

function readContext(pairs: string[]): Context {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key, ...rest] = pair.split("=");
      if (!key || rest.length === 0) throw new UsageError(`-c takes key=value, not ${pair}`);
      return [key, rest.join("=")];
    }),
  );
}

function readPort(text: string | undefined): number {
  const port = Number(text ?? "3000");
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UsageError(`PORT must be a number from 0 to 65535, not ${text}`);
}

function parseOptions() {
  try {
    return parseArgs({
      options: {
        context: { type: "string", short: "c", multiple: true, default: [] },
        data: { type: "string" },
        contention: { type: "boolean", default: false },
        demo: { type: "boolean", default: false },
        logs: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Undefined when only the usage was asked for. */
function readOptions(): Options | undefined {
  const { context, data, contention, demo, logs, help } = parseOptions();
  if (help) return undefined;
  return {
    port: readPort(process.env["PORT"]),
    context: { ...(demo && demoContext), ...readContext(context) },
    dataDirectory: data,
    contention: contention ? defaultContention : undefined,
    isDemo: demo,
    showLogs: logs,
  };
}

function parseLevel(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { level?: string }).level;
  } catch {
    return undefined;
  }
}

/** Errors are always shown, and what is no JSON: that is a crash, or the runner's own word. */
function createLogPrinter(showAll: boolean) {
  const quiet = new Set(["TRACE", "DEBUG", "INFO", "WARN"]);
  return ({ function: name, text }: LogLine) => {
    // Metrics in the embedded format are lines without a level.
    const isMetric = text.startsWith('{"_aws"');
    if (showAll || (!isMetric && !quiet.has(parseLevel(text) ?? "")))
      console.log(`[${name}] ${text}`);
  };
}

function welcome({ url, issuer, contention }: Holdfast): string {
  const address = url.replace("127.0.0.1", "localhost");
  const admin = `'${address}/_local/token?sub=alice&groups=admin&as=text'`;
  const json = `-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'`;
  const token = issuer
    ? `a token    TOKEN=$(curl -s ${admin})`
    : "a token    comes from the issuer that you configured; put it into TOKEN";
  return `
Holdfast runs at ${address}

  ${token}
  try        curl -X POST ${address}/items ${json} -d '{"itemId":"chair","name":"Chair","kind":"Retail","price":{"amountMinor":4900,"currency":"EUR"},"quantity":1}'
             curl -X POST ${address}/order/alice ${json} -H "Idempotency-Key: first" -d '{"items":[{"itemId":"chair","quantity":1}],"paymentMethod":"sandbox"}'
             curl ${address}/items/chair
  look       ${address}    (a shop and a console in the browser)
  insides    ${address}/_local    (all that exists on this machine only)
  providers  ${address}/_local/providers    (pay, fail, refund and dispute by hand)${
    contention ? `\n  contention ${address}/_local/contention    (what met whom)` : ""
  }
  stop       Ctrl-C
`;
}

function createProgress(): (text: string) => void {
  const startedMs = Date.now();
  return (text) => console.log(`[${((Date.now() - startedMs) / 1000).toFixed(1)} s] ${text}`);
}

async function run(options: Options): Promise<void> {
  const abort = new AbortController();
  const stopRequested = new Promise<void>((settle) => {
    onStopRequest(() => {
      abort.abort(new Error("stopped while starting"));
      setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
      settle();
    });
  });
  const progress = createProgress();
  const dynamoDbEndpoint = process.env["DYNAMODB_ENDPOINT"];
  if (!dynamoDbEndpoint) await ensureJava(progress, abort.signal);
  const holdfast = await startHoldfast({
    port: options.port,
    context: options.context,
    dataDirectory: options.dataDirectory,
    contention: options.contention,
    playsProviders: true,
    dynamoDbEndpoint,
    signal: abort.signal,
    onProgress: progress,
    onLog: createLogPrinter(options.showLogs),
  });
  let endDemo = (): void => {};
  try {
    const { status } = await fetch(`${holdfast.url}/health`);
    progress(status === 200 ? "ready" : `GET /health answers ${status}`);
    console.log(welcome(holdfast));
    if (options.isDemo) endDemo = startDemo(holdfast);
    await Promise.race([stopRequested, holdfast.databaseEnded]);
    if (!abort.signal.aborted) throw new Error("DynamoDB Local ended by itself");
    progress("stopping");
  } finally {
    endDemo();
    abort.abort();
    await holdfast.stop();
  }
}

try {
  const options = readOptions();
  if (options) await run(options);
  else console.log(USAGE);
  process.exit(0);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const stopped = message === "stopped while starting";
  if (!stopped) console.error(error instanceof UsageError ? `${message}\n\n${USAGE}` : message);
  process.exit(stopped ? 0 : 1);
}
