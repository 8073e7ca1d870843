/** Every rule of the contention model bites, at its very edge; sources stand in the model's docstrings. */
import { BatchGetCommand, QueryCommand, TransactGetCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, test } from "vitest";
import { codesOf, createModelWorld, type Tried } from "./model-world.ts";

const nameOf = ({ error }: Tried): string | undefined => error?.name;
const text = (bytes: number): string => "x".repeat(bytes);

describe("an item is busy between prepare and commit", () => {
  test("a second transaction on it is cancelled with TransactionConflict, until the commit", () => {
    const world = createModelWorld();
    expect(world.transact(["a"])).toMatchObject({ keptMs: 10 });
    world.wait(9.9);
    const refused = world.transact(["b", "a"]);
    expect(nameOf(refused)).toBe("TransactionCanceledException");
    expect(codesOf(refused)).toEqual(["None", "TransactionConflict"]);
    expect(world.engine.table("Rows").get({ id: "b" })).toBeUndefined();
    world.wait(0.1);
    expect(nameOf(world.transact(["a"]))).toBeUndefined();
    expect(world.engine.table("Rows").get({ id: "a" })?.["n"]).toBe(2);
  });

  test("a plain write of it is refused with TransactionConflictException", () => {
    const world = createModelWorld();
    world.transact(["a"]);
    expect(nameOf(world.count("a"))).toBe("TransactionConflictException");
    expect(nameOf(world.put({ id: "a" }))).toBe("TransactionConflictException");
    expect(nameOf(world.count("b"))).toBeUndefined();
    world.wait(10);
    expect(nameOf(world.count("a"))).toBeUndefined();
    expect(world.model.counts()).toMatchObject({ conflicts: 2 });
  });

  test("a plain read of it goes on; a transaction that reads it is cancelled", () => {
    const world = createModelWorld();
    world.transact(["a"]);
    expect(world.get("a").output).toMatchObject({ Item: { id: "a", n: 1 } });
    const read = () =>
      world.send(
        new TransactGetCommand({
          TransactItems: [{ Get: { TableName: "Rows", Key: { id: "a" } } }],
        }),
      );
    expect(codesOf(read())).toEqual(["TransactionConflict"]);
    world.wait(10);
    expect(nameOf(read())).toBeUndefined();
  });

  test("plain writes never make an item busy", () => {
    const world = createModelWorld();
    for (let index = 0; index < 5; index += 1) expect(nameOf(world.count("a"))).toBeUndefined();
    expect(nameOf(world.transact(["a"]))).toBeUndefined();
  });

  test("a transaction that is refused keeps what had accepted it, for a shorter while", () => {
    const world = createModelWorld();
    world.place({ id: "b" });
    world.transact(["a"]);
    expect(codesOf(world.transact(["b", "a"]))).toEqual(["None", "TransactionConflict"]);
    expect(nameOf(world.count("b"))).toBe("TransactionConflictException");
    world.wait(5);
    expect(nameOf(world.count("b"))).toBeUndefined();
    expect(nameOf(world.count("a"))).toBe("TransactionConflictException");
  });

  test("an item whose condition fails was never prepared and stays free", () => {
    const world = createModelWorld();
    expect(codesOf(world.transactInVain(["a", "b"]))).toEqual([
      "ConditionalCheckFailed",
      "ConditionalCheckFailed",
    ]);
    expect(nameOf(world.count("a"))).toBeUndefined();
  });

  test("the same transaction meets itself: in progress at first, then done and nothing twice", () => {
    const world = createModelWorld();
    world.transact(["a"], "token");
    expect(nameOf(world.transact(["a"], "token"))).toBe("TransactionInProgressException");
    world.wait(10);
    expect(nameOf(world.transact(["a"], "token"))).toBeUndefined();
    expect(world.engine.table("Rows").get({ id: "a" })?.["n"]).toBe(1);
    expect(nameOf(world.count("a"))).toBeUndefined();
  });
});

