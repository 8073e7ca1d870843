/** Lambda's rules for stream batches that fail, in part or as a whole. */
import { describe, expect, test } from "vitest";
import {
  deliver,
  type DeliveryOutcome,
  type DeliveryRules,
} from "../../../local/jobs/batch-delivery.ts";

const defaults: DeliveryRules = {
  bisectOnError: true,
  reportsItemFailures: true,
  maximumRetries: 2,
  maximumAgeSeconds: -1,
  retryDelayMs: 0,
};

/** Delivers records 1 to `count` and tells which batches the function saw and which records were given up. */
async function run(
  count: number,
  answer: (names: string[], call: number) => DeliveryOutcome,
  rules: Partial<DeliveryRules> = {},
) {
  const batches: string[][] = [];
  const lost: { names: string[]; condition: string; attempts: number }[] = [];
  const records = Array.from({ length: count }, (_, index) => ({
    dynamodb: { SequenceNumber: String(index + 1), ApproximateCreationDateTime: 0 },
  }));
  const namesOf = (some: typeof records) => some.map(({ dynamodb }) => dynamodb.SequenceNumber);
  await deliver(
    records,
    { ...defaults, ...rules },
    {
      invoke(some) {
        batches.push(namesOf(some));
        return Promise.resolve(answer(namesOf(some), batches.length));
      },
      giveUp: (some, condition, attempts) =>
        lost.push({ names: namesOf(some), condition, attempts }),
      hasStopped: () => false,
    },
  );
  return { batches: batches.map((names) => names.join("")), lost };
}

const failedAt = (...names: string[]): DeliveryOutcome => ({
  result: JSON.stringify({
    batchItemFailures: names.map((itemIdentifier) => ({ itemIdentifier })),
  }),
});
const crashed: DeliveryOutcome = { error: { errorType: "Error", errorMessage: "no" } };

describe("a batch", () => {
  test("that succeeds is delivered once", async () => {
    expect(await run(3, () => ({ result: "null" }))).toEqual({ batches: ["123"], lost: [] });
    expect(await run(3, () => failedAt())).toEqual({ batches: ["123"], lost: [] });
  });

  test("that fails in part is repeated from the first failed record on", async () => {
    const { batches, lost } = await run(5, (_, call) => (call === 1 ? failedAt("4", "3") : {}));
    expect(batches).toEqual(["12345", "345"]);
    expect(lost).toEqual([]);
  });

  test("with one poisoned record loses that one only, when the function crashes on it at the front", async () => {
    const { batches, lost } = await run(5, (names) => {
      if (names[0] === "3") return crashed;
      return names.includes("3") ? failedAt("3") : {};
    });
    expect(lost).toEqual([{ names: ["3"], condition: "RetryAttemptsExhausted", attempts: 3 }]);
    expect(batches).toEqual(["12345", "345", "34", "3", "3", "3", "4", "5"]);
  });

  test("is given up as a whole when the function only ever reports its first record", async () => {
    const { batches, lost } = await run(3, () => failedAt("1"));
    expect(batches).toEqual(["123", "123", "123"]);
    expect(lost.map(({ names }) => names.join(""))).toEqual(["123"]);
  });

  test("that crashes is halved without counting it as a retry", async () => {
    const { batches } = await run(4, (names) => (names.length > 1 ? crashed : {}));
    expect(batches).toEqual(["1234", "12", "1", "2", "34", "3", "4"]);
  });

  test("that crashes is repeated as it is when it may not be halved", async () => {
    const { batches, lost } = await run(2, () => crashed, { bisectOnError: false });
    expect(batches).toEqual(["12", "12", "12"]);
    expect(lost).toHaveLength(1);
  });

  test.each(['{"batchItemFailures":[{"itemIdentifier":"9"}]}', '{"batchItemFailures":7}', "{"])(
    "with the senseless answer %s is repeated as a whole",
    async (result) => {
      const { batches } = await run(2, (_, call) => (call === 1 ? { result } : {}));
      expect(batches).toEqual(["12", "12"]);
    },
  );

  test("that is too old is given up untried", async () => {
    const { batches, lost } = await run(1, () => ({}), { maximumAgeSeconds: 60 });
    expect(batches).toEqual([]);
    expect(lost[0]?.condition).toBe("RecordAgeExceeded");
  });
});
