/** Reads out of a change what became of holds: of a stock row that counts them, or of an order's end. */
import type { ItemChange } from "../table/stream.ts";
import type { Row } from "../table/write.ts";

/** Something that happened to holds besides what the change's own note tells. */
export interface HoldEvent {
  readonly action:
    | "hold.expired"
    /** Over, and taken over by whoever needed the units. */
    | "hold.reclaimed";
  /** The item that it happened to, where the change is another one's. */
  readonly itemId?: string;
  readonly orderId?: string;
  /** The attributes of the row that this changed. */
  readonly steps: readonly (readonly string[])[];
}

function dueIn(row: Row | undefined): Readonly<Record<string, number>> {
  return (row?.["due"] ?? {}) as Record<string, number>;
}

/** A buyer whose write also took expired units over: two things happened at once. */
function takenOver({ before, after }: ItemChange, action: string): HoldEvent[] {
  const left = dueIn(after);
  const gone = Object.keys(dueIn(before)).filter((key) => !(key in left));
  if (gone.length === 0 || action === "hold.reclaimed") return [];
  const steps = [...gone.map((key) => ["due", key]), ["reclaimedThroughMs"]];
  return [{ action: "hold.reclaimed", steps }];
}

/** An order whose time was over held something of each of its items until then. */
function expired({ before, after }: ItemChange): HoldEvent[] {
  if (before?.["status"] !== "pending" || after?.["status"] !== "expired") return [];
  const orderId = String(after["orderId"]);
  const held = [after["lines"], after["uses"]].flatMap(
    (list) => (list ?? []) as readonly { readonly itemId: string }[],
  );
  return [...new Set(held.map(({ itemId }) => itemId))].map((itemId) => {
    return { action: "hold.expired", itemId, orderId, steps: [] };
  });
}

/** What became of holds in this change, besides what its note says. */
export function holdEvents(kind: string, change: ItemChange, action: string): HoldEvent[] {
  if (kind === "item" || kind === "uses") return takenOver(change, action);
  return kind === "order" ? expired(change) : [];
}
