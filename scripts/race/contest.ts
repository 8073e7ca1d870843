/** Lets many shoppers order the same items at the same moment, and watches whether any unit is lost or doubled. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** What to race for, and how many want it. */
export interface ContestOptions {
  readonly url: string;
  /** Of an administrator: may create items and order for every shopper. */
  readonly token: string;
  readonly shoppers: number;
  readonly stock: number;
  readonly lines: number;
  readonly exclusive: boolean;
  /** So many orders are under way side by side. */
  readonly atOnce: number;
  readonly onProgress: (done: number) => void;
}

/** One order as its shopper saw it. */
export interface Attempt {
  readonly status: number;
  readonly code: string | undefined;
  /** When it was sent, counted from the start of the contest. */
  readonly startedMs: number;
  readonly tookMs: number;
  readonly requests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
}

/** Stock levels of an item. */
export interface Levels {
  readonly itemId: string;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly received: number;
  readonly adjusted: number;
}

/** How a contest went. */
export interface Contest {
  readonly attempts: readonly Attempt[];
  readonly tookMs: number;
  readonly levels: readonly Levels[];
  /** How often the conservation law was looked at while orders were under way. */
  readonly looks: number;
  /** Everything that must not happen and did. */
  readonly broken: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- each route has a body of its own
  readonly body: any;
}

function createCaller({ url, token }: ContestOptions) {
  return async (route: string, body?: unknown): Promise<Answer> => {
    const [method = "GET", path = "/"] = route.split(" ");
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "idempotency-key": randomUUID(),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") && text !== "";
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : {} };
  };
}

type Caller = ReturnType<typeof createCaller>;

function costIn(headers: Headers): Pick<Attempt, "requests" | "writeUnits" | "readUnits"> {
  const timing = headers.get("server-timing") ?? "";
  const [, requests = 0, writeUnits = 0, readUnits = 0] =
    /desc="(\d+) req, ([\d.]+) wcu, ([\d.]+) rcu"/.exec(timing) ?? [];
  return {
    requests: Number(requests),
    writeUnits: Number(writeUnits),
    readUnits: Number(readUnits),
  };
}

function lawBrokenBy({ itemId, available, held, sold, received, adjusted }: Levels): string[] {
  const sum = available + held + sold;
  const units = `${available} available + ${held} held + ${sold} sold`;
  return [
    ...(sum === received + adjusted
      ? []
      : [`${itemId}: ${units} is not ${received} received + ${adjusted} adjusted`]),
    ...(available < 0 ? [`${itemId}: ${available} available`] : []),
  ];
}

async function fetchLevels(call: Caller, itemIds: readonly string[]): Promise<Levels[]> {
  const answers = await Promise.all(itemIds.map((itemId) => call(`GET /items/${itemId}`)));
  return answers.map(({ body }) => body as Levels);
}

async function createItems(call: Caller, options: ContestOptions): Promise<string[]> {
  const run = randomUUID().slice(0, 8);
  const itemIds = Array.from({ length: options.lines }, (_, index) => `race-${run}-${index + 1}`);
  for (const itemId of itemIds) {
    const { status, body } = await call("POST /items", {
      itemId,
      name: itemId,
      kind: "Race",
      price: { amountMinor: 1_000, currency: "EUR" },
      quantity: options.stock,
      holdPolicy: options.exclusive ? "exclusive" : "counted",
    });
    if (status !== 201) throw new Error(`POST /items answered ${status}: ${JSON.stringify(body)}`);
  }
  return itemIds;
}

/** What the stock allows: one order for each unit, or a single one where only one may hold the item. */
function expectedGrants({ shoppers, stock, exclusive }: ContestOptions): number {
  return Math.min(shoppers, exclusive ? Math.min(1, stock) : stock);
}

function brokenBy(
  options: ContestOptions,
  attempts: readonly Attempt[],
  levels: readonly Levels[],
): string[] {
  const granted = attempts.filter(({ status }) => status === 201).length;
  const refused = attempts.filter(({ status }) => status === 409).length;
  const odd = attempts.filter(({ status }) => status !== 201 && status !== 409);
  const oddStatuses = [...new Set(odd.map(({ status, code }) => `${status} ${code ?? ""}`.trim()))];
  const expected = expectedGrants(options);
  return [
    ...(granted === expected ? [] : [`${granted} orders were granted instead of ${expected}`]),
    ...(granted + refused === attempts.length
      ? []
      : [`${odd.length} answers were neither 201 nor 409: ${oddStatuses.join(", ")}`]),
    ...levels
      .filter(({ held }) => held !== granted)
      .map(({ itemId, held }) => {
        return `${itemId}: ${held} units are held for ${granted} orders`;
      }),
  ];
}

/** Runs a contest and hands back what happened; `broken` is empty when everything held. */
export async function runContest(options: ContestOptions): Promise<Contest> {
  const call = createCaller(options);
  const itemIds = await createItems(call, options);
  const attempts: Attempt[] = [];
  const broken = new Set<string>();
  const startMs = performance.now();

  async function order(shopper: number): Promise<void> {
    const startedMs = performance.now() - startMs;
    const items = itemIds.map((itemId) => ({ itemId, quantity: 1 }));
    const answer = await call(`POST /order/race-shopper-${shopper}`, {
      items,
      paymentMethod: "sandbox",
    });
    const tookMs = performance.now() - startMs - startedMs;
    const { status, headers, body } = answer;
    attempts.push({ status, code: body.code, startedMs, tookMs, ...costIn(headers) });
    options.onProgress(attempts.length);
  }

  let next = 0;
  async function orderSome(): Promise<void> {
    while (next < options.shoppers) {
      next += 1;
      await order(next);
    }
  }

  let looks = 0;
  async function watch(): Promise<void> {
    while (attempts.length < options.shoppers && broken.size === 0) {
      for (const levels of await fetchLevels(call, itemIds)) {
        for (const problem of lawBrokenBy(levels)) broken.add(`while racing, ${problem}`);
      }
      looks += 1;
      await sleep(50);
    }
  }

  const lanes = Math.min(options.atOnce, options.shoppers);
  const racing = Promise.all(Array.from({ length: lanes }, orderSome));
  await Promise.all([racing, watch()]);
  const tookMs = performance.now() - startMs;
  const levels = await fetchLevels(call, itemIds);
  const problems = [...levels.flatMap(lawBrokenBy), ...brokenBy(options, attempts, levels)];
  return { attempts, tookMs, levels, looks, broken: [...broken, ...problems] };
}
