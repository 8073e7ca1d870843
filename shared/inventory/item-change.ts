/** Changes what an administrator says of an item, in all of its rows, and from how many of them it is sold. */
import { setTimeout as sleepMs } from "node:timers/promises";
import { type Actor, changeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { InvalidRequest, TryAgain } from "../base/errors.ts";
import { withOwnPatience } from "../table/operation.ts";
import { TransactionRefused } from "../table/transaction.ts";
import { ItemMoved } from "./hot/item-moved.ts";
import { liveBuckets } from "./buckets.ts";
import { findRows, findWhole } from "./hot/rows-store.ts";
import { cool, gather, shardsByHand, turnHot } from "./hot/turning.ts";
import type { RoomOptions } from "./room.ts";
import { type HoldPolicy, type Stock } from "./stock.ts";
import { checkSale, type ItemPatch } from "./item-facts.ts";
import { findStock, parseStock, patchStockWrites } from "./stock-store.ts";

/** What changing an item takes. */
export interface ChangingOptions extends RoomOptions {
  readonly sleep?: (durationMs: number) => Promise<unknown>;
  readonly random?: () => number;
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

/** All of it in every row that it is for, or nothing. */
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
      const found = parseStock(refused.found);
      item = found;
      assertCanShard(changes.holdPolicy ?? found.holdPolicy, changes.shards ?? 1);
      // A crowd has spread it meanwhile.
      if (changes.holdPolicy === "exclusive") await assertTogether(options, item.itemId);
    }
  }
}

function assertNoneAway(units: number): void {
  if (units === 0) return;
  const message = `${units} units are held in other rows: it can become exclusive when those holds have ended; "shards": 1 lets no new ones begin`;
  throw new InvalidRequest([{ path: "holdPolicy", message }]);
}

/**
 * All units in the first row: what is still held in others would be sold beside an exclusive holder.
 *
 * @throws InvalidRequest when some are; nothing was changed, unless they were held only just now
 */
async function assertTogether(options: RoomOptions, itemId: string): Promise<void> {
  const found = await findRows(options.database, { itemId });
  if (!found || found.main.rows === undefined) return;
  const nowMs = options.clock();
  const live = found.rows.flatMap((row) => liveBuckets(row, nowMs));
  assertNoneAway(live.reduce((sum, { quantity }) => sum + quantity, 0));
  const { away = 0 } = await gather(options, await cool(options, found.main));
  assertNoneAway(away);
}

/** Somebody else may have the item to himself for a second; so often, and with such pauses, that is waited for. */
const mostLooks = 20;
const longestPauseMs = 200;
/** Dealing out has no more time than this: the answer is true without it. */
const dealingMs = 2_000;

/**
 * Deals the item's units out over as many rows as its first row says by now; what is in former rows is dealt out anew,
 * and who holds something there keeps it.
 *
 * @throws TryAgain when others were at work on it for too long: a crowd goes on from there
 */
async function dealOut(options: ChangingOptions, itemId: string): Promise<void> {
  const { database, sleep = sleepMs, random = Math.random } = options;
  await again(mostLooks, async (round) => {
    if (round > 0) await sleep(random() * Math.min(longestPauseMs, 20 * 2 ** round));
    const stock = await findStock(database, itemId);
    if (!stock) return undefined;
    const whole = stock.rows === undefined ? stock : await gather(options, stock);
    if (shardsByHand(whole) === undefined) return undefined;
    const { turningUntilMs } = await turnHot(options, whole, 0);
    return turningUntilMs === undefined ? undefined : new OnceMore();
  });
}

/** The number of rows is in force already: what is left is where the units are, and buyers find them anywhere. */
async function tryToDealOut(options: ChangingOptions, itemId: string): Promise<void> {
  try {
    const nowMs = options.clock();
    await withOwnPatience({ forMs: dealingMs, nowMs }, () => dealOut(options, itemId));
  } catch (error) {
    if (!(error instanceof TryAgain)) throw error;
  }
}

/**
 * Changes an item; see `change` of the inventory service. Everything that is said of it changes at once, or nothing; from
 * then on the number of its rows is in force, and whoever spreads it does it over so many. Safe to repeat.
 *
 * @throws ItemNotFound, InvalidRequest; nothing was changed
 * @example await changeItem({ database, clock }, "mug", { shards: 8 }, actor);
 */
export async function changeItem(
  options: ChangingOptions,
  itemId: string,
  changes: ItemPatch,
  actor: Actor,
): Promise<Stock> {
  const { shards } = changes;
  checkSale(changes.sale);
  if (changes.holdPolicy === "exclusive") {
    assertCanShard("exclusive", shards ?? 1);
    await assertTogether(options, itemId);
  }
  const stock = await patch(options, { itemId }, changes, actor);
  if (shards !== undefined) await tryToDealOut(options, itemId);
  if (shards === undefined && stock.rows === undefined) return stock;
  return (await findWhole(options.database, itemId)) ?? stock;
}
