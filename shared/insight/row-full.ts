/** Why a count is not written: its row has counted enough. */
import { HoldfastError } from "../base/errors.ts";

/** The row counts no more, so that its numbers stay exact and its size bounded. It is left as it is. */
export class RowFull extends HoldfastError {
  constructor() {
    super("ROW_FULL", "This has been counted often enough");
  }
}
