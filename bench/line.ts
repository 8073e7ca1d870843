/**
 * A line of people for one lock: ours through HTTP and a WebSocket, and `redlock` on a Redis of this machine, in one run.
 * `node bench/line.ts [waiters] [rounds]` prints and keeps the result; it starts `redis-server` (Debian's package) and ends it.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startHoldfast } from "../local/holdfast.ts";
import { newRedlock, startRedis } from "./neighbours/redlock.ts";

const waiters = Number(process.argv[2] ?? 30);
const rounds = Number(process.argv[3] ?? 5);
/** Every third one is gone as soon as he has joined. */
const isGone = (index: number): boolean => index % 3 === 2;
/** A place lasts so long without being asked for. */
const placeMs = 15_000;
/** How long somebody has the lock in the comparison. */
const keepMs = 5;

const server = await startHoldfast({
  port: 0,
  context: { sweep: "off", maxOpenOrders: "50" },
  maxWorkers: 2,
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, never>;
  readonly requests: number;
  readonly tookMs: number;
}

async function send(route: string, as: string, body?: object): Promise<Answer> {
  const [method, path] = route.split(" ") as [string, string];
  const headers = { authorization: `Bearer ${await server.token(as)}` };
  const init = body
    ? { body: JSON.stringify(body), headers: { ...headers, "content-type": "application/json" } }
    : { headers };
  const startedMs = performance.now();
  const response = await fetch(server.url + path, { method, ...init });
  const answer = (await response.json()) as Record<string, never>;
  const tookMs = performance.now() - startedMs;
  const requests = Number(/desc="(\d+) req/.exec(response.headers.get("server-timing") ?? "")?.[1]);
  return { status: response.status, body: answer, requests, tookMs };
}

/** One who waits, and the instants at which he was told of a turn. */
interface Waiter {
  readonly name: string;
  readonly socket: WebSocket;
  ticket: string;
  toldAtMs: number | undefined;
}

async function openWaiter(name: string): Promise<Waiter> {
  const { body } = await send("GET /live", name);
  const socket = new WebSocket(body["url"]!);
  await once(socket, "open");
  const waiter: Waiter = { name, socket, ticket: "", toldAtMs: undefined };
  socket.addEventListener("message", ({ data }) => {
    const told = JSON.parse(String(data)) as { type: string; data?: { ticket?: string } };
    const isTurn = told.type === "lock.granted" && told.data?.ticket === waiter.ticket;
    if (isTurn) waiter.toldAtMs ??= performance.now();
  });
  return waiter;
}

async function follow(waiter: Waiter, docId: string): Promise<void> {
  const answered = once(waiter.socket, "message");
  waiter.socket.send(JSON.stringify({ type: "subscribe", topics: [`lock/document/${docId}`] }));
  await answered;
}

const pushMs: number[] = [];
const bareMs: number[] = [];
const counts = {
  release: new Set<number>(),
  join: new Set<number>(),
  keep: new Set<number>(),
  alone: new Set<number>(),
};
let inOrder = 0;

/** The lock goes along the line; the dead joined so long ago that their places are over. */
async function playRound(people: readonly Waiter[], docId: string): Promise<void> {
  await send("POST /api/lock/acquire", "owner", { docId, ttl: 600 });
  for (const waiter of people) {
    waiter.toldAtMs = undefined;
    const joined = await send("POST /api/lock/acquire", waiter.name, {
      docId,
      queue: true,
      ttl: 60,
    });
    counts.join.add(joined.requests);
    waiter.ticket = joined.body["ticket"]!;
    await follow(waiter, docId);
  }
  const asking = (waiter: Waiter) =>
    send(`GET /api/lock/queue?docId=${docId}&ticket=${waiter.ticket}`, waiter.name);
  const living = people.filter((_, index) => !isGone(index));
  const deadAtMs = performance.now() + placeMs + 500;
  while (performance.now() < deadAtMs) {
    for (const waiter of living) counts.keep.add((await asking(waiter)).requests);
    await pause(1_000);
  }
  let owner = "owner";
  for (const [place, waiter] of living.entries()) {
    bareMs.push((await send(`GET /api/lock/status?docId=${docId}`, owner)).tookMs);
    const sentAtMs = performance.now();
    counts.release.add((await send("POST /api/lock/release", owner, { docId })).requests);
    while (waiter.toldAtMs === undefined) await pause(1);
    pushMs.push(waiter.toldAtMs - sentAtMs);
    const isNext = living.slice(place + 1).every(({ toldAtMs }) => toldAtMs === undefined);
    if (isNext && (await asking(waiter)).status === 200) inOrder += 1;
    owner = waiter.name;
  }
  counts.alone.add((await send("POST /api/lock/release", owner, { docId })).requests);
}

/** How long somebody is gone who waits, and for how long his place is kept, in seconds. */
interface Absence {
  readonly placeTtl: number;
  readonly goneMs: number;
  /** He says so. */
  readonly isLeaving?: boolean;
}

let absences = 0;

/** From release to grant for who comes after somebody who is gone, asking every quarter of a second. */
async function measureAbsence({ placeTtl, goneMs, isLeaving }: Absence): Promise<number> {
  const docId = `absent-${(absences += 1)}`;
  const queue = (who: string) =>
    send("POST /api/lock/acquire", who, { docId, queue: true, ttl: 60, placeTtl });
  await send("POST /api/lock/acquire", "owner", { docId, ttl: 600 });
  const query = async (who: string) => `docId=${docId}&ticket=${(await queue(who)).body["ticket"]}`;
  const gone = await query("gone");
  if (isLeaving) await send(`DELETE /api/lock/queue?${gone}`, "gone");
  const next = await query("next");
  const ask = () => send(`GET /api/lock/queue?${next}&placeTtl=${placeTtl}`, "next");
  for (const untilMs = performance.now() + goneMs; performance.now() < untilMs;) {
    await ask();
    await pause(Math.min(1_000, Math.max(0, untilMs - performance.now())));
  }
  await send("POST /api/lock/release", "owner", { docId });
  const releasedMs = performance.now();
  while ((await ask()).status !== 200) await pause(250);
  return (performance.now() - releasedMs) / 1_000;
}

/** `redlock` for the same: everybody tries until he has it; who came first is not known to it. */
async function playRedlock() {
  const redis = await startRedis();
  const arrivals: number[] = [];
  const freeMs: number[] = [];
  let requests = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const { redlock, counted } = newRedlock(redis.client, waiters * 40);
      const name = `doc-${round}`;
      let held = await redlock.lock(name, 60_000);
      let freedAtMs = 0;
      const everybody = Array.from({ length: waiters }, async (_, index) => {
        await pause(index * 5);
        if (isGone(index)) return;
        const lock = await redlock.lock(name, 60_000);
        freeMs.push(performance.now() - freedAtMs);
        arrivals.push(index);
        await pause(keepMs);
        freedAtMs = performance.now();
        await lock.unlock();
      });
      await pause(waiters * 5 + 300);
      freedAtMs = performance.now();
      await held.unlock();
      await Promise.all(everybody);
      requests += counted();
    }
  } finally {
    await redis.stop();
  }
  const living = Array.from({ length: waiters }, (_, index) => index).filter(
    (index) => !isGone(index),
  );
  const right = arrivals.filter((index, at) => living[at % living.length] === index).length;
  return { right, freeMs, perHandOver: requests / arrivals.length, of: arrivals.length };
}

