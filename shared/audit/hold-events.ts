/** Reads out of a stock item's change what became of its holds. */
import type { AuditAction } from "../base/audit-action.ts";
import type { ItemChange } from "../table/stream.ts";
import type { Row } from "../table/write.ts";

/** Something that happened to the hold of one order. */
export interface HoldEvent {
  readonly action: Extract<AuditAction, `hold.${string}`>;
  readonly orderId: string;
  /** The attributes of the item that are this hold's. */
  readonly steps: readonly (readonly string[])[];
}

interface Hold {
  readonly quantity: number;
  readonly expiresAtMs: number;
}

interface Note {
  readonly action: AuditAction;
  readonly orderId?: string | undefined;
  readonly atMs: number;
}

/** Only these end a hold because its time is over; all others would have ended it in any case. */
const byTime: ReadonlySet<AuditAction> = new Set(["order.expired", "hold.expired"]);

function holdsIn(row: Row | undefined): Readonly<Record<string, Hold>> {
  return (row?.["holds"] ?? {}) as Record<string, Hold>;
}

function soldIn(row: Row | undefined): number {
  return Number(row?.["sold"] ?? 0);
}

/** Why a hold is gone: told by whose change it was, and by whether the hold was over by then. */
function endOf(
  [orderId, hold]: readonly [string, Hold],
  { before, after }: ItemChange,
  note: Note,
): HoldEvent["action"] {
  const isItsOwn = note.orderId === undefined || note.orderId === orderId;
  const wasOver = hold.expiresAtMs <= note.atMs;
  if (!isItsOwn) return "hold.reclaimed";
  if (soldIn(after) - soldIn(before) === hold.quantity) return "hold.sold";
  const someoneElseCame = Object.keys(holdsIn(after)).some((id) => !(id in holdsIn(before)));
  if (someoneElseCame) return "hold.reclaimed";
  return wasOver && byTime.has(note.action) ? "hold.expired" : "hold.released";
}

/** What became of the holds of a stock item in this change; ended ones first, then new ones. */
export function holdEvents(change: ItemChange, note: Note): HoldEvent[] {
  const before = holdsIn(change.before);
  const after = holdsIn(change.after);
  const event = (action: HoldEvent["action"], orderId: string): HoldEvent => {
    return { action, orderId, steps: [["holds", orderId]] };
  };
  const ended = Object.entries(before).filter(([orderId]) => !(orderId in after));
  const placed = Object.keys(after).filter((orderId) => !(orderId in before));
  const extended = Object.entries(after).filter(([orderId, hold]) => {
    const known = before[orderId];
    return known !== undefined && known.expiresAtMs !== hold.expiresAtMs;
  });
  return [
    ...ended.map((hold) => event(endOf(hold, change, note), hold[0])),
    ...extended.map(([orderId]) => event("hold.extended", orderId)),
    ...placed.map((orderId) => event("hold.placed", orderId)),
  ];
}
