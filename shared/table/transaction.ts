/** What a refused transaction tells: every write that failed, each with its own error. */
import { HoldfastError } from "../base/errors.ts";
import type { Database } from "./database.ts";
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

  constructor(refusals: readonly [Refusal, ...Refusal[]]) {
    const [{ error }] = refusals;
    super(error.code, error.message, error.fields);
    this.refusals = refusals;
  }

  /** The refusal of this very write, if it is among those that failed. */
  of(write: Write): Refusal | undefined {
    return this.refusals.find((refusal) => refusal.write === write);
  }
}

/** Pairs the items that DynamoDB handed back with the writes that they refused. */
export function refusalOf(
  writes: readonly Write[],
  found: ReadonlyMap<number, Row | undefined>,
): TransactionRefused {
  const refusals = [...found].map(([index, row]): Refusal => {
    const write = writes[index]!;
    return { index, write, error: write.refused(row), found: row };
  });
  return new TransactionRefused(refusals as [Refusal, ...Refusal[]]);
}

/**
 * Does all `required` writes together with those of the `tolerated` ones whose conditions hold: a
 * tolerated write that is refused is left out, and the rest is tried again. One request when none is.
 *
 * Only for writes whose refusal is final, for example releasing a hold that has ended: a hold that is
 * gone does not come back.
 *
 * @throws TransactionRefused when a required write is refused; nothing was changed
 */
export async function transactTolerating(
  database: Pick<Database, "transact">,
  required: readonly Write[],
  tolerated: readonly Write[],
): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  for (;;) {
    const left = tolerated.filter((write) => !refusals.some((refusal) => refusal.write === write));
    try {
      await database.transact([...required, ...left]);
      return refusals;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      if (required.some((write) => error.of(write))) throw error;
      refusals.push(...error.refusals);
    }
  }
}
