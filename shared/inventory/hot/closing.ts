/** Gives back what is over in a further row of a hot item: its settlement rows say how much that is. */
import type { ChangeNote } from "../../base/actor.ts";
import { changeNote } from "../../base/actor.ts";
import { later, secondsToMs } from "../../base/time.ts";
import { action, allOf, condition, type Fragment, pathsOf } from "../../table/expression.ts";
import { update, type Write } from "../../table/write.ts";
import { type Bucket, roomIn } from "../buckets.ts";
import { expiryActor, type RoomOptions } from "../room.ts";
import { HoldGone, type StockRow } from "../stock.ts";
import { parseStock, stockRow } from "../stock-store.ts";
import type { HotRow } from "./rows-store.ts";
import { closeSettlements, endSettlements, type Settled } from "./settlement-store.ts";

const at = pathsOf<StockRow>();

/** A bucket that is over and whose settlement rows are closed, so that all will say the same of it. */
interface Closed extends Settled {
  readonly bucket: Bucket;
}

/** The later bucket counts what moved there: that its time is over, too, is for the next round. */
function arriving({ moved }: Closed): Fragment[] {
  return Object.entries(moved)
    .filter(([, quantity]) => quantity > 0)
    .map(([bucket, quantity]) => {
      const due = at("due", bucket);
      return action`${due} = if_not_exists(${due}, ${0}) + ${quantity}`;
    });
}

/**
 * What was neither sold nor moved on can be bought again, and the watermark says so for good. Takes effect once:
 * bucket and watermark have to be as seen.
 */
function settleBucketWrite(row: HotRow, closed: Closed, note: ChangeNote): Write {
  const { bucket, sold, moved } = closed;
  const movedOn = Object.values(moved).reduce((sum, quantity) => sum + quantity, 0);
  const left = bucket.quantity - sold - movedOn;
  const throughMs = Math.max(row.reclaimedThroughMs, bucket.endsAtMs);
  return update({
    ...stockRow(row.itemId, row.row),
    change: {
      set: [
        action`${at("available")} = ${at("available")} + ${left}`,
        action`${at("sold")} = ${at("sold")} + ${sold}`,
        action`${at("held")} = ${at("held")} - ${left + sold}`,
        action`${at("reclaimedThroughMs")} = ${throughMs}`,
        action`${at("settled")} = ${bucket.key}`,
        ...arriving(closed),
        action`${at("change")} = ${note}`,
      ],
      remove: [at("due", bucket.key)],
    },
    condition: allOf(
      condition`${at("due", bucket.key)} = ${bucket.quantity}`,
      // No hold has slipped in behind it, by a clock that is far behind: its units might have moved into this bucket.
      condition`size(${at("due")}) = ${Object.keys(row.due).length}`,
      condition`${at("reclaimedThroughMs")} = ${row.reclaimedThroughMs}`,
    ),
    refused: () => new HoldGone(row.itemId),
    // Whoever took this bucket out did just this: its settlement rows say the same to all.
    applied: (found) => found !== undefined && !(bucket.key in parseStock(found).due),
  });
}

/** For so long one can still read what settlement rows said; nothing depends on it. */
const settledLifeMs = secondsToMs(86_400);

/** The row as of now. One request. */
export async function readAgain({ database }: RoomOptions, row: HotRow): Promise<HotRow> {
  const [found] = await database.getMany("Stock", [stockRow(row.itemId, row.row).key]);
  return found ? (parseStock(found) as HotRow) : row;
}

/**
 * Gives back what is over in a row, bucket by bucket in the order of their ends, and hands back the row as it is
 * then. Nothing where nothing is over; otherwise about three round trips a bucket, however many orders had
 * it. Two that do it at once come to the same; whoever breaks off leaves the rest to the next one. The settlement rows
 * of the bucket before end by that. Between two buckets `goesOn` may end it early, or throw: each bucket is whole.
 *
 * @example const row = await closeExpired({ database, clock }, rows[0]);
 */
export async function closeExpired(
  options: RoomOptions,
  row: HotRow,
  goesOn: (current: HotRow) => boolean = () => true,
): Promise<HotRow> {
  const { database, clock } = options;
  let current = row;
  for (;;) {
    const [bucket] = roomIn(current, clock()).over;
    if (!bucket || !goesOn(current)) return current;
    const note = changeNote("hold.reclaimed", expiryActor, clock());
    const place = { itemId: row.itemId, row: row.row };
    const { settled } = current;
    // Those of the bucket before this one: whoever dies in between leaves its name to the next.
    const ending = settled === undefined ? undefined : { ...place, bucket: settled };
    if (ending) await endSettlements(database, ending, later(clock(), settledLifeMs));
    const closing = await closeSettlements(database, { ...place, bucket: bucket.key }, note);
    const closed = { ...closing, bucket };
    try {
      const write = settleBucketWrite(current, closed, note);
      current = parseStock(await database.apply(write, { isAside: true })) as HotRow;
    } catch (error) {
      if (!(error instanceof HoldGone)) throw error;
      current = await readAgain(options, current);
    }
  }
}
