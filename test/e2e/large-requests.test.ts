/** Requests of any size up to what API Gateway lets in: refused in few words, and never with a 5xx. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../sim/random.ts";
import { effort } from "../support/effort.ts";
import { inParallel } from "../support/http.ts";
import { drawLargeRequests, mostAnswerBytes } from "../support/large-bodies.ts";
import { startServer, type TestServer } from "../support/server.ts";

// How long each takes is measured by bench/large-requests.ts, which sends 5,000.
const requestCount = effort({ part: 40, all: 1_500 });
const sideBySide = 4;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" } });
});
afterAll(async () => {
  await server?.stop();
});

test(`${requestCount} requests of up to 6 MB are answered in few words, without a 5xx`, async () => {
  const cases = drawLargeRequests(seededRandom(13), requestCount);
  const objections = await inParallel(cases, sideBySide, async ({ route, bytes, makeBody }) => {
    const told = await server.call(route, { as: "root", groups: ["admin"], body: makeBody() }).then(
      ({ status, body }) => ({ status, size: Buffer.byteLength(JSON.stringify(body)) }),
      (error: Error) => String(error.cause ?? error),
    );
    if (typeof told === "string") return [`${told}: ${route} of ${bytes} bytes`];
    const isFine = told.status < 500 && (told.status < 400 || told.size <= mostAnswerBytes);
    return isFine ? [] : [`${told.status} with ${told.size} bytes: ${route} of ${bytes} bytes`];
  });
  expect(objections.flat()).toEqual([]);
}, 3_600_000);
