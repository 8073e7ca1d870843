/** What is done beside the work of a function, within a second, and never in its way. */
import {
  currentOperation,
  type Meter,
  newMeter,
  runOperation,
} from "../../shared/table/operation.ts";
import { logger } from "./observe.ts";

/** Nothing beside waits longer than that. */
const patienceMs = 1_000;

const meterOfOperation = (): Meter => currentOperation()?.meter ?? newMeter();

/**
 * The same work, within a second and without its errors, which are only logged. What it costs counts for the operation
 * that it is done in, unless another meter is given: one operation should not be told what many others have caused.
 *
 * @example count: aside(contention.count)
 */
export function aside<Arguments extends readonly unknown[]>(
  work: (...given: Arguments) => Promise<void>,
  pickMeter: () => Meter = meterOfOperation,
): (...given: Arguments) => Promise<void> {
  return async (...given) => {
    const meter = pickMeter();
    try {
      await runOperation({ meter, deadlineMs: Date.now() + patienceMs }, () => work(...given));
    } catch (error) {
      logger.warn("Not done beside", { error: error as Error });
    }
  };
}
