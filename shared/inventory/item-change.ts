/** Changes what an administrator says of an item, in all of its rows, and from how many of them it is sold. */
import { type Actor, changeNote } from "../base/actor.ts";
import { InvalidRequest } from "../base/errors.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { ItemMoved } from "./hot/item-moved.ts";
import { findWhole } from "./hot/rows-store.ts";
import { cool, gather, turnHot } from "./hot/turning.ts";
import type { RoomOptions } from "./room.ts";
import { type HoldPolicy, ItemNotFound, type Stock } from "./stock.ts";
import { checkSale, type ItemPatch } from "./item-facts.ts";
import { findStock, parseStock, patchStockWrites } from "./stock-store.ts";

/** What an administrator changes of an item. */
export interface ItemChange extends ItemPatch {
  /** From how many rows it is sold; 1 is what an item has unless told. */
  readonly shards?: number | undefined;
}

/**
 * One holder at a time and many rows that sell at once do not go together.
 *
 * @throws InvalidRequest
 */
export function assertCanShard(holdPolicy: HoldPolicy, shards: number): void {
  if (holdPolicy !== "exclusive" || shards < 2) return;
  const message = "an exclusive item has one holder at a time: it cannot be sold from several rows";
  throw new InvalidRequest([{ path: "shards", message }]);
}

/** The same facts in every row, or in none. */
async function patch(
  options: RoomOptions,
  first: Pick<Stock, "itemId" | "rows">,
  changes: ItemPatch,
  actor: Actor,
): Promise<Stock> {
  const { database, clock } = options;
  const note = changeNote("item.change", actor, clock());
  for (let item = first; ;) {
    const writes = patchStockWrites(item, changes, note);
    try {
      const [only, ...others] = writes;
      if (only && others.length === 0) return parseStock(await database.apply(only));
      await database.transact(writes);
      return (await findStock(database, item.itemId))!;
    } catch (error) {
      const refused = error instanceof TransactionRefused ? error.refusals[0]?.error : error;
      if (!(refused instanceof ItemMoved) || !refused.found) throw refused;
      item = parseStock(refused.found);
      // A crowd has spread it meanwhile.
      if (changes.holdPolicy === "exclusive") await assertTogether(options, item.itemId);
    }
  }
}

/** All units in the first row: what is still held in others would be sold beside an exclusive holder. */
async function assertTogether(options: RoomOptions, itemId: string): Promise<void> {
  const stock = await findStock(options.database, itemId);
  if (!stock || stock.rows === undefined) return;
  const { away = 0 } = await gather(options, (await cool(options, stock)) ?? stock);
  if (away === 0) return;
  const message = `${away} units are held in other rows: an item becomes exclusive when those holds have ended`;
  throw new InvalidRequest([{ path: "holdPolicy", message }]);
}

async function setShards(options: RoomOptions, stock: Stock, shards: number): Promise<void> {
  assertCanShard(stock.holdPolicy, shards);
  if (shards < 2) {
    await cool(options, stock);
    return;
  }
  // What is in the former rows is dealt out anew; who holds something there keeps it.
  const whole = stock.rows === undefined ? stock : await gather(options, stock);
  await turnHot(options, whole, { shards, isByHand: true });
}

/**
 * Changes an item; see `change` of the inventory service. Safe to repeat: whoever breaks off between facts and
 * shards has changed the facts.
 *
 * @throws ItemNotFound, InvalidRequest; nothing was changed
 * @example await changeItem({ database, clock }, "mug", { shards: 8 }, actor);
 */
export async function changeItem(
  options: RoomOptions,
  itemId: string,
  { shards, ...facts }: ItemChange,
  actor: Actor,
): Promise<Stock> {
  checkSale(facts.sale);
  if (facts.holdPolicy === "exclusive") {
    assertCanShard("exclusive", shards ?? 1);
    await assertTogether(options, itemId);
  }
  const hasFacts = Object.values(facts).some((value) => value !== undefined);
  const stock = hasFacts
    ? await patch(options, { itemId }, facts, actor)
    : await findStock(options.database, itemId);
  if (!stock) throw new ItemNotFound(itemId);
  if (shards !== undefined) await setShards(options, stock, shards);
  if (shards === undefined && stock.rows === undefined) return stock;
  return (await findWhole(options.database, itemId)) ?? stock;
}
