/** Everything that rows brought back to an earlier instant need before anybody may write to them again. */
import { raiseCarts, raiseLocks } from "./counters.ts";
import { type LedgerMended, mendLedger } from "./ledger.ts";
import { raiseNumbers } from "./numbers.ts";
import type { Mending } from "./rows.ts";
import { mendStock, type StockMended } from "./stock.ts";

/** What was found and done. */
export interface Mended {
  readonly locks: number;
  readonly carts: number;
  /** Resources whose events are numbered on further up. */
  readonly resources: number;
  readonly stock: StockMended;
  readonly ledger: LedgerMended;
}

/**
 * Raises fences, versions and numbers of events above all that anybody has seen, and lets stock and ledger follow the orders. Nobody else
 * may write to the tables meanwhile. Safe to repeat: who dies in between begins anew.
 *
 * @throws NotAlone when somebody else does
 * @example const { stock } = await mend({ database, nowMs: epochMs(Date.now()) });
 */
export async function mend(mending: Mending): Promise<Mended> {
  const locks = await raiseLocks(mending);
  const carts = await raiseCarts(mending);
  const resources = await raiseNumbers(mending);
  const stock = await mendStock(mending);
  const ledger = await mendLedger(mending, stock.spread);
  return { locks, carts, resources, stock, ledger };
}
