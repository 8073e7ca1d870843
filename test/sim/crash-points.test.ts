/** Every route and job may stop at any of its requests. */
import { expect, test } from "vitest";
import { endpoints } from "../../shared/api/index.ts";
import { sceneNames, tryCrashPoints } from "./crash-points.ts";
import { describeViolation } from "./simulate.ts";
import { effort } from "../support/effort.ts";

/** One in so many; odd, so that both sides of requests are among them. */
const every = effort({ part: 5, all: 1 });

/** Routes that write by nothing but what another one writes by. */
const sameAsAnother = new Map([
  ["POST /payment/verify", "settles as the webhook does"],
  ["POST /sandbox/pay", "reads, and sends the webhook"],
  ["POST /api/v1/test/inventory/test-decrement", "the ledger's decrement; not in production"],
  ["POST /api/v1/test/inventory/test-concurrent-access", "takes a lock; not in production"],
  ["POST /admin/webhooks/{endpointId}/test", "calls, and writes nothing"],
  ["POST /api/v1/test/locks/clear-test-locks", "ends locks by force; not in production"],
]);

test("every route that writes is among them", () => {
  const writing = endpoints.filter(({ method }) => method !== "GET");
  const missing = writing
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !sameAsAnother.has(route))
    .filter((route) => !sceneNames.some((name) => name.split(/,| and /)[0] === route));
  expect(missing).toEqual([]);
});

test(
  "a process that stops at any request of any route or job leaves nothing lost or doubled",
  { timeout: 3_000_000 },
  async () => {
    const tried = await tryCrashPoints(every);
    const broken = tried.flatMap(({ scene, request, where, result }) =>
      result.violation
        ? [`${scene}, ${where} request ${request}: ${describeViolation(result.violation)}`]
        : [],
    );
    expect(broken.slice(0, 3)).toEqual([]);
    expect(tried.length).toBeGreaterThan(150 / every);
  },
);
