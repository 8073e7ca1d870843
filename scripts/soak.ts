/**
 * `npm run soak`: the whole server on a real DynamoDB Local for as long as is wanted, while workers die, clocks differ,
 * streams are late and providers fail. The law is looked at all the time; at last everything has to come to rest.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureJava } from "../local/database/java.ts";
import { type Holdfast, startHoldfast } from "../local/holdfast.ts";
import { onStopRequest } from "../local/stop-request.ts";
import { type Callers, createCallers } from "./soak/caller.ts";
import { findDifferences, findUnfinished, findWrong } from "./soak/law.ts";
import { edit, shop, type Town } from "./soak/people.ts";
import { Tally } from "./soak/tally.ts";
import { disturb } from "./soak/trouble.ts";
import { UsageError } from "./usage-error.ts";

const usage = `npm run soak -- [options]

  --minutes N      how long people come (default 30); then everything comes to rest
  --shoppers N     how many shop side by side (default 8); half as many edit documents
  --skew MS        how far the clock of a worker may be off, either way (default 2000)

Exits with 1 when anything broke.`;

interface Wish {
  readonly minutes: number;
  readonly shoppers: number;
  readonly skew: number;
}

/** Hot and quiet items, of which the first are soon sold out; and documents that several want. */
const stocks = [3, 10, 60, 1_000_000, 1_000_000, 1_000_000];
const documents = 5;
const lookEveryMs = 30_000;
const tellEveryMs = 10_000;

/** Orders end within a minute, refunds are tried again after as long as they are due; see docs/refunds.md. */
const context = {
  holdSeconds: "20",
  paymentSeconds: "30",
  maxHoldSeconds: "60",
  maxOpenOrders: "50",
  maxUnpaidOrders: "0",
  onPaymentFailure: "keep",
};

function readWish(): Wish | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = { minutes: text, shoppers: text, skew: text, help: flag };
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];
  try {
    values = parseArgs({ options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) return undefined;
  const read = (name: "minutes" | "shoppers" | "skew", usual: number, most: number): number => {
    const number = Number(values[name] ?? usual);
    if (number >= 0 && number <= most) return number;
    throw new UsageError(`--${name} must be a number from 0 to ${most}, not ${values[name]}`);
  };
  return {
    minutes: read("minutes", 30, 1_440),
    shoppers: Math.ceil(read("shoppers", 8, 200)),
    skew: read("skew", 2_000, 10_000),
  };
}

function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

async function openTown(holdfast: Holdfast, callers: Callers, tally: Tally, untilMs: number) {
  const admin = await callers.as("root", ["admin"]);
  const itemIds = stocks.map((_, index) => `soak-${index + 1}`);
  for (const [index, quantity] of stocks.entries()) {
    const price = { amountMinor: 500 + index, currency: "EUR" };
    const item = { itemId: itemIds[index], name: `Item ${index + 1}`, kind: "Retail", price };
    const { status } = await admin("POST /items", { ...item, quantity });
    if (status !== 201) throw new Error(`an item could not be made: ${status}`);
  }
  const docIds = Array.from({ length: documents }, (_, index) => `soak-${index + 1}`);
  const isOpen = (): boolean => Date.now() < untilMs && tally.broken.length === 0;
  const town: Town = { tally, desk: holdfast.desk!, itemIds, docIds, isOpen };
  return { town, admin };
}

/** Looks at everything every so often, with nobody at work meanwhile. */
async function watch(holdfast: Holdfast, callers: Callers, { tally, isOpen }: Town, skew: number) {
  let nextMs = Date.now() + lookEveryMs;
  while (isOpen()) {
    await sleep(250);
    if (Date.now() < nextMs) continue;
    tally.broken.push(...(await callers.whileStill(() => findWrong(holdfast, skew))));
    tally.count("looks at the law");
    nextMs = Date.now() + lookEveryMs;
  }
}

/** Sweeps until no order waits and no money is due; as long as people came, and five minutes, at the most. */
async function comeToRest(holdfast: Holdfast, callers: Callers, tally: Tally, minutes: number) {
  const admin = await callers.as("root", ["admin"]);
  const untilMs = Date.now() + (minutes + 5) * 60_000;
  let unfinished = await findUnfinished(holdfast);
  while (unfinished.length > 0 && Date.now() < untilMs) {
    console.log(`  comes to rest: ${unfinished.length} orders are open`);
    await sleep(tellEveryMs);
    await admin("POST /admin/locks/cleanup", {});
    await findDifferences(admin);
    unfinished = await findUnfinished(holdfast);
  }
  tally.broken.push(...unfinished.slice(0, 10));
  tally.broken.push(...(await findDifferences(admin)), ...(await findWrong(holdfast, 0)));
}

async function soak({ minutes, shoppers, skew }: Wish, holdfast: Holdfast): Promise<number> {
  const tally = new Tally();
  const callers = createCallers(holdfast, tally);
  const startMs = Date.now();
  const { town } = await openTown(holdfast, callers, tally, startMs + minutes * 60_000);
  const tell = (): void => console.log(`  ${clockText(Date.now() - startMs)}  ${tally.text()}`);
  const telling = setInterval(tell, tellEveryMs);
  try {
    const people = Array.from({ length: shoppers }, async (_, index) =>
      shop(await callers.as(`shopper-${index}`), town),
    );
    const editors = Array.from({ length: Math.ceil(shoppers / 2) }, async (_, index) =>
      edit(await callers.as(`editor-${index}`, ["editors"]), town),
    );
    const troubles = [disturb(holdfast, tally, town.isOpen), watch(holdfast, callers, town, skew)];
    await Promise.all([...people, ...editors, ...troubles]);
    if (tally.broken.length === 0) await comeToRest(holdfast, callers, tally, minutes);
  } finally {
    clearInterval(telling);
  }
  tell();
  for (const each of tally.broken) console.log(`✗ ${each}`);
  console.log(tally.broken.length === 0 ? "✓ nothing broke, and all came to rest" : "✗ it broke");
  return tally.broken.length === 0 ? 0 : 1;
}

async function main(signal: AbortSignal): Promise<number> {
  const wish = readWish();
  if (!wish) {
    console.log(usage);
    return 0;
  }
  const { minutes, shoppers, skew } = wish;
  console.log(`${shoppers} shoppers for ${minutes} minutes; clocks are off by up to ${skew} ms.`);
  const dynamoDbEndpoint = process.env["DYNAMODB_ENDPOINT"];
  const onProgress = (text: string): void => console.log(`  ${text}`);
  if (!dynamoDbEndpoint) await ensureJava(onProgress, signal);
  const holdfast = await startHoldfast({
    port: 0,
    context,
    playsProviders: true,
    clockSkewMs: skew,
    tablePrefix: `soak${process.pid}-`,
    signal,
    onProgress,
    ...(dynamoDbEndpoint && { dynamoDbEndpoint }),
  });
  try {
    return await soak(wish, holdfast);
  } finally {
    await holdfast.stop();
  }
}

const abort = new AbortController();
onStopRequest(() => {
  abort.abort(new Error("stopped"));
  setTimeout(() => process.exit(1), 10_000).unref();
});
try {
  const stopped = new Promise<number>((settle) =>
    abort.signal.addEventListener("abort", () => settle(1)),
  );
  process.exit(await Promise.race([main(abort.signal), stopped]));
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error);
  process.exit(error instanceof UsageError ? 2 : 1);
}
