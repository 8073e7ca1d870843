/** Requests of any size up to what API Gateway lets in: refused in few words, and never with a 5xx. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpoints } from "../../shared/api/index.ts";
import { seededRandom } from "../sim/random.ts";
import { effort } from "../support/effort.ts";
import { inParallel } from "../support/http.ts";
import { startServer, type TestServer } from "../support/server.ts";

const requestCount = effort({ part: 40, all: 1_500 });
const sideBySide = 4;
const largest = 6 * 1024 * 1024;
/** What a refusal may take; a list of everything that is wrong would be many times what was sent. */
const mostAnswerBytes = 64 * 1024;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" } });
  // Every function has started before anything is measured.
  await Promise.all(routes.map((route) => server.call(route, { as: "root", groups: ["admin"] })));
});
afterAll(async () => {
  await server?.stop();
});

const random = seededRandom(13);
const routes = endpoints
  .filter(({ method }) => method !== "GET" && method !== "DELETE")
  .map(
    ({ method, path }) => `${method} ${path.replace("{userId}", "me").replaceAll(/\{\w+\}/g, "x")}`,
  );

/** A text of about so many bytes: much of one thing, as nobody's client would send it. */
function bodyOf(bytes: number): string {
  const many = (unit: string, join = ""): string => {
    const count = Math.max(1, Math.floor(bytes / (unit.length + join.length)));
    return Array.from({ length: count }, () => unit).join(join);
  };
  const kind = random.pick(["objects", "lines", "deep", "text", "keys", "nulls", "junk"] as const);
  if (kind === "objects") return `[${many("{}", ",")}]`;
  if (kind === "lines") return `{"items":[${many('{"itemId":5}', ",")}]}`;
  if (kind === "deep") return `{"content":${"[".repeat(bytes / 2)}${"]".repeat(bytes / 2)}}`;
  if (kind === "text") return JSON.stringify({ note: many("x"), content: "y" });
  if (kind === "nulls") return `{"names":[${many("null", ",")}]}`;
  if (kind === "junk") return many('{"a":');
  const entries = Array.from({ length: Math.floor(bytes / 16) }, (_, at) => `"key${at}":${at}`);
  return `{${entries.join(",")}}`;
}

test(`${requestCount} requests of up to 6 MB are answered in few words, without a 5xx`, async () => {
  const cases = Array.from({ length: requestCount }, () => {
    // As many small ones as large ones: what is just within a route's limit costs the most.
    const bytes = Math.floor(2 ** random.int(8, 22) * (1 + random.next() * 0.5));
    return {
      route: random.pick(routes),
      bytes: Math.min(bytes, largest),
      seed: random.int(0, 1e9),
    };
  });
  const tookMs: number[] = [];
  const objections = await inParallel(cases, sideBySide, async ({ route, bytes }) => {
    const body = bodyOf(bytes);
    const startedMs = performance.now();
    const told = await server.call(route, { as: "root", groups: ["admin"], body }).then(
      ({ status, body: answer }) => ({ status, size: Buffer.byteLength(JSON.stringify(answer)) }),
      (error: Error) => String(error.cause ?? error),
    );
    tookMs.push(performance.now() - startedMs);
    if (typeof told === "string") return [`${told}: ${route} of ${bytes} bytes`];
    const isFine = told.status < 500 && (told.status < 400 || told.size <= mostAnswerBytes);
    return isFine ? [] : [`${told.status} with ${told.size} bytes: ${route} of ${bytes} bytes`];
  });
  const [longestMs, over] = [Math.max(...tookMs), tookMs.filter((each) => each > 2_000).length];
  // Told, not asserted: how long it takes is this machine's affair.
  console.info(
    `${requestCount} large requests: ${over} took over 2 s, the slowest ${Math.round(longestMs)} ms`,
  );
  expect(objections.flat()).toEqual([]);
}, 3_600_000);
