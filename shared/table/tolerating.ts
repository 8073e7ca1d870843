/** A transaction that does without some of its writes when their conditions fail. */
import type { Database } from "./database.ts";
import { type Refusal, TransactionRefused } from "./transaction.ts";
import type { Write } from "./write.ts";

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
