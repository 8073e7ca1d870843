/**
 * The console beside ten thousand live holds and five thousand locks, in a real Chromium: when it first shows anything,
 * how it draws while orders come in, and what it asks for. `node bench/console.ts [seconds] [picture]` prints and keeps the result, and
 * makes a picture of the page where it is told to.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { format } from "prettier";
import { startDynamoDbLocal } from "../local/database/dynamodb-local.ts";
import { type Holdfast, startHoldfast } from "../local/holdfast.ts";
import { launchChromium } from "../test/support/chromium.ts";
import { type Crowd, fillTables } from "../test/support/crowded-shop.ts";
import {
  type Asked,
  openWatched,
  readFirstPaint,
  traceUpdates,
} from "../test/support/page-watch.ts";

const seconds = Number(process.argv[2] ?? 20);
const picture = process.argv[3];
/** Orders a second while the page is traced. */
const pace = 20;
const openings = 7;
const crowd: Crowd = { holds: 10_000, locks: 5_000, items: 100 };
const context = { sweep: "off", maxOpenOrders: "0", maxUnpaidOrders: "0" };

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]!;

await using cleanup = new AsyncDisposableStack();
const database = await startDynamoDbLocal({ dataDirectory: undefined });
cleanup.defer(() => database.stop());
const browser = await launchChromium();
cleanup.defer(() => browser.close());

async function start(tablePrefix: string, filled?: Crowd): Promise<Holdfast> {
  const stack = { dynamoDbEndpoint: database.endpoint, tablePrefix, context };
  if (filled) await fillTables(stack, filled);
  return startHoldfast({ ...stack, port: 0, maxWorkers: 2 });
}

/** When the console first paints, each time in a browser that knows nothing of it; the first one warms the server. */
async function measurePaint({ url }: Holdfast): Promise<number[]> {
  const timesMs: number[] = [];
  for (let nth = 0; nth <= openings; nth += 1) {
    const { page } = await openWatched(browser, `${url}/console`);
    timesMs.push(await readFirstPaint(page));
    await pause(1_500);
    await page.context().close();
  }
  return timesMs.slice(1);
}

/** How long that took, which is longer where the machine is busy. */
let busySeconds = 0;

/** Orders at an even pace, each for a shopper of its own; how many were placed. */
async function sendOrders(): Promise<number> {
  const token = await server.token("root", ["admin"]);
  const sent: Promise<number>[] = [];
  const startedMs = performance.now();
  for (let nth = 0; nth < seconds * pace; nth += 1) {
    await pause(Math.max(0, startedMs + (nth * 1_000) / pace - performance.now()));
    const itemId = `item-${String((nth % crowd.items) + 1).padStart(4, "0")}`;
    const body = { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox" };
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": `bench-${nth}`,
    };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = fetch(`${server.url}/order/buyer-${nth}`, init);
    sent.push(answer.then(({ status }) => (status === 201 ? 1 : 0)));
  }
  const placed = sum(await Promise.all(sent));
  busySeconds = (performance.now() - startedMs) / 1_000;
  return placed;
}

/** What was asked in so many seconds, as a table of minutes. */
function describeAsked(asked: ReadonlyMap<string, Asked>, inSeconds: number): string[] {
  const perMinute = (count: number): string => ((count * 60) / inSeconds).toFixed(0);
  return [...asked]
    .toSorted(([, one], [, other]) => other.requests - one.requests)
    .map(([path, { times, requests, mostRequests }]) => {
      return `| \`${path}\` | ${perMinute(times)} | ${mostRequests} | ${perMinute(requests)} |`;
    });
}

const empty = await start("empty-");
const emptyMs = await measurePaint(empty);
await empty.stop();
const fillingMs = performance.now();
const server = await start("crowd-", crowd);
cleanup.defer(() => server.stop());
console.log(`Filled and started in ${Math.round((performance.now() - fillingMs) / 1_000)} s`);
const crowdedMs = await measurePaint(server);

const { page, takeAsked } = await openWatched(browser, `${server.url}/console`);
await page
  .locator(".figure")
  .filter({ hasText: /^holds10\d{3}$/u })
  .waitFor({ timeout: 180_000 });
if (picture !== undefined) await page.screenshot({ path: picture, fullPage: true });
await pause(15_000);
takeAsked();
const quietSeconds = 60;
await pause(quietSeconds * 1_000);
const quiet = takeAsked();
const { result: placed, frames, tasks } = await traceUpdates(browser, page, sendOrders);
const busy = takeAsked();
const elements = await page.evaluate<number>("document.querySelectorAll('*').length");

const shown = (ms: number): string => ms.toFixed(0);
const askedTable = (asked: ReadonlyMap<string, Asked>, inSeconds: number): string =>
  `| asked for | times a minute | requests to DynamoDB each, at most | a minute |
| --- | --- | --- | --- |
${describeAsked(asked, inSeconds).join("\n")}
`;
const ratio = middle(crowdedMs) / middle(emptyMs);
const text = `# The console beside 10,000 holds and 5,000 locks

\`node bench/console.ts ${seconds}\`, on ${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}, Chromium
${browser.version()} without a window, all on one machine with the server and DynamoDB Local. Load average at the end: ${loadavg()[0]!.toFixed(1)};
where it is above the number of processors, look at the ratio and at processor times, which others on the machine do not change.

| | measured |
| --- | --- |
| first paint, middle of ${openings} browsers that know nothing of the page | ${shown(middle(crowdedMs))} ms (${shown(Math.min(...crowdedMs))} to ${shown(Math.max(...crowdedMs))}) |
| the same with an empty shop | ${shown(middle(emptyMs))} ms (${shown(Math.min(...emptyMs))} to ${shown(Math.max(...emptyMs))}): ${ratio.toFixed(2)} of it |
| elements of the page | ${elements} |
| orders sent in ${busySeconds.toFixed(0)} s while it was traced, and placed | ${seconds * pace}, ${placed} |
| frames a second meanwhile | ${frames.perSecond.toFixed(1)} |
| time between two frames, p99 and longest | ${shown(frames.p99Ms)} ms, ${shown(frames.longestMs)} ms |
| tasks of the page that took a processor longer than a frame (16.7 ms) | ${tasks.overAFrame} of ${tasks.count} |
| processor time of its longest task, and p99 | ${shown(tasks.longestMs)} ms, ${tasks.p99Ms.toFixed(1)} ms |
| part of the time that the page was at work | ${(tasks.share * 100).toFixed(0)} % |

## While nothing happens

${askedTable(quiet, quietSeconds)}
## While orders come in

${askedTable(busy, busySeconds)}`;
writeFileSync(join(import.meta.dirname, "console.md"), await format(text, { parser: "markdown" }));
console.log(text);
