/** The number of rows that an administrator wants is in force once it was answered, whoever is at work on them. */
import { changeNote } from "../../../shared/base/actor.ts";
import { patchStockWrites } from "../../../shared/inventory/stock-store.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import { reclaimSpread } from "../../../shared/inventory/reclaiming.ts";
import { coolDown, turnHot } from "../../../shared/inventory/hot/turning.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import type { Expect } from "./key-scene.ts";
import type { System } from "./system.ts";

const root = { id: "root" };

/** Longer than the crowd is looked for at the soonest, and after its last change of a row. */
const calmMs = 400_000;

/** Somebody says how many rows are wanted just before a write of others that tells of this, and dies. */
function whileOthers(system: System, tellOf: string, shards: number, itemId: string) {
  const { database } = system;
  let isSaid = false;
  const say = async (written: unknown): Promise<void> => {
    if (isSaid || !JSON.stringify(written).includes(tellOf)) return;
    isSaid = true;
    const note = changeNote("item.change", root, system.clock());
    await database.transact(patchStockWrites({ itemId }, { shards }, note));
  };
  const own: typeof database = {
    ...database,
    async apply(write, ...more) {
      await say(write);
      return database.apply(write, ...more);
    },
    async transact(writes, ...more) {
      await say(writes);
      return database.transact(writes, ...more);
    },
  };
  return { database: own, clock: system.clock };
}

/** A number is wanted while a crowd spreads the item over another one, and while its end is noticed. */
export async function playRows(world: World, expect: Expect): Promise<void> {
  const itemId = "edge-rows";
  const find = () =>
    world.engine.table("Stock").get({ itemId, shard: 0 }) as unknown as Stock | undefined;
  const mustBe = (shards: number): void => {
    const { shards: found, coolsAfterMs } = find()!;
    if (found === shards && coolsAfterMs === undefined) return;
    throw new InvariantBroken("A1", `${shards} rows were wanted for good, and ${found} are there`);
  };
  const price = { amountMinor: 1_000, currency: "EUR" };
  const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: 40 };
  await expect("S1", "ok", "createItem", ({ inventory }) =>
    inventory.create({ ...facts, holdPolicy: "counted" }, root),
  );
  await expect("A1", "ok", "spread", (system) =>
    turnHot(whileOthers(system, "stock.spread", 3, itemId), find()!, 5),
  );
  mustBe(3);
  await expect("A1", "ok", "together", ({ inventory }) =>
    inventory.change(itemId, { shards: 1 }, root),
  );
  await expect("A1", "ok", "spread", (system) => turnHot(system, find()!, 5));
  await world.sleep(calmMs);
  await expect("A1", "ok", "cool", (system) =>
    coolDown(whileOthers(system, "stock.cooled", 2, itemId), find()!),
  );
  mustBe(2);
}

/** While the sweep takes an item from its list whose units are together again, somebody wants several rows of it. */
export async function playSweptRows(world: World, expect: Expect): Promise<void> {
  const itemId = "edge-swept";
  const price = { amountMinor: 1_000, currency: "EUR" };
  const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: 40, shards: 2 };
  await expect("S1", "ok", "createItem", ({ inventory }) =>
    inventory.create({ ...facts, holdPolicy: "counted" }, root),
  );
  await expect("A1", "ok", "together", ({ inventory }) =>
    inventory.change(itemId, { shards: 1 }, root),
  );
  const isListed = (): boolean => {
    const row = world.engine.table("Stock").get({ itemId: `${itemId}#1`, shard: 1 });
    return row?.["catalog"] === "spread";
  };
  await expect("S3", "ok", "sweep", (system) =>
    reclaimSpread(whileOthers(system, "stock.gathered", 3, itemId), () => true),
  );
  if (!isListed()) throw new InvariantBroken("S3", "an item in several rows is not swept");
  await expect("A1", "ok", "together", ({ inventory }) =>
    inventory.change(itemId, { shards: 1 }, root),
  );
  await expect("S3", "ok", "sweep", ({ inventory }) => inventory.reclaimSpread(() => true));
  if (isListed()) throw new InvariantBroken("B1", "an item in one row is swept for ever");
}
