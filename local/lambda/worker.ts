/** One Lambda execution environment in a thread of its own: loads the bundle once, then handles one event at a time. */
import { flushCompileCache } from "node:module";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { shiftClock } from "./clock.ts";
import type { FunctionError, InvokeMessage, ResultMessage, WorkerSettings } from "./messages.ts";

type Handler = (event: unknown, context: object) => unknown;

const settings = workerData as WorkerSettings;
const port = parentPort!;

/** Its deadline is the runner's, whatever the clock says that its code looks at. */
const trueNow = Date.now.bind(Date);
if (settings.clockOffsetMs !== 0) shiftClock(settings.clockOffsetMs);

function describe(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const trace = error.stack?.split("\n") ?? [];
  return { errorType: error.name, errorMessage: error.message, trace };
}

function makeContext({ requestId, deadlineMs }: InvokeMessage): object {
  const { functionName, functionArn, memoryMegabytes } = settings;
  return {
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: functionArn,
    memoryLimitInMB: String(memoryMegabytes),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: "local",
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - trueNow()),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}

async function handle(handler: Handler, message: InvokeMessage): Promise<ResultMessage> {
  const { requestId } = message;
  // The X-Ray SDK and Powertools read the trace from here, anew for each invocation.
  process.env["_X_AMZN_TRACE_ID"] =
    `Root=1-${requestId.slice(0, 8)}-${requestId.replaceAll("-", "").slice(8)};Sampled=0`;
  try {
    const result = JSON.stringify(await handler(JSON.parse(message.event), makeContext(message)));
    return { requestId, ...(result !== undefined && { result }) };
  } catch (error) {
    return { requestId, error: describe(error) };
  }
}

const module = (await import(pathToFileURL(settings.file).href)) as Record<string, unknown>;
const handler = module[settings.handlerName];
if (typeof handler !== "function") {
  throw new TypeError(`${settings.file} exports no function ${settings.handlerName}`);
}
let isCompiledKept = false;
async function answer(message: InvokeMessage): Promise<void> {
  port.postMessage(await handle(handler as Handler, message));
  // By now also what only a request calls is compiled.
  if (!isCompiledKept) flushCompileCache();
  isCompiledKept = true;
}
port.on("message", (message: InvokeMessage) => void answer(message));
port.postMessage("ready");
