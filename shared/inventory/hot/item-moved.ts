/** The error of a write that speaks of an item as it was read, when it is another one by now. */
import { HoldfastError, TryAgain } from "../../base/errors.ts";
import type { Row } from "../../table/write.ts";

/** The item is not as it was read; nothing was changed. `found` is its row as it is. */
export class ItemMoved extends HoldfastError {
  readonly found: Row | undefined;

  constructor(found: Row | undefined) {
    super("TRY_AGAIN", new TryAgain().message);
    this.found = found;
  }
}
