/** Many at once on one stock item: no unit moves twice, none is lost. */
import { expect, inject, test } from "vitest";
import { systemClock } from "../../shared/base/time.ts";
import { createShop } from "../../shared/shop.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createTables, localClientSettings } from "../support/tables.ts";
import { createWorldOver } from "../support/world.ts";
import { effort } from "../support/effort.ts";

const actor = { id: "root" };

async function open(quantity: number) {
  const endpoint = inject("dynamoDbEndpoint");
  const tables = await createTables(endpoint);
  const client = createDocumentClient(localClientSettings(endpoint));
  const { parts } = createWorldOver({ client, tables, clock: systemClock });
  const { inventory } = createShop(parts);
  /** Eight processes, each with a memory of its own. */
  const ledgers = Array.from({ length: 8 }, () => createShop({ ...parts }).ledger);
  const price = { amountMinor: 100, currency: "EUR" };
  const item = { itemId: "i", name: "i", kind: "Retail", price, quantity };
  await inventory.create({ ...item, holdPolicy: "counted" }, actor);
  return { inventory, ledgers };
}

async function countMovements(inventory: Awaited<ReturnType<typeof open>>["inventory"]) {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await inventory.movements("i", { limit: 100, cursor });
    count += page.rows.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return count;
}

const buyers = effort({ part: 250, all: 1_000 });
const units = buyers * 0.4;

test(`of ${buyers} parallel decrements of ${units} units exactly ${units} succeed`, async () => {
  const { inventory, ledgers } = await open(units);
  const outcomes = await Promise.all(
    Array.from({ length: buyers }, (_, index) =>
      ledgers[index % 8]!.move({
        itemId: "i",
        kind: "sold",
        quantity: 1,
        reference: `r${index}`,
        actor,
      }).then(
        ({ levels }) => (levels.available >= 0 ? "sold" : "below zero"),
        (error: { code?: string }) => error.code,
      ),
    ),
  );
  const counts = Map.groupBy(outcomes, (outcome) => outcome);
  expect(Object.fromEntries([...counts].map(([key, list]) => [key, list.length]))).toEqual({
    sold: units,
    INSUFFICIENT_STOCK: buyers - units,
  });
  expect(await inventory.get("i")).toMatchObject({ available: 0, sold: units, received: units });
  expect(await countMovements(inventory)).toBe(units + 1);
});

test("one reference sent 50 times in parallel is one movement with 50 equal answers", async () => {
  const { inventory, ledgers } = await open(400);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      ledgers[index % 8]!.move({
        itemId: "i",
        kind: "adjusted",
        quantity: 5,
        reference: "once",
        actor,
      }),
    ),
  );
  for (const { levels } of answers) expect(levels).toEqual(answers[0]!.levels);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(await inventory.get("i")).toMatchObject({ available: 405, adjusted: 5 });
  expect(await countMovements(inventory)).toBe(2);
});