describe("a partition gives so many units a second", () => {
  test("the 1,001st write unit of a second is throttled, and a millisecond makes one more", () => {
    const world = createModelWorld();
    for (let unit = 0; unit < 1_000; unit += 1) expect(nameOf(world.count("a"))).toBeUndefined();
    expect(nameOf(world.count("a"))).toBe("ThrottlingException");
    expect(nameOf(world.count("b"))).toBeUndefined();
    world.wait(1);
    expect(nameOf(world.count("a"))).toBeUndefined();
    expect(nameOf(world.count("a"))).toBe("ThrottlingException");
    expect(world.model.counts()).toMatchObject({ throttled: 2, conflicts: 0 });
  });

  test("a transaction costs two units a kilobyte and is throttled with ThrottlingError", () => {
    const world = createModelWorld();
    for (let round = 0; round < 500; round += 1) {
      expect(nameOf(world.transact(["a"])), `${round}`).toBeUndefined();
      world.wait(10);
    }
    // 5 s have brought back more than was spent; without time to refill, 500 transactions empty it.
    const busy = createModelWorld({ busy: { medianMs: 0, p99Ms: 0 } });
    for (let round = 0; round < 500; round += 1) busy.transact(["a"]);
    expect(codesOf(busy.transact(["b", "a"]))).toEqual(["None", "ThrottlingError"]);
  });

  test("the larger of old and new item counts, each begun kilobyte", () => {
    const world = createModelWorld();
    world.place({ id: "a", text: text(10_000) });
    world.count("a");
    expect(world.model.counts().writeUnits).toBe(10);
    world.put({ id: "a" });
    expect(world.model.counts().writeUnits).toBe(20);
    world.put({ id: "a" });
    expect(world.model.counts().writeUnits).toBe(21);
  });

  test("a write that costs more than is left goes through, and the next ones wait for its debt", () => {
    const world = createModelWorld();
    world.place({ id: "a", text: text(300 * 1_024) });
    for (let round = 0; round < 4; round += 1) expect(nameOf(world.count("a"))).toBeUndefined();
    // 1,204 units are gone of 1,000.
    world.wait(200);
    expect(nameOf(world.count("a"))).toBe("ThrottlingException");
    world.wait(6);
    expect(nameOf(world.count("a"))).toBeUndefined();
  });

  test("a condition that fails costs what the item weighs", () => {
    const world = createModelWorld();
    world.place({ id: "a", text: text(5_000) });
    expect(nameOf(world.count("a", "attribute_exists(never)"))).toBe(
      "ConditionalCheckFailedException",
    );
    expect(world.model.counts().writeUnits).toBe(5);
  });

  test("3,000 read units, half a unit for a read that need not be consistent", () => {
    const world = createModelWorld();
    for (let unit = 0; unit < 3_000; unit += 1) expect(nameOf(world.get("a"))).toBeUndefined();
    expect(nameOf(world.get("a"))).toBe("ThrottlingException");
    expect(nameOf(world.count("a"))).toBeUndefined();
    expect(world.model.counts().readUnits).toBe(3_000);
  });

  test("of a batch the throttled keys are left over; all of them are a refusal", () => {
    const world = createModelWorld();
    for (let unit = 0; unit < 3_000; unit += 1) world.get("a");
    const batch = (...ids: string[]) =>
      world.send(
        new BatchGetCommand({
          RequestItems: { Rows: { Keys: ids.map((id) => ({ id })), ConsistentRead: true } },
        }),
      );
    world.place({ id: "b" });
    expect(batch("a", "b").output).toMatchObject({
      Responses: { Rows: [{ id: "b" }] },
      UnprocessedKeys: { Rows: { Keys: [{ id: "a" }], ConsistentRead: true } },
    });
    expect(nameOf(batch("a"))).toBe("ProvisionedThroughputExceededException");
  });

  test("keys that share a partition share its units", () => {
    const world = createModelWorld({ placement: 1 });
    for (let unit = 0; unit < 1_000; unit += 1) world.count(`row-${unit}`);
    expect(nameOf(world.count("another"))).toBe("ThrottlingException");
  });
});

describe("a table as a whole", () => {
  test("a fresh one takes 4,000 write units in a second, however they are spread", () => {
    const world = createModelWorld();
    for (let unit = 0; unit < 4_000; unit += 1) {
      expect(nameOf(world.count(`row-${unit}`))).toBeUndefined();
    }
    expect(nameOf(world.count("another"))).toBe("ThrottlingException");
  });

  test("half an hour later it takes twice what it has served at its peak", () => {
    const world = createModelWorld({ warmWriteUnits: 400 });
    const rush = (): number => {
      let taken = 0;
      while (taken < 20_000 && !world.count(`row-${taken}`).error) taken += 1;
      return taken;
    };
    expect(rush()).toBe(400);
    world.wait(29 * 60_000);
    expect(rush()).toBe(400);
    world.wait(60_000);
    expect(rush()).toBe(800);
  });
});

describe("an index that cannot keep up", () => {
  test("throttles the writes to its table that it would have to follow, and no others", () => {
    const world = createModelWorld({ partitionWriteUnits: 100, indexBacklogUnits: 100 });
    const put = (index: number, group: string) =>
      world.put({ id: `row-${index}`, group, place: index });
    // 100 units are there and as many may be owed.
    for (let index = 0; index < 200; index += 1) {
      expect(nameOf(put(index, "crowded")), `${index}`).toBeUndefined();
    }
    expect(nameOf(put(200, "crowded"))).toBe("ThrottlingException");
    expect(world.model.counts()).toMatchObject({ behindIndex: 1, throttled: 1 });
    expect(nameOf(put(201, "quiet"))).toBeUndefined();
    expect(nameOf(world.count("without-group"))).toBeUndefined();
    // What stands in the crowded group has an entry there that a write may have to follow.
    expect(nameOf(world.count("row-1"))).toBe("ThrottlingException");
    world.wait(10);
    expect(nameOf(put(202, "crowded"))).toBeUndefined();
  });

  test("an entry that moves is written twice, one that stays not at all", () => {
    const world = createModelWorld();
    world.put({ id: "a", group: "one", place: 1 });
    expect(world.model.counts().writeUnits).toBe(2);
    world.put({ id: "a", group: "one", place: 1, more: true });
    expect(world.model.counts().writeUnits).toBe(3);
    world.put({ id: "a", group: "two", place: 1 });
    expect(world.model.counts().writeUnits).toBe(6);
  });

  test("its queries have read units of their own, by the partition that they name", () => {
    const world = createModelWorld({ partitionReadUnits: 100 });
    world.place({ id: "a", group: "one", place: 1 });
    const query = (group: string) =>
      world.send(
        new QueryCommand({
          TableName: "Rows",
          IndexName: "byGroup",
          KeyConditionExpression: "#group = :group",
          ExpressionAttributeNames: { "#group": "group" },
          ExpressionAttributeValues: { ":group": group },
        }),
      );
    for (let unit = 0; unit < 200; unit += 1) expect(nameOf(query("one"))).toBeUndefined();
    expect(nameOf(query("one"))).toBe("ThrottlingException");
    expect(nameOf(query("two"))).toBeUndefined();
    expect(nameOf(world.get("a"))).toBeUndefined();
  });
});
