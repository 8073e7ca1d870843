/** Empties carts of a person: their rows stay, with versions that grow on, until they end by themselves. */
import type { ChangeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import type { EpochMs } from "../base/time.ts";
import {
  cartIsUnlocked,
  CartMoved,
  checkoutsAre,
  liveLockIn,
} from "../carts/storage/cart-edits.ts";
import { at, cartPlace, type CartRow } from "../carts/storage/cart-row.ts";
import type { Database } from "../table/database.ts";
import { allOf, condition, isMissing } from "../table/expression.ts";
import { outOfPatience } from "../table/retry.ts";
import { put, type Row, type Write } from "../table/write.ts";
import { PersonBusy } from "./person.ts";

const scannedAtOnce = 200;
/** How often the shopper may change a cart while we do. */
const mostMoves = 20;

/** What stays of a cart. */
const kept = /^(?:cartId|userId|sessionId|checkouts|ttlSeconds|edit\d)$/;

/** Whether there is anything in it. */
function isEmpty(row: Row): boolean {
  return Object.keys(row).every((name) => kept.test(name) || /^(?:version|change)$/.test(name));
}

function emptyWrite(row: Row, note: ChangeNote): Write {
  const { cartId, version, checkouts = 0 } = row as unknown as CartRow;
  const left = Object.fromEntries(Object.entries(row).filter(([name]) => kept.test(name)));
  const next = (version ?? note.atMs) + 1;
  return put({
    ...cartPlace(cartId),
    item: { ...left, version: next, change: note },
    condition: allOf(
      version === undefined ? isMissing(at("version")) : condition`${at("version")} = ${version}`,
      checkoutsAre(checkouts),
      cartIsUnlocked(note.atMs),
    ),
    refused: (found) => new CartMoved(found),
    // After a lost answer nobody can tell who did it: whoever asks looks at what is there, and goes on from that.
    applied: () => true,
  });
}

function eraseCart(database: Database, row: Row, makeNote: () => ChangeNote): Promise<undefined> {
  let seen: Row | undefined = row;
  return again(mostMoves, async () => {
    if (!seen || isEmpty(seen)) return undefined;
    const note = makeNote();
    const lock = liveLockIn(seen, note.atMs as EpochMs);
    if (lock) throw new PersonBusy([lock.orderId]);
    try {
      seen = await database.apply(emptyWrite(seen, note));
      return isEmpty(seen) ? undefined : new OnceMore(outOfPatience());
    } catch (error) {
      if (!(error instanceof CartMoved)) throw error;
      seen = error.found;
      return new OnceMore(outOfPatience(error));
    }
  });
}

/** A page of all carts, of which those of a person are looked at. One request. */
export async function scanCarts(
  database: Database,
  userId: string,
  cursor: string | undefined,
): Promise<{ readonly rows: readonly Row[]; readonly cursor?: string }> {
  const filter = condition`${at("userId")} = ${userId}`;
  const request = { table: "Carts", filter, limit: scannedAtOnce, cursor } as const;
  return database.scan({ ...request, isConsistent: true });
}

/**
 * Goes on through all carts, because they have no list by person: a page, and one request for each cart of theirs with
 * something in it.
 *
 * @throws PersonBusy when an order is being paid from one of them; it was left as it is
 */
export async function eraseCarts(
  database: Database,
  { userId, makeNote }: { userId: string; makeNote: () => ChangeNote },
  cursor: string | undefined,
): Promise<{ readonly count: number; readonly cursor?: string }> {
  const { rows, ...more } = await scanCarts(database, userId, cursor);
  for (const row of rows) await eraseCart(database, row, makeNote);
  return { count: rows.length, ...more };
}
