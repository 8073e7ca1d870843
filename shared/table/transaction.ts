/** What a refused transaction tells: every write that failed, each with its own error. */
import { HoldfastError } from "../base/errors.ts";
import { knownRow } from "./layout.ts";
import type { Row, Write } from "./write.ts";

/** One write that failed its condition, in a transaction of which nothing took effect. */
export interface Refusal {
  /** Position in the list given to `transact`. */
  readonly index: number;
  readonly write: Write;
  /** What that write says its failed condition means. */
  readonly error: HoldfastError;
  /** The item as it was at the refusal, or undefined where there was none. */
  readonly found: Row | undefined;
}

/**
 * A transaction was refused and changed nothing. Left alone it reads like the error of the first
 * write that failed; a service that can do better looks at all `refusals`.
 */
export class TransactionRefused extends HoldfastError {
  readonly refusals: readonly Refusal[];
  /** An earlier attempt got no answer: it might still arrive and find that all conditions hold by then. */
  readonly isAfterLoss: boolean;

  constructor(refusals: readonly [Refusal, ...Refusal[]], isAfterLoss = false) {
    const [{ error }] = refusals;
    super(error.code, error.message, error.fields);
    this.refusals = refusals;
    this.isAfterLoss = isAfterLoss;
  }

  /** The same, where an attempt before this one got no answer either. */
  withLoss(isAfterLoss: boolean): TransactionRefused {
    const [first, ...others] = this.refusals as [Refusal, ...Refusal[]];
    return isAfterLoss === this.isAfterLoss
      ? this
      : new TransactionRefused([first, ...others], isAfterLoss);
  }

  /** The refusal of this very write, if it is among those that failed. */
  of(write: Write): Refusal | undefined {
    return this.refusals.find((refusal) => refusal.write === write);
  }
}

/**
 * Pairs the items that DynamoDB handed back with the writes that they refused. What a companion is refused for is the
 * whole answer: its own error.
 *
 * @throws LayoutUnknown when it was a later release's row that refused
 */
export function makeRefusal(
  writes: readonly Write[],
  found: ReadonlyMap<number, Row | undefined>,
  isAfterLoss: boolean,
): HoldfastError {
  const refusals = [...found].map(([index, row]): Refusal => {
    const write = writes[index]!;
    return { index, write, error: write.refused(knownRow(row)), found: row };
  });
  const companions = new Set(writes.map(({ companion }) => companion));
  const decisive = refusals.find(({ write }) => companions.has(write));
  if (decisive) return decisive.error;
  return new TransactionRefused(refusals as [Refusal, ...Refusal[]], isAfterLoss);
}
