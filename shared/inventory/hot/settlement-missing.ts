/** The error of a write that counts where nobody counts yet, or any more. */
import type { Write } from "../../table/write.ts";
import { HoldGone } from "../stock.ts";

/** Nobody counts there: no order was paid yet, or all is over and the row has ended. Nothing was changed. */
export class SettlementMissing extends HoldGone {
  /** The writes that open it, together, where its bucket is not over. */
  readonly opening: readonly Write[];

  constructor(itemId: string, opening: readonly Write[]) {
    super(itemId);
    this.opening = opening;
  }
}

/** Somebody else has opened it at the same time; nothing was changed. */
export class SettlementOpen extends HoldGone {}
