/** The contract of the test routes, which a production stack does not have. */
import { z } from "zod";
import { lockView } from "./admin.ts";
import { endpoint } from "./endpoint.ts";
import { identifier } from "./fields.ts";

const trial = { function: "trials", access: "admin", outsideProduction: true } as const;

const times = z
  .object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
  .describe("Milliseconds.");

/** `POST /api/v1/test/inventory/test-decrement` */
export const testDecrement = endpoint(
  "testDecrement",
  "POST",
  "/api/v1/test/inventory/test-decrement",
  {
    ...trial,
    summary: "Sell an item many times in parallel and tell what came of it.",
    body: z.strictObject({
      itemId: identifier,
      quantity: z.int().min(1).max(1_000).default(1),
      concurrency: z.int().min(1).max(1_000).default(10),
    }),
    example: { itemId: "chair", quantity: 1, concurrency: 50 },
    answers: {
      200: z.object({
        itemId: z.string(),
        attempts: z.int(),
        successes: z.int(),
        refusals: z.int(),
        finalLevel: z.int(),
        responseTimesMs: times,
      }),
    },
    errors: ["ITEM_NOT_FOUND"],
  },
);

/** `POST /api/v1/test/inventory/test-concurrent-access` */
export const testConcurrentAccess = endpoint(
  "testConcurrentAccess",
  "POST",
  "/api/v1/test/inventory/test-concurrent-access",
  {
    ...trial,
    summary: "Let contenders hold one unit of an item at the same time and tell who was let in.",
    body: z.strictObject({
      itemId: identifier,
      holdMs: z.int().min(1).max(10_000).default(1_000),
      contenders: z.int().min(1).max(500).default(10),
    }),
    example: { itemId: "chair", holdMs: 1_000, contenders: 10 },
    answers: {
      200: z.object({
        itemId: z.string(),
        contenders: z.int(),
        granted: z.int(),
        refused: z.int(),
        reasons: z.record(z.string(), z.int()),
        finalLevel: z.int(),
        responseTimesMs: times,
      }),
    },
    errors: ["ITEM_NOT_FOUND"],
  },
);

/** `GET /api/v1/test/locks/status` */
export const testLockStatus = endpoint("testLockStatus", "GET", "/api/v1/test/locks/status", {
  ...trial,
  summary: "The live locks whose names begin with `test`, up to 100.",
  answers: { 200: z.object({ activeLocks: z.int(), locks: z.array(lockView) }) },
});

/** `POST /api/v1/test/locks/clear-test-locks` */
export const clearTestLocks = endpoint(
  "clearTestLocks",
  "POST",
  "/api/v1/test/locks/clear-test-locks",
  {
    ...trial,
    summary: "End every live lock whose name begins with `test`.",
    body: z.strictObject({}),
    answers: { 200: z.object({ success: z.literal(true), releasedLocks: z.int() }) },
  },
);

/** The endpoints of this domain. */
export const trialEndpoints = [
  testDecrement,
  testConcurrentAccess,
  testLockStatus,
  clearTestLocks,
] as const;
