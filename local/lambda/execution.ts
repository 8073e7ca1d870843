/** One worker thread from the runner's side: hands it one invocation at a time and can end it like a Lambda that dies. */
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import type { FunctionError, InvokeMessage, ResultMessage, WorkerSettings } from "./messages.ts";

/** How an invocation ended. Exactly one of `result` and `error` is there, or none for an empty result. */
export interface InvocationOutcome {
  readonly requestId: string;
  readonly result?: string;
  readonly error?: FunctionError;
}

/** A worker and what it is doing. */
export interface Execution {
  /** Names this worker in the credentials of its AWS requests: letters and digits only. */
  readonly accessKeyId: string;
  /** How many AWS requests the present (or, when idle, the last) invocation has made. */
  awsRequests: number;
  /** True while an invocation is under way. */
  readonly busy: boolean;
  /** True from the moment it is killed: what the thread still sends before it is gone does not count. */
  readonly dying: boolean;
  invoke(event: string): Promise<InvocationOutcome>;
  /** Ends the thread at once, in the middle of whatever it does; the invocation then fails. */
  kill(reason: FunctionError): void;
}

/** What an execution is started with. */
export interface ExecutionOptions {
  readonly settings: WorkerSettings;
  readonly environment: Record<string, string>;
  readonly accessKeyId: string;
  readonly timeoutMs: number;
  onLog(text: string): void;
  /** Called once, when the thread is gone. */
  onExit(): void;
}

const WORKER_FILE = new URL("worker.ts", import.meta.url);

/** Loading a bundle does not count as the function's time; Lambda gives it ten seconds. */
const longestLoadMs = 10_000;

/** What AWS reports when a runtime ends by itself, for instance by `process.exit`. */
const CRASH: FunctionError = {
  errorType: "Runtime.ExitError",
  errorMessage: "RequestId: the runtime exited without providing a reason",
};

function startThread({ settings, environment, onLog }: ExecutionOptions): Worker {
  // Half of a cold start is compiling: what one worker has compiled, the next one finds beside the bundle.
  const compiled = join(dirname(settings.file), ".compiled");
  const worker = new Worker(WORKER_FILE, {
    workerData: settings,
    env: { NODE_COMPILE_CACHE: compiled, ...environment },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdout: true,
    stderr: true,
  });
  worker.stdout.setEncoding("utf8").on("data", onLog);
  worker.stderr.setEncoding("utf8").on("data", onLog);
  return worker;
}

function describeTimeout(requestId: string, timeoutMs: number): FunctionError {
  const seconds = (timeoutMs / 1000).toFixed(2);
  return {
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
  };
}

/** Starts a worker thread. It may be invoked at once: the event and its time wait until the bundle is loaded. */
export function startExecution(options: ExecutionOptions): Execution {
  const { accessKeyId, timeoutMs, onLog, onExit } = options;
  const worker = startThread(options);

  let current: { requestId: string; settle(outcome: InvocationOutcome): void } | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Sends the invocation that waits for the bundle; undefined once it is loaded. */
  let begin: (() => void) | undefined = () => {};
  let death: FunctionError | undefined;

  function finish(outcome: InvocationOutcome) {
    clearTimeout(timer);
    const { settle } = current ?? {};
    current = undefined;
    settle?.(outcome);
  }

  worker.on("message", (message: ResultMessage | "ready") => {
    if (message === "ready") {
      begin?.();
      begin = undefined;
    } else if (message.requestId === current?.requestId) finish(message);
  });
  worker.on("error", (error) => {
    death ??= { errorType: error.name, errorMessage: error.message };
    onLog(`${error.stack ?? error.message}\n`);
  });
  worker.on("exit", () => {
    onExit();
    if (current) finish({ requestId: current.requestId, error: death ?? CRASH });
  });

  function kill(reason: FunctionError) {
    death ??= reason;
    void worker.terminate();
  }

  const execution: Execution = {
    accessKeyId,
    awsRequests: 0,
    get busy() {
      return current !== undefined;
    },
    get dying() {
      return death !== undefined;
    },
    invoke(event) {
      const requestId = randomUUID();
      execution.awsRequests = 0;
      return new Promise((settle) => {
        if (death) return settle({ requestId, error: death });
        current = { requestId, settle };
        const onTimeout = () => kill(describeTimeout(requestId, timeoutMs));
        const send = () => {
          clearTimeout(timer);
          timer = setTimeout(onTimeout, timeoutMs);
          const message: InvokeMessage = { requestId, event, deadlineMs: Date.now() + timeoutMs };
          // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
          worker.postMessage(message);
        };
        if (!begin) return send();
        begin = send;
        timer = setTimeout(onTimeout, Math.max(longestLoadMs, timeoutMs));
      });
    },
    kill,
  };
  return execution;
}
