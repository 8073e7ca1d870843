/** Several workers of one function: started when there is work, one invocation each, the rest waits in a queue. */
import type { Execution, InvocationOutcome } from "./execution.ts";

/** What one invocation may ask for. */
export interface InvokeOptions {
  /** Gives up waiting for a free worker after this time; an invocation that started runs to its end. */
  readonly waitMs?: number;
  /** Called when a worker takes the event. */
  readonly onStart?: () => void;
  /** Somebody waits for the answer, and nobody keeps the event: where no run is free, it is refused. */
  readonly isSynchronous?: boolean;
}

/** The workers of one function. */
export interface WorkerPool {
  /**
   * Runs the function once.
   * @throws QueueTimeout when no worker was free in time.
   */
  invoke(event: string, options?: InvokeOptions): Promise<InvocationOutcome>;
  executions(): readonly Execution[];
  stop(): void;
}

/** No worker became free in time. */
export class QueueTimeout extends Error {}

interface Waiting {
  readonly event: string;
  readonly onStart: (() => void) | undefined;
  settle(outcome: InvocationOutcome | Promise<InvocationOutcome>): void;
  timer: NodeJS.Timeout | undefined;
}

/** Workers that have had nothing to do for this long go away, but for one. */
const IDLE_MS = 60_000;

type Workers = Map<Execution, { lastUsedMs: number }>;

function endIdleWorkers(workers: Workers): void {
  const idle = [...workers].filter(
    ([worker, { lastUsedMs }]) => !worker.busy && Date.now() - lastUsedMs > IDLE_MS,
  );
  for (const [worker] of idle.slice(0, Math.min(idle.length, workers.size - 1))) {
    workers.delete(worker);
    worker.kill({ errorType: "Idle", errorMessage: "ended because it had nothing to do" });
  }
}

/** The idle worker used last, so that surplus ones grow idle and can go. */
function findIdleWorker(workers: Workers): Execution | undefined {
  const idle = [...workers].filter(([worker]) => !worker.busy);
  return idle.toSorted(([, one], [, other]) => other.lastUsedMs - one.lastUsedMs)[0]?.[0];
}

/**
 * Makes an empty pool.
 * @param start starts one worker; `onExit` has to be called when its thread is gone, for whatever reason.
 */
export function createWorkerPool({
  start,
  maxWorkers,
}: {
  start(onExit: () => void): Execution;
  maxWorkers: number;
}): WorkerPool {
  const workers: Workers = new Map();
  const queue: Waiting[] = [];
  let stopped = false;
  const sweeper = setInterval(endIdleWorkers, IDLE_MS / 2, workers).unref();

  function startWorker() {
    const worker = start(() => {
      workers.delete(worker);
      if (!stopped) serveQueue();
    });
    workers.set(worker, { lastUsedMs: Date.now() });
    return worker;
  }

  async function run(worker: Execution, event: string): Promise<InvocationOutcome> {
    const outcome = await worker.invoke(event);
    const use = workers.get(worker);
    if (use) use.lastUsedMs = Date.now();
    serveQueue();
    return outcome;
  }

  function serveQueue() {
    while (queue.length > 0) {
      const worker =
        findIdleWorker(workers) ?? (workers.size < maxWorkers ? startWorker() : undefined);
      if (!worker) return;
      const { event, settle, timer, onStart } = queue.shift()!;
      clearTimeout(timer);
      onStart?.();
      settle(run(worker, event));
    }
  }

  return {
    invoke(event, { waitMs, onStart } = {}) {
      return new Promise((settle, fail) => {
        const waiting: Waiting = { event, onStart, settle, timer: undefined };
        if (waitMs !== undefined) {
          waiting.timer = setTimeout(() => {
            queue.splice(queue.indexOf(waiting), 1);
            fail(new QueueTimeout(`no worker was free for ${waitMs} ms`));
          }, waitMs);
        }
        queue.push(waiting);
        serveQueue();
      });
    },
    executions: () => [...workers.keys()],
    stop() {
      stopped = true;
      clearInterval(sweeper);
      for (const { timer } of queue.splice(0)) clearTimeout(timer);
      for (const worker of workers.keys()) {
        worker.kill({ errorType: "Stopped", errorMessage: "the local runner is stopping" });
      }
    },
  };
}
