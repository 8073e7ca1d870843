/** A row of a layout that came after this release is neither read nor changed, in whatever table, on the real engine. */
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { type TableName, type TableShape, tableShapes } from "../../infra/table-shapes.ts";
import { HoldfastError } from "../../shared/base/errors.ts";
import { action, condition, exists, isMissing, pathsOf } from "../../shared/table/expression.ts";
import { check, put, type Row, update } from "../../shared/table/write.ts";
import { createTestClock } from "../support/clock.ts";
import { createWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld(inject("dynamoDbEndpoint"), createTestClock().clock);
});

const at = pathsOf<{ readonly touched: boolean; readonly never: boolean }>();
const refused = () => new HoldfastError("REFUSED", "By the write's own condition");
const tables = Object.entries(tableShapes) as [TableName, TableShape][];

function keyIn({ partition, sort }: TableShape, name: string) {
  return { [partition.name]: name, ...(sort && { [sort.name]: sort.type === "N" ? 7 : "seven" }) };
}

/** What stands in a row, and what it was given. */
async function giveRow(table: TableName, shape: TableShape, name: string, schemaVersion?: number) {
  const key = keyIn(shape, name);
  const Item = { ...key, ...(schemaVersion !== undefined && { schemaVersion }) };
  const { client, tables: names } = world;
  await client.send(new PutCommand({ TableName: names[table], Item }));
  return { table, key, item: Item };
}

async function findRow(table: TableName, Key: Row): Promise<Row | undefined> {
  const TableName = world.tables[table];
  return (await world.client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
}

const touchWrite = (given: { table: TableName; key: Record<string, string | number> }) =>
  update({
    ...given,
    change: { set: [action`${at("touched")} = ${true}`] },
    condition: isMissing(at("touched")),
    refused,
  });

describe.each(tables)("%s", (table, shape) => {
  const message = /^A row has layout 9, and this release knows 2: /;
  const fails = (work: Promise<unknown>) => expect(work).rejects.toThrow(message);

  it("keeps what a later release has laid out from being written, whatever else refuses it", async () => {
    const { key, item } = await giveRow(table, shape, "later", 9);
    const { database } = world;
    const touch = touchWrite({ table, key });
    await fails(database.apply(touch));
    await fails(database.apply({ ...touch, isBlind: true }));
    await fails(
      database.apply(put({ table, key, item: key, condition: isMissing(at("touched")), refused })),
    );
    await fails(database.apply({ ...touch, condition: exists(at("never")) }));
    const other = await giveRow(table, shape, "plain");
    await fails(database.transact([touchWrite(other), touch]));
    const looks = check({ table, key, condition: isMissing(at("never")), refused });
    await fails(database.transact([touchWrite(other), looks]));
    expect(await findRow(table, key)).toEqual(item);
    expect(await findRow(table, other.key)).toEqual(other.item);
  });

  it("tells nobody what it cannot read", async () => {
    const { key } = await giveRow(table, shape, "later", 9);
    const { database } = world;
    const where = condition`${pathsOf<Row>()(shape.partition.name as never)} = ${"later"}`;
    const reads = [
      database.get(table, key),
      database.look(table, key),
      database.getMany(table, [key]),
      database.lookAtMany(table, [key]),
      database.getTogether([{ table, key }]),
      database.scan({ table, limit: 100 }),
      database.query({ table, where, limit: 10 }),
    ];
    for (const { reason } of (await Promise.allSettled(reads)) as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({
        name: "LayoutUnknown",
        message: expect.stringMatching(message),
      });
    }
  });

  it("is read and written where a row says nothing, or what this release knows", async () => {
    for (const layout of [undefined, 1, 2]) {
      const given = await giveRow(table, shape, `known-${layout}`, layout);
      await world.database.apply(touchWrite(given));
      expect(await world.database.get(table, given.key)).toMatchObject({ touched: true });
    }
  });
});
