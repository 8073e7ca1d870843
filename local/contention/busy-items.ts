/** Which items a transaction has prepared and not committed yet. */

/** Forgotten items are looked for when there are more than this many. */
const sweepAbove = 10_000;

/**
 * Items that a transaction keeps to itself.
 *
 * From its prepare to its commit a transaction has each of its items; another transaction that includes one
 * of them, and a plain put, update or delete of one, are refused with TransactionConflict, while plain reads
 * go on (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html, "Transaction
 * conflict handling in DynamoDB"; how it works: Idziorek et al., "Distributed Transactions at Scale in Amazon
 * DynamoDB", USENIX ATC 2023). A plain write takes no time at its item, so it never refuses anybody.
 */
export class BusyItems {
  readonly #until = new Map<string, number>();

  isBusy(item: string, nowMs: number): boolean {
    const until = this.#until.get(item);
    if (until === undefined) return false;
    if (until > nowMs) return true;
    this.#until.delete(item);
    return false;
  }

  /** Keeps an item until an instant, which may come to be known only later (`Infinity` until then). */
  keep(item: string, untilMs: number, nowMs: number): void {
    if (this.#until.size > sweepAbove) this.#forget(nowMs);
    this.#until.set(item, untilMs);
  }

  free(item: string): void {
    this.#until.delete(item);
  }

  #forget(nowMs: number): void {
    for (const [item, until] of this.#until) if (until <= nowMs) this.#until.delete(item);
  }
}
