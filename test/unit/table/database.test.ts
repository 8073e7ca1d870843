/** What the database does when DynamoDB is busy, silent or refuses; faults come from a scripted client. */
import { marshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, it } from "vitest";
import { HoldfastError, InvalidRequest, TooLarge, TryAgain } from "../../../shared/base/errors.ts";
import { createDatabase } from "../../../shared/table/database.ts";
import { exists, isMissing, pathsOf } from "../../../shared/table/expression.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";
import { transactTolerating } from "../../../shared/table/tolerating.ts";
import { TransactionRefused } from "../../../shared/table/transaction.ts";
import { put, type Row, update, type Write } from "../../../shared/table/write.ts";
import { createTestClock } from "../../support/clock.ts";

const at = pathsOf<{ readonly id: string; readonly x?: string }>();

type Reply = Record<string, unknown> | Error;

function sdkError(name: string, more: Record<string, unknown> = {}): Error {
  const $metadata = { httpStatusCode: 400 };
  return Object.assign(new Error(String(more["message"] ?? name)), { name, $metadata, ...more });
}

const lostAnswer = (): Error => Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

/** A database over a client that gives these replies, one a request. */
function scripted(replies: readonly Reply[]) {
  const time = createTestClock();
  const sent: Record<string, unknown>[] = [];
  const sleeps: number[] = [];
  const client = {
    send: async (command: { input: Record<string, unknown> }) => {
      sent.push(command.input);
      const reply = replies[sent.length - 1];
      if (!reply) throw new Error("One request more than expected");
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  const database = createDatabase({
    client: client as never,
    tableName: (table) => `T-${table}`,
    clock: time.clock,
    random: () => 0.5,
    sleep: async (durationMs) => {
      sleeps.push(durationMs);
      time.advance(durationMs);
    },
  });
  return { database, sent, sleeps, time };
}

class Refused extends HoldfastError {
  constructor(found: Row | undefined) {
    super("REFUSED", "refused", { found });
  }
}

const newItem: Write = put({
  table: "Stock",
  key: { id: "a" },
  item: { id: "a" },
  condition: isMissing(at("id")),
  refused: (found) => new Refused(found),
});

const oldItem: Write = update({
  table: "Stock",
  key: { id: "b" },
  change: { remove: [at("x")] },
  condition: exists(at("id")),
  refused: (found) => new Refused(found),
});

describe("a single write", () => {
  it("resolves to the item as it is afterwards", async () => {
    const { database } = scripted([{ Attributes: { id: "b", n: 2 } }]);
    expect(await database.apply(oldItem)).toEqual({ id: "b", n: 2 });
  });

  it("throws its own error with the item that refused it", async () => {
    const { database } = scripted([
      sdkError("ConditionalCheckFailedException", { Item: marshall({ id: "b" }) }),
    ]);
    await expect(database.apply(oldItem)).rejects.toMatchObject({ fields: { found: { id: "b" } } });
  });

  it("is tried again when DynamoDB is busy, with full jitter under a doubling cap", async () => {
    const busy = sdkError("ThrottlingException");
    const { database, sleeps } = scripted([busy, busy, busy, { Attributes: {} }]);
    await database.apply(oldItem);
    expect(sleeps).toEqual([10, 20, 40]);
  });

  it("recognises its own effect after a lost answer", async () => {
    const mine = { ...oldItem, applied: (found?: Row) => found?.["by"] === "me" } as Write;
    const refusedByMe = sdkError("ConditionalCheckFailedException", {
      Item: marshall({ by: "me" }),
    });
    const { database } = scripted([lostAnswer(), refusedByMe]);
    expect(await database.apply(mine)).toEqual({ by: "me" });
  });

  it("does not take somebody else's effect for its own", async () => {
    const mine = { ...oldItem, applied: (found?: Row) => found?.["by"] === "me" } as Write;
    const refusedByOther = sdkError("ConditionalCheckFailedException", {
      Item: marshall({ by: "other" }),
    });
    const { database } = scripted([lostAnswer(), refusedByOther]);
    await expect(database.apply(mine)).rejects.toBeInstanceOf(Refused);
  });

  it("does not ask for its own effect when no answer was lost", async () => {
    const mine = { ...oldItem, applied: () => true } as Write;
    const refusal = sdkError("ConditionalCheckFailedException", { Item: marshall({ by: "me" }) });
    await expect(scripted([refusal]).database.apply(mine)).rejects.toBeInstanceOf(Refused);
  });
});

it("an error that never left this process is not tried again", async () => {
  const { database, sent } = scripted([new TypeError("cannot be marshalled")]);
  await expect(database.apply(oldItem)).rejects.toThrow("cannot be marshalled");
  expect(sent).toHaveLength(1);
});

describe("when time is up", () => {
  it("contention ends in TRY_AGAIN, for nothing was changed", async () => {
    const busy = sdkError("TransactionCanceledException", {
      CancellationReasons: [{ Code: "TransactionConflict" }],
    });
    const { database, time } = scripted(Array.from({ length: 50 }, () => busy));
    const deadlineMs = time.clock() + 500;
    const work = runOperation({ meter: newMeter(), deadlineMs }, () =>
      database.transact([newItem]),
    );
    await expect(work).rejects.toBeInstanceOf(TryAgain);
    expect(time.clock()).toBeLessThan(deadlineMs);
  });

  it("meeting others ends when patience does, however much time is left", async () => {
    const busy = sdkError("TransactionCanceledException", {
      CancellationReasons: [{ Code: "TransactionConflict" }],
    });
    const { database, time } = scripted(Array.from({ length: 500 }, () => busy));
    const patientUntilMs = time.clock() + 3_000;
    const operation = { meter: newMeter(), deadlineMs: time.clock() + 28_000, patientUntilMs };
    const work = runOperation(operation, () => database.transact([newItem]));
    await expect(work).rejects.toBeInstanceOf(TryAgain);
    expect(time.clock()).toBeLessThan(patientUntilMs);
  });

  it("a pause that would outlast the patience is a shorter one, once", async () => {
    const busy = sdkError("ThrottlingException");
    const attemptIn = async (replies: Reply[]) => {
      const made = scripted(replies);
      const patientUntilMs = made.time.clock() + 500;
      const operation = { meter: newMeter(), deadlineMs: patientUntilMs + 9_000, patientUntilMs };
      const work = runOperation(operation, () => made.database.transact([newItem]));
      return { ...made, outcome: await work.then(String, (error: Error) => error) };
    };
    // Half of 20, 40 and so on; then 190 ms are left, and half of 640 would be more.
    const pauses = [10, 20, 40, 80, 160, 95];
    const through = await attemptIn([...pauses.map(() => busy), {}]);
    expect(through.sleeps).toEqual(pauses);
    expect(through.outcome).toBe("undefined");
    const inVain = await attemptIn(Array.from({ length: 50 }, () => busy));
    expect(inVain.sleeps).toEqual(pauses);
    expect(inVain.outcome).toBeInstanceOf(TryAgain);
  });

  it("a lost answer is found out beyond that patience", async () => {
    const answers = [...Array.from({ length: 9 }, lostAnswer), {}];
    const { database, sent, time } = scripted(answers);
    const operation = {
      meter: newMeter(),
      deadlineMs: time.clock() + 28_000,
      patientUntilMs: time.clock(),
    };
    await runOperation(operation, () => database.transact([newItem]));
    expect(sent).toHaveLength(10);
  });

  it("a lost answer is a fault and never said to have changed nothing", async () => {
    const { database, time } = scripted(Array.from({ length: 50 }, lostAnswer));
    const operation = { meter: newMeter(), deadlineMs: time.clock() + 500 };
    const error = await runOperation(operation, () => database.apply(newItem)).catch((e) => e);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(HoldfastError);
  });
});

describe("a read", () => {
  it("whose answers are all lost has changed nothing", async () => {
    const { database, time } = scripted(Array.from({ length: 50 }, lostAnswer));
    const operation = { meter: newMeter(), deadlineMs: time.clock() + 500 };
    const work = runOperation(operation, () => database.get("Stock", { id: "a" }));
    await expect(work).rejects.toBeInstanceOf(TryAgain);
  });

  it("does not hide that a write before it may have happened", async () => {
    const { database, time } = scripted(Array.from({ length: 99 }, lostAnswer));
    const operation = { meter: newMeter(), deadlineMs: time.clock() + 500 };
    const error = await runOperation(operation, async () => {
      await database.apply(newItem).catch(() => {});
      return database.get("Stock", { id: "a" }).catch((thrown) => thrown);
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(HoldfastError);
  });
});

describe("a transaction", () => {
  it("uses one token for all attempts", async () => {
    const { database, sent } = scripted([lostAnswer(), {}]);
    await database.transact([newItem, oldItem]);
    expect(sent[0]?.["ClientRequestToken"]).toBe(sent[1]?.["ClientRequestToken"]);
  });

  it("tells every write that failed, each with its own error and item", async () => {
    const { database } = scripted([
      sdkError("TransactionCanceledException", {
        CancellationReasons: [
          { Code: "None" },
          { Code: "ConditionalCheckFailed", Item: marshall({ id: "b" }) },
        ],
      }),
    ]);
    const refused = await database.transact([newItem, oldItem]).catch((error) => error);
    expect(refused).toBeInstanceOf(TransactionRefused);
    expect(refused.code).toBe("REFUSED");
    expect(refused.of(newItem)).toBeUndefined();
    expect(refused.of(oldItem).found).toEqual({ id: "b" });
  });

  it("looks again when a conflict may hide what the other reasons say", async () => {
    const mixed = sdkError("TransactionCanceledException", {
      CancellationReasons: [{ Code: "TransactionConflict" }, { Code: "ConditionalCheckFailed" }],
    });
    const { database, sent } = scripted([mixed, {}]);
    await database.transact([newItem, oldItem]);
    expect(sent).toHaveLength(2);
  });

  it("goes on without tolerated writes that are refused, and tells which", async () => {
    const refusedSecond = sdkError("TransactionCanceledException", {
      CancellationReasons: [{ Code: "None" }, { Code: "ConditionalCheckFailed" }],
    });
    const { database, sent } = scripted([refusedSecond, {}]);
    const leftOut = await transactTolerating(database, [newItem], [oldItem]);
    expect(leftOut).toEqual([oldItem]);
    expect(sent[1]?.["TransactItems"]).toHaveLength(1);
  });

  it("is refused as a whole when a required write is", async () => {
    const refusedFirst = sdkError("TransactionCanceledException", {
      CancellationReasons: [{ Code: "ConditionalCheckFailed" }, { Code: "ConditionalCheckFailed" }],
    });
    const { database } = scripted([refusedFirst]);
    await expect(transactTolerating(database, [newItem], [oldItem])).rejects.toBeInstanceOf(
      TransactionRefused,
    );
  });
});

describe("what a caller's input can cause", () => {
  it("an item past DynamoDB's size is too large, alone and in a transaction", async () => {
    const message = "Item size to update has exceeded the maximum allowed size";
    const alone = scripted([sdkError("ValidationException", { message })]);
    await expect(alone.database.apply(oldItem)).rejects.toBeInstanceOf(TooLarge);
    const together = scripted([
      sdkError("TransactionCanceledException", {
        CancellationReasons: [{ Code: "ValidationError", Message: message }],
      }),
    ]);
    await expect(together.database.transact([oldItem])).rejects.toBeInstanceOf(TooLarge);
  });

  it("a cursor that is none, or of another list, is named as the wrong field", async () => {
    const { database } = scripted([
      sdkError("ValidationException", { message: "The provided starting key is invalid" }),
    ]);
    const where = exists(at("id"));
    for (const cursor of ["%%%", "bnVsbA", Buffer.from('{"id":"z"}').toString("base64url")]) {
      const list = async () => database.query({ table: "Stock", where, limit: 1, cursor });
      await expect(list()).rejects.toBeInstanceOf(InvalidRequest);
    }
  });
});

describe("a batch read", () => {
  it("reads 100 keys a request and asks again for what was left out", async () => {
    const keys = Array.from({ length: 101 }, (_, index) => ({ id: `k${index}` }));
    const { database, sent } = scripted([
      {
        Responses: { "T-Stock": [{ id: "k0" }] },
        UnprocessedKeys: { "T-Stock": { Keys: [{ id: "k1" }] } },
      },
      { Responses: { "T-Stock": [{ id: "k1" }] } },
      { Responses: { "T-Stock": [{ id: "k100" }] } },
    ]);
    const rows = await database.getMany("Stock", keys);
    expect(rows.map((row) => row["id"])).toEqual(["k0", "k1", "k100"]);
    expect(sent).toHaveLength(3);
  });

  it("asks once for what is wanted twice, which DynamoDB would refuse", async () => {
    const { database, sent } = scripted([
      { Responses: { "T-Stock": [{ id: "k1" }, { id: "k0" }] } },
    ]);
    const rows = await database.getMany("Stock", [{ id: "k0" }, { id: "k1" }, { id: "k0" }]);
    expect(rows.map((row) => row["id"])).toEqual(["k0", "k1", "k0"]);
    expect(sent).toMatchObject([
      { RequestItems: { "T-Stock": { Keys: [{ id: "k0" }, { id: "k1" }] } } },
    ]);
  });
});
