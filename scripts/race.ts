/** `npm run race`: many shoppers want the same things at once; tells what they got, and whether anything broke. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { ensureJava } from "../local/database/java.ts";
import { startHoldfast } from "../local/holdfast.ts";
import { onStopRequest } from "../local/stop-request.ts";
import { type ContestOptions, runContest } from "./race/contest.ts";
import { htmlReport } from "./race/page.ts";
import { terminalReport } from "./race/report.ts";

const usage = `npm run race [-- options]

  --shoppers N     how many order at once (default 1000)
  --stock N        units of each item (default 100)
  --lines N        items in each order (default 1)
  --exclusive      one holder at a time instead of one for each unit
  --at-once N      so many requests side by side (default: all shoppers)
  --report FILE    writes a page with charts that needs nothing else
  --url URL        races a server that runs already (default: starts its own)
  --token TOKEN    an administrator's, where the server is not its own issuer
  --small          100 shoppers, 10 units

Exits with 1 when anything broke.`;

interface Wish extends Pick<
  ContestOptions,
  "shoppers" | "stock" | "lines" | "exclusive" | "atOnce"
> {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly report: string | undefined;
}

class UsageError extends Error {}

function parseCount(
  name: string,
  text: string | undefined,
  fallback: number,
  most: number,
): number {
  const count = Number(text ?? fallback);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new UsageError(`--${name} must be a whole number from 1 to ${most}, not ${text}`);
}

function parse() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const names = { shoppers: text, stock: text, lines: text, "at-once": text, report: text };
  try {
    return parseArgs({
      options: { ...names, url: text, token: text, exclusive: flag, small: flag, help: flag },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Undefined when only the usage was asked for. */
function readWish(): Wish | undefined {
  const { help, small, exclusive, url, token, report, ...counts } = parse();
  if (help) return undefined;
  const shoppers = parseCount("shoppers", counts.shoppers, small ? 100 : 1_000, 100_000);
  return {
    shoppers,
    stock: parseCount("stock", counts.stock, small ? 10 : 100, 1_000_000),
    lines: parseCount("lines", counts.lines, 1, 20),
    atOnce: parseCount("at-once", counts["at-once"], shoppers, 100_000),
    exclusive,
    url: url?.replace(/\/$/, ""),
    token,
    report,
  };
}

/** The server that is raced, and how to be rid of it. */
async function openServer({ url, token }: Wish, signal: AbortSignal) {
  if (url !== undefined) {
    const issued = async (): Promise<string> => {
      const answer = await fetch(`${url}/_local/token?sub=race-admin&groups=admin&as=text`);
      if (!answer.ok) throw new UsageError(`${url} gives no tokens away: use --token`);
      return answer.text();
    };
    return { url, token: token ?? (await issued()), stop: async () => {} };
  }
  const onProgress = (text: string): void => console.log(`  ${text}`);
  await ensureJava(onProgress, signal);
  const holdfast = await startHoldfast({ port: 0, context: { sweep: "off" }, signal, onProgress });
  return {
    url: holdfast.url,
    token: await holdfast.token("race-admin", ["admin"]),
    stop: () => holdfast.stop(),
  };
}

function createProgressBar(total: number) {
  const bar = new SingleBar({
    format: "  {bar} {value}/{total} orders answered  {duration_formatted}",
    barsize: 40,
    hideCursor: true,
    noTTYOutput: !process.stdout.isTTY,
    notTTYSchedule: 2_000,
  });
  bar.start(total, 0);
  return bar;
}

async function race(wish: Wish, signal: AbortSignal): Promise<number> {
  const { shoppers, stock, lines, exclusive, report } = wish;
  const policy = exclusive ? "exclusive" : "counted";
  console.log(`${shoppers} shoppers want ${lines} × ${stock} units (${policy}), all at once.`);
  const server = await openServer(wish, signal);
  try {
    const bar = createProgressBar(shoppers);
    const onProgress = (done: number): void => bar.update(done);
    const contest = await runContest({ ...wish, ...server, onProgress }).finally(() => bar.stop());
    console.log(terminalReport(contest));
    if (report !== undefined) {
      writeFileSync(report, htmlReport(contest, { shoppers, stock, lines, exclusive }));
      console.log(`  The page is ${report}`);
    }
    return contest.broken.length === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
}

async function main(): Promise<number> {
  const wish = readWish();
  if (!wish) {
    console.log(usage);
    return 0;
  }
  const abort = new AbortController();
  const stopped = new Promise<number>((settle) => {
    onStopRequest(() => {
      abort.abort(new Error("stopped"));
      settle(1);
    });
  });
  return Promise.race([race(wish, abort.signal), stopped]);
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error);
  process.exit(1);
}
