/** What clearing everything asks for before it does anything. */
import { HoldfastError, type InputIssue } from "../base/errors.ts";

/** What an administrator has to type. */
export const clearingConfirmation = "clear all locks";

/** What clearing would end, or has ended. */
export interface Cleared {
  readonly releasedLocks: number;
  readonly endedOrders: number;
}

/** Not confirmed to the letter, or no reason given; nothing was changed. `dryRun` counts what would end. */
export class ClearingNotConfirmed extends HoldfastError {
  constructor(issues: readonly InputIssue[], dryRun: Cleared) {
    const { releasedLocks, endedOrders } = dryRun;
    const detail =
      `This would end ${releasedLocks} locks and ${endedOrders} pending orders. ` +
      `To do it, send confirm: "${clearingConfirmation}" and a reason`;
    super("INVALID_REQUEST", detail, { issues, dryRun });
  }
}
