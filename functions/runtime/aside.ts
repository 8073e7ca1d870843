/** What is done beside the work of a function, within a second, and never in its way. */
import { currentOperation, newMeter, runOperation } from "../../shared/table/operation.ts";
import { logger } from "./observe.ts";

/** Nothing beside waits longer than that. */
const patienceMs = 1_000;

/**
 * The same work, within a second and without its errors, which are only logged. What it costs counts for the operation
 * that it is done in.
 *
 * @example count: aside(contention.count)
 */
export function aside<Arguments extends readonly unknown[]>(
  work: (...given: Arguments) => Promise<void>,
): (...given: Arguments) => Promise<void> {
  return async (...given) => {
    const meter = currentOperation()?.meter ?? newMeter();
    try {
      await runOperation({ meter, deadlineMs: Date.now() + patienceMs }, () => work(...given));
    } catch (error) {
      logger.warn("Not done beside", { error: error as Error });
    }
  };
}
