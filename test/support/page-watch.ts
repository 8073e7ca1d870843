/** Watches a page in a real Chromium: what it asks for, what that costs, and how long its tasks keep it from drawing. */
import type { Browser, Page } from "playwright-core";

/** What a page asked for of one route. */
export interface Asked {
  times: number;
  /** Requests to DynamoDB that all answers together took. */
  requests: number;
  /** The most requests to DynamoDB that an answer took. */
  mostRequests: number;
}

/** A page that is watched. */
export interface Watched {
  readonly page: Page;
  /** What was asked of each route since the last time that this was called. */
  takeAsked(): Map<string, Asked>;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds: how long it took, and for how long of that a processor worked on it. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What was seen of a page while something was done. */
export interface Updates<T> {
  readonly result: T;
  /** The time between two frames that the page could draw, in milliseconds. */
  readonly frames: {
    readonly perSecond: number;
    readonly p99Ms: number;
    readonly longestMs: number;
  };
  readonly tasks: Tasks;
}

/** What a trace says of a page's main thread. */
interface Tasks {
  readonly count: number;
  /** Of a processor's time, in milliseconds; what others on the machine took is not in it. */
  readonly longestMs: number;
  readonly p99Ms: number;
  /** So many took longer than a frame at 60 a second has. */
  readonly overAFrame: number;
  /** Of all time that was traced, the part that the page was at work. */
  readonly share: number;
}

const frameMs = 1_000 / 60;

/** Opens a page and counts what it asks the server for. */
export async function openWatched(browser: Browser, url: string): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } });
  const page = await context.newPage();
  const asked = new Map<string, Asked>();
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    const timing = response.headers()["server-timing"] ?? "";
    const requests = Number(/"(\d+) req/.exec(timing)?.[1] ?? 0);
    const known = asked.get(pathname) ?? { times: 0, requests: 0, mostRequests: 0 };
    asked.set(pathname, {
      times: known.times + 1,
      requests: known.requests + requests,
      mostRequests: Math.max(known.mostRequests, requests),
    });
  });
  await page.goto(url);
  return {
    page,
    takeAsked() {
      const taken = new Map(asked);
      asked.clear();
      return taken;
    },
  };
}

/** When the page first showed anything, in milliseconds since it was asked for. */
export function readFirstPaint(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const find = (): number | undefined =>
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    while (find() === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    return find()!;
  });
}

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Of a trace, what the page's main thread was busy with; of all that was traced in `tookMs`. */
function readTasks(trace: string, tookMs: number): Tasks {
  const { traceEvents } = JSON.parse(trace) as { readonly traceEvents: readonly TraceEvent[] };
  const mains = new Set(
    traceEvents
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const tasks = traceEvents
    .filter(({ name, ph, pid, tid }) => {
      return ph === "X" && name.endsWith("RunTask") && mains.has(`${pid}/${tid}`);
    })
    .map(({ dur = 0, tdur = dur }) => tdur / 1_000)
    .toSorted((one, other) => one - other);
  return {
    count: tasks.length,
    longestMs: tasks.at(-1) ?? 0,
    p99Ms: percentile(tasks, 0.99),
    overAFrame: tasks.filter((tookOneMs) => tookOneMs > frameMs).length,
    share: tasks.reduce((sum, tookOneMs) => sum + tookOneMs, 0) / tookMs,
  };
}

/** Begins to write down when the page could draw a frame; what is handed back ends it, with the times between two. */
async function countFrames(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(`{
    globalThis.framesAtMs = [];
    const next = (atMs) => { globalThis.framesAtMs?.push(atMs); if (globalThis.framesAtMs) requestAnimationFrame(next); };
    requestAnimationFrame(next);
  }`);
  return async () => {
    const atMs = await page.evaluate<number[]>(
      "((all) => { globalThis.framesAtMs = undefined; return all; })(globalThis.framesAtMs)",
    );
    return atMs.slice(1).map((at, nth) => at - atMs[nth]!);
  };
}

/** Traces a page while something is done: how often it could draw, and how busy its main thread was. */
export async function traceUpdates<T>(
  browser: Browser,
  page: Page,
  work: () => Promise<T>,
): Promise<Updates<T>> {
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });
  const endFrames = await countFrames(page);
  const startedMs = performance.now();
  const result = await work();
  const tookMs = performance.now() - startedMs;
  const between = (await endFrames()).toSorted((one, other) => one - other);
  const tasks = readTasks((await browser.stopTracing()).toString(), tookMs);
  const frames = {
    perSecond: (between.length * 1_000) / tookMs,
    p99Ms: percentile(between, 0.99),
    longestMs: between.at(-1) ?? 0,
  };
  return { result, frames, tasks };
}
