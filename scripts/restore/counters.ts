/**
 * Fences and versions that went back with their rows. Every one of them starts from the clock in milliseconds and
 * counts on, and no item takes more than 1,000 writes a second: so none that was ever handed out is above the clock,
 * and whatever is raised to the clock of now is above all that anybody has seen.
 *
 * @see docs/restore.md
 */
import { changeNote } from "../../shared/base/actor.ts";
import { derivedId } from "../../shared/base/derived-ids.ts";
import { at as cartAt, cartPlace } from "../../shared/carts/storage/cart-row.ts";
import { at as lockAt, lockRow } from "../../shared/locks/lock-conditions.ts";
import { tombstone } from "../../shared/locks/lock-ending-store.ts";
import { action, condition } from "../../shared/table/expression.ts";
import { type Row, update } from "../../shared/table/write.ts";
import { forEach, type Mending, NotAlone, pagesOf, restoredReason, restorer } from "./rows.ts";

async function raiseLock({ database, nowMs }: Mending, row: Row): Promise<void> {
  const [resource, fence] = [String(row["resource"]), Number(row["fence"])];
  const note = changeNote("lock.forced", restorer, nowMs, restoredReason);
  const forcedId = derivedId("restore", resource, nowMs);
  const { set = [], remove = [] } = row["owner"] === undefined ? {} : tombstone(note, { forcedId });
  const raised = action`${lockAt("fence")} = ${Math.max(fence, nowMs)}`;
  await database.apply(
    update({
      ...lockRow(resource),
      change: { set: [...set, raised], remove },
      condition: condition`${lockAt("fence")} = ${fence}`,
      refused: () => new NotAlone(),
      applied: (found) => Number(found?.["fence"]) === Math.max(fence, nowMs),
    }),
  );
}

/**
 * Raises the fence of every lock above all that were handed out, and ends those that somebody has: who had it then may
 * have given it back since, and others had it. Safe to repeat.
 *
 * @returns how many were ended
 */
export async function raiseLocks(mending: Mending): Promise<number> {
  let ended = 0;
  for await (const rows of pagesOf(mending.database, "Locks")) {
    const locks = rows.filter((row) => row["fence"] !== undefined);
    await forEach(locks, (row) => raiseLock(mending, row));
    ended += locks.filter((row) => row["owner"] !== undefined).length;
  }
  return ended;
}

async function raiseCart({ database, nowMs }: Mending, cartId: string, version: number) {
  const higher = Math.max(version + 1, nowMs);
  await database.apply(
    update({
      ...cartPlace(cartId),
      change: { set: [action`${cartAt("version")} = ${higher}`] },
      condition: condition`${cartAt("version")} = ${version}`,
      refused: () => new NotAlone(),
      applied: (found) => found?.["version"] === higher,
    }),
  );
}

/**
 * Raises the version of every cart above all that were told: an `If-Match` of a state that is lost meets none. Documents
 * need nothing: each of their versions is the clock's. Safe to repeat.
 *
 * @returns how many there are
 */
export async function raiseCarts(mending: Mending): Promise<number> {
  let raised = 0;
  for await (const rows of pagesOf(mending.database, "Carts")) {
    const carts = rows.flatMap(({ cartId, version }) =>
      typeof version === "number" ? [{ cartId: String(cartId), version }] : [],
    );
    await forEach(carts, ({ cartId, version }) => raiseCart(mending, cartId, version));
    raised += carts.length;
  }
  return raised;
}
