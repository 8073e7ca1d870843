/** Transactions that count what became of units of hot items, where nobody has counted before. */
import type { Database } from "../../table/database.ts";
import { noteCommit } from "../../table/operation.ts";
import type { Bearing } from "../../table/retry.ts";
import { TransactionRefused } from "../../table/transaction.ts";
import type { Write } from "../../table/write.ts";
import { HoldGone } from "../stock.ts";
import { SettlementMissing, SettlementOpen } from "./settlement-missing.ts";

/** Whether the settlement row is open now. */
async function open(database: Pick<Database, "transact">, { opening }: SettlementMissing) {
  try {
    await database.transact(opening, { isAside: true });
    return true;
  } catch (error) {
    const [first] = error instanceof TransactionRefused ? error.refusals : [];
    if (first?.error instanceof SettlementOpen) return true;
    if (first?.error instanceof HoldGone) return false;
    throw error;
  }
}

function listMissing({ refusals }: TransactionRefused): SettlementMissing[] {
  return refusals.flatMap(({ error }) => (error instanceof SettlementMissing ? [error] : []));
}

/**
 * A transaction whose settlement rows are opened where they are missing. One request; where a row is missing one more
 * for each, and the transaction again: the first order of sixteen parts of a bucket of a row meets that.
 *
 * @throws TransactionRefused as `transact` does; a hold whose bucket is over is refused with `HoldGone`
 */
export async function transactOpening(
  database: Pick<Database, "transact">,
  writes: readonly Write[],
  bearing: Bearing = {},
): Promise<void> {
  const gone = new Set<object>();
  for (let isAfterLoss = false; ;) {
    try {
      await database.transact(writes, bearing);
      return;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      isAfterLoss ||= error.isAfterLoss;
      const missing = listMissing(error).filter(({ opening }) => !gone.has(opening));
      // Also an attempt before this one may still arrive.
      if (missing.length === 0) throw error.withLoss(isAfterLoss);
      // It may do so once everything is open: from here on nobody can say that nothing was changed.
      if (isAfterLoss) noteCommit();
      const opened = await Promise.all(missing.map((each) => open(database, each)));
      for (const [index, { opening }] of missing.entries()) if (!opened[index]) gone.add(opening);
    }
  }
}
