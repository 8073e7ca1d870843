/** Many at once on one stock item: no unit moves twice, none is lost. */
import { expect, inject, test } from "vitest";
import { systemClock } from "../../shared/base/time.ts";
import { createHoldStore } from "../../shared/inventory/hold-store.ts";
import { createInventoryService } from "../../shared/inventory/inventory-service.ts";
import { createLedgerService } from "../../shared/inventory/ledger-service.ts";
import { createLevelMemory } from "../../shared/inventory/level-memory.ts";
import { createMovementStore } from "../../shared/inventory/movement-store.ts";
import { createStockStore } from "../../shared/inventory/stock-store.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { createTables, localClientSettings } from "../support/tables.ts";

const actor = { id: "root" };

async function open(quantity: number) {
  const endpoint = inject("dynamoDbEndpoint");
  const names = await createTables(endpoint);
  const client = createDocumentClient(localClientSettings(endpoint));
  const database = createDatabase({ client });
  const stockStore = createStockStore({ database, tableName: names.Stock });
  const parts = {
    database,
    stockStore,
    holdStore: createHoldStore({ tableName: names.Stock }),
    movementStore: createMovementStore({
      database,
      tableName: names.Movements,
      stockTable: names.Stock,
    }),
    clock: systemClock,
  };
  const inventory = createInventoryService({ ...parts, lastSeen: createLevelMemory() });
  /** Eight processes, each with a memory of its own. */
  const ledgers = Array.from({ length: 8 }, () =>
    createLedgerService({ ...parts, lastSeen: createLevelMemory() }),
  );
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

test("of 1,000 parallel decrements of 400 units exactly 400 succeed", async () => {
  const { inventory, ledgers } = await open(400);
  const outcomes = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) =>
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
    sold: 400,
    INSUFFICIENT_STOCK: 600,
  });
  expect(await inventory.get("i")).toMatchObject({ available: 0, sold: 400, received: 400 });
  expect(await countMovements(inventory)).toBe(401);
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
