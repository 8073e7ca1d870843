/**
 * How long requests of up to 6 MB take to be answered, each next to the same bytes sent to a bare server that reads and
 * drops them. `node bench/large-requests.ts [5000]` prints what came of it; bodies.md keeps it. One at a time, so that the
 * processor time between question and answer is that of this one request, whatever else the machine is doing.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, loadavg } from "node:os";
import { ensureJava } from "../local/database/java.ts";
import { startHoldfast } from "../local/holdfast.ts";
import { seededRandom } from "../test/sim/random.ts";
import { inParallel } from "../test/support/http.ts";
import { bodyRoutes, drawLargeRequests, mostAnswerBytes } from "../test/support/large-bodies.ts";

const count = Number(process.argv[2] ?? 5_000);
const slowMs = 2_000;
const onProgress = (text: string): void => console.error(`  ${text}`);

interface Taken {
  readonly what: string;
  readonly status: number;
  readonly bytes: number;
  readonly answerBytes: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly bareMs: number;
}

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly token: string;
}

async function send({ method, url, body, token }: Sent) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  const response = await fetch(url, { method, headers, body });
  const text = await response.text();
  const ms = performance.now() - startedMs;
  // Of all threads: client, runner and function.
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  return { status: response.status, answerBytes: Buffer.byteLength(text), ms, cpuMs };
}

const bare = createServer((request, response) => {
  request.on("end", () => response.writeHead(413).end("{}")).resume();
});

async function measureAll(): Promise<Taken[]> {
  await ensureJava(onProgress, new AbortController().signal);
  await new Promise<void>((settle) => {
    bare.listen(0, "127.0.0.1", settle);
  });
  const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`;
  const holdfast = await startHoldfast({ port: 0, context: { sweep: "off" }, onProgress });
  try {
    const token = await holdfast.token("root", ["admin"]);
    const sendTo = (route: string, body: string) => {
      const [method = "", path = ""] = route.split(" ");
      return send({ method, url: `${holdfast.url}${path}`, body, token });
    };
    // Every function has started before anything is measured.
    await inParallel(bodyRoutes, 4, (route) => sendTo(route, "{}"));
    const all: Taken[] = [];
    for (const { route, makeBody } of drawLargeRequests(seededRandom(13), count)) {
      const body = makeBody();
      const told = await sendTo(route, body);
      const { ms: bareMs } = await send({ method: "POST", url: bareUrl, body, token });
      all.push({ what: route, bytes: Buffer.byteLength(body), bareMs, ...told });
      if (all.length % 500 === 0) onProgress(`${all.length} requests`);
    }
    return all;
  } finally {
    await holdfast.stop();
    bare.close();
  }
}

function render(all: readonly Taken[]): string {
  const sorted = all.toSorted((one, other) => one.ms - other.ms);
  const at = (share: number): Taken => sorted[Math.floor(share * (sorted.length - 1))]!;
  const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
  const longest = sorted.slice(-5).toReversed();
  const ratios = all.map((each) => each.ms / each.bareMs).toSorted((one, other) => one - other);
  const tooMuch = all.filter(
    ({ status, answerBytes }) => status >= 400 && answerBytes > mostAnswerBytes,
  );
  const [largest] = all
    .filter(({ status }) => status >= 400)
    .toSorted((one, other) => other.answerBytes - one.answerBytes);
  return [
    `${all.length} requests, ${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)} at the end:`,
    `5xx: ${all.filter(({ status }) => status >= 500).length}`,
    `refused: ${all.filter(({ status }) => status >= 400).length}, with more than 64 KB: ${tooMuch.length}, the longest ${largest?.answerBytes ?? 0} bytes`,
    `over ${slowMs / 1000} s: ${all.filter((each) => each.ms > slowMs).length}; bare, over ${slowMs / 1000} s: ${all.filter((each) => each.bareMs > slowMs).length}`,
    `processor time: the most ${ms(Math.max(...all.map((each) => each.cpuMs)))} ms, over ${slowMs / 1000} s: ${all.filter((each) => each.cpuMs > slowMs).length}`,
    `median ${ms(at(0.5).ms)} ms, 99 of 100 within ${ms(at(0.99).ms)} ms; next to bare, median ${ratios[Math.floor(ratios.length / 2)]!.toFixed(1)} times`,
    "",
    "| longest | bytes | status | ms | processor (ms) | bare, same bytes (ms) |",
    "| --- | --- | --- | --- | --- | --- |",
    ...longest.map(
      (each) =>
        `| ${each.what} | ${each.bytes.toLocaleString("en-US")} | ${each.status} | ${ms(each.ms)} | ${ms(each.cpuMs)} | ${ms(each.bareMs)} |`,
    ),
  ].join("\n");
}

console.log(render(await measureAll()));
