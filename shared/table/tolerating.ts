/** A transaction that does without some of its writes when their conditions fail. */
import type { Database } from "./database.ts";
import { TransactionRefused } from "./transaction.ts";
import type { Write } from "./write.ts";

/** A write that may be left out, or several that are left out together. */
export type Tolerated = Write | readonly Write[];

/**
 * Does all `required` writes together with those of the `tolerated` ones whose conditions hold: a
 * tolerated write that is refused is left out, and the rest is tried again. One request when none is.
 *
 * Only for writes whose refusal is final, for example releasing a hold that has ended: a hold that is
 * gone does not come back.
 *
 * @returns what was left out
 * @throws TransactionRefused when a required write is refused; nothing was changed
 */
export async function transactTolerating(
  database: Pick<Database, "transact">,
  required: readonly Write[],
  tolerated: readonly Tolerated[],
): Promise<readonly Tolerated[]> {
  const out: Tolerated[] = [];
  for (;;) {
    const left = tolerated.filter((each) => !out.includes(each));
    try {
      await database.transact([...required, ...left.flat()]);
      return out;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      if (required.some((write) => error.of(write))) throw error;
      out.push(...left.filter((each) => [each].flat().some((write) => error.of(write))));
    }
  }
}