function middle(values: readonly number[], share = 0.5): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * share)]!;
}

const list = (values: ReadonlySet<number>): string =>
  [...values].toSorted((a, b) => a - b).join(", ");
const ms = (value: number): string => value.toFixed(1);
const seconds = (value: number): string => value.toFixed(2);

try {
  const people: Waiter[] = [];
  await send("POST /api/lock/acquire", "owner", { docId: "warm" });
  for (let index = 0; index < waiters; index += 1) people.push(await openWaiter(`waiter-${index}`));
  for (let round = 0; round < rounds; round += 1) {
    await playRound(people, `line-${round}`);
    console.log(`Round ${round + 1} of ${rounds}: ${ms(middle(pushMs))} ms to the push`);
  }
  const absent = {
    left: await measureAbsence({ placeTtl: 6, goneMs: 0, isLeaving: true }),
    justNow: await measureAbsence({ placeTtl: 6, goneMs: 0 }),
    longer: await measureAbsence({ placeTtl: 6, goneMs: 7_000 }),
    usual: await measureAbsence({ placeTtl: 15, goneMs: 0 }),
    usualLonger: await measureAbsence({ placeTtl: 15, goneMs: 16_000 }),
  };
  console.log("Seconds lost to who is gone:", absent);
  const theirs = await playRedlock();
  const report = `# A line for one lock

\`node bench/line.ts ${waiters} ${rounds}\`, on ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}: ${waiters} people wait for one
lock, in ${rounds} rounds, every third of them gone since he joined. Ours through HTTP, DynamoDB Local and a WebSocket for each who
waits; redlock 4.2.0 by ioredis on a Redis 7 of the same machine. Load average at the end: ${loadavg()[0]!.toFixed(1)};
where it is above the number of processors, look at the ratio to the bare call.

|                                             | Holdfast                                                        | redlock 4.2.0                                  | Redisson's fair lock, as documented  |
| ------------------------------------------- | --------------------------------------------------------------- | ---------------------------------------------- | ------------------------------------ |
| turns in order of arrival among the living  | ${inOrder} of ${pushMs.length}                                  | ${theirs.right} of ${theirs.of}: no line       | yes                                  |
| who is gone costs the others, at most        | the rest of the place: ≤ 6 s (the client), ≤ 15 s (who says nothing); 0 s after it | nothing: nobody waits for a turn | 5 s each           |
| … left, by \`DELETE\` or with the page         | ${seconds(absent.left)} s                                       |                                                |                                      |
| … dead since a moment before the release    | ${seconds(absent.justNow)} s (6 s place), ${seconds(absent.usual)} s (15 s place) |                              | 5 s                                  |
| … dead for longer than the place lasts      | ${seconds(absent.longer)} s (6 s place), ${seconds(absent.usualLonger)} s (15 s place) |                         | 5 s                                  |
| requests of a hand-over                     | ${list(counts.release)} to release, 2 to claim                  | ${theirs.perHandOver.toFixed(1)} with all attempts | by pub/sub                       |
| requests: join, keep a place, release alone | ${list(counts.join)}; ${list(counts.keep)}; ${list(counts.alone)} |                                              |                                      |
| from release to known to the next, median   | ${ms(middle(pushMs))} ms by push (p95 ${ms(middle(pushMs, 0.95))})  | ${ms(middle(theirs.freeMs))} ms by trying again | |
| the same, next to a bare call of this run   | ${(middle(pushMs) / middle(bareMs)).toFixed(1)} × ${ms(middle(bareMs))} ms (\`GET /api/lock/status\`) | | |

Who waits says how long the place is kept without being asked for (\`placeTtl\`, 3 to 15 s). A turn is kept for as long
as its place would have been, and for 3 s at least; the client asks every 1 to 3 s, says 6 s, and leaves when it is cancelled or its page goes away.

The time is from before the release is sent until the WebSocket of whoever is next has told him. Redis answers in less than a
millisecond, from memory; the comparison is of what waiting is like, not of the databases. redlock is not kept up any more
(its last release is of 2022); it has no line by design.
`;
  console.log(report);
  writeFileSync(join(import.meta.dirname, "line.md"), report);
  for (const { socket } of people) socket.close();
} finally {
  await server.stop();
}
