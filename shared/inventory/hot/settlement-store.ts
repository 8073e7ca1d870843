/**
 * Settlement rows: what became of the units that orders hold in one bucket of one row of a hot item. An order
 * that is paid writes here instead of to the row that buyers fight for. When the bucket is over its
 * settlement rows are closed, for good: what they say then is what became of it.
 */
import type { ChangeNote } from "../../base/actor.ts";
import type { AuditAction } from "../../base/audit-action.ts";
import type { Database } from "../../table/database.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  exists,
  type Fragment,
  isMissing,
  pathsOf,
} from "../../table/expression.ts";
import { type Row, update, type Write } from "../../table/write.ts";
import type { EpochMs } from "../../base/time.ts";
import { bucketKey } from "../deadline.ts";
import { isAboveWatermark } from "../hold-conditions.ts";
import type { Holding } from "../hold-store.ts";
import { HoldGone } from "../stock.ts";
import { stockRow } from "../stock-store.ts";
import { pickPart, settlementParts, settlementPlace } from "./row-place.ts";
import { SettlementMissing } from "./settlement-missing.ts";

/** What a settlement row says; units that moved to a later bucket stand in an attribute of that bucket. */
interface Settlement {
  readonly item: string;
  readonly row: number;
  readonly sold: number;
  readonly isClosed: boolean;
  readonly ttlSeconds: number;
  readonly change: ChangeNote;
  readonly [moved: `moved${string}`]: number;
}

const at = pathsOf<Settlement>();

/** The attribute that counts units which moved to this bucket. */
const movedTo = (bucket: string) => at(`moved${bucket}`);

/** What the settlement rows of a bucket say together. */
export interface Settled {
  readonly sold: number;
  /** Units by the later bucket that they moved to: a payment had started. */
  readonly moved: Readonly<Record<string, number>>;
}

/** Nobody has summed it up yet: what is added now counts. */
const isOpen: Fragment = isMissing(at("isClosed"));

function makePlace({ itemId, row = 0, orderId }: Holding, expiresAtMs: number) {
  return settlementPlace(itemId, row, bucketKey(expiresAtMs), pickPart(orderId));
}

function settling(
  holding: Holding,
  what: AuditAction,
  { effects, under = [] }: { effects: readonly Fragment[]; under?: readonly Fragment[] },
): Write {
  const { itemId, row = 0, expiresAtMs, orderId, note } = holding;
  const opening = openSettlementWrites(holding);
  return update({
    ...makePlace(holding, expiresAtMs),
    change: {
      set: [
        ...effects,
        action`${at("item")} = ${itemId}`,
        action`${at("row")} = ${row}`,
        action`${at("change")} = ${{ ...note, action: what, orderId }}`,
      ],
    },
    condition: allOf(exists(at("item")), isOpen, ...under),
    refused: (found) => (found ? new HoldGone(itemId) : new SettlementMissing(itemId, opening)),
  });
}

/**
 * Opens the settlement row of a holding, if its bucket is one that its row still counts: the writes belong
 * together. So no row is opened again that has ended, however late somebody comes.
 */
function openSettlementWrites(holding: Holding): Write[] {
  const { itemId, row = 0, expiresAtMs, note } = holding;
  const refused = (): HoldGone => new HoldGone(itemId);
  return [
    update({
      ...makePlace(holding, expiresAtMs),
      change: {
        set: [
          action`${at("item")} = ${itemId}`,
          action`${at("row")} = ${row}`,
          action`${at("change")} = ${{ ...note, action: "stock.turning" }}`,
        ],
      },
      condition: isOpen,
      refused,
    }),
    // It changes nothing: what it is here for is its condition.
    update({
      ...stockRow(itemId, row),
      change: { set: [action`${at("row")} = ${row}`] },
      condition: isAboveWatermark(expiresAtMs),
      refused,
    }),
  ];
}

/** The hold becomes a sale; refused once its bucket was closed. */
export function settleSoldWrite(holding: Holding): Write {
  const sold = action`${at("sold")} = if_not_exists(${at("sold")}, ${0}) + ${holding.quantity}`;
  return settling(holding, "hold.sold", { effects: [sold] });
}

/** The hold ends in another, later bucket; refused once its own was closed. */
export function settleMovedWrite(holding: Holding & { readonly untilMs: number }): Write {
  const { quantity, expiresAtMs, untilMs } = holding;
  const to = bucketKey(untilMs);
  const moved = movedTo(to);
  // A payment that starts again within the same step of the grid only shows that it still holds.
  const isSame = to === bucketKey(expiresAtMs);
  const effects = isSame ? [] : [action`${moved} = if_not_exists(${moved}, ${0}) + ${quantity}`];
  return settling(holding, "hold.extended", { effects });
}

/** The hold ends in its own bucket after all; refused once that was closed, which has moved it for good. */
export function settleBackWrite(holding: Holding & { readonly untilMs: number }): Write {
  const moved = movedTo(bucketKey(holding.untilMs));
  const { quantity } = holding;
  return settling(holding, "hold.released", {
    effects: [action`${moved} = ${moved} - ${quantity}`],
    under: [condition`${moved} >= ${quantity}`],
  });
}

function closeWrite(itemId: string, row: number, bucket: string, part: number, note: ChangeNote) {
  return update({
    ...settlementPlace(itemId, row, bucket, part),
    change: {
      set: [
        action`${at("isClosed")} = ${true}`,
        action`${at("item")} = ${itemId}`,
        action`${at("row")} = ${row}`,
        action`${at("change")} = ${note}`,
      ],
    },
    // Closed is closed, whoever did it.
    condition: anyOf(isOpen, condition`${at("isClosed")} = ${true}`),
    refused: () => new HoldGone(itemId),
  });
}

function addUp(rows: readonly Row[]): Settled {
  let sold = 0;
  const moved: Record<string, number> = {};
  for (const row of rows) {
    sold += Number(row["sold"] ?? 0);
    for (const [name, quantity] of Object.entries(row)) {
      const [, bucket] = /^moved(\d+)$/.exec(name) ?? [];
      if (bucket !== undefined) moved[bucket] = (moved[bucket] ?? 0) + Number(quantity);
    }
  }
  return { sold, moved };
}

/**
 * Closes the settlement rows of a bucket, and tells what they say from now on. One request for those that are
 * closed already, and one for each other, all at the same time. Safe to repeat: the answer stays the same.
 */
export async function closeSettlements(
  database: Database,
  { itemId, row, bucket }: { itemId: string; row: number; bucket: string },
  note: ChangeNote,
): Promise<Settled> {
  const parts = Array.from({ length: settlementParts }, (_, part) => part);
  const keys = parts.map((part) => settlementPlace(itemId, row, bucket, part).key);
  const found = await database.getMany("Stock", keys);
  const closed = found.filter((each) => each["isClosed"] === true);
  const isDone = new Set(closed.map((each) => each["itemId"]));
  const open = parts.filter((part) => !isDone.has(keys[part]!.itemId));
  const closing = open.map((part) =>
    database.apply(closeWrite(itemId, row, bucket, part, note), { isAside: true }),
  );
  return addUp([...closed, ...(await Promise.all(closing))]);
}

/**
 * Lets the settlement rows of a bucket end: what they said is in its row by now, whose watermark keeps them from being
 * opened again. One request each, all at the same time. Safe to repeat.
 */
export async function endSettlements(
  database: Database,
  { itemId, row, bucket }: { itemId: string; row: number; bucket: string },
  endsAtMs: EpochMs,
): Promise<void> {
  const ending = Array.from({ length: settlementParts }, (_, part) =>
    database.apply(
      update({
        ...settlementPlace(itemId, row, bucket, part),
        change: { set: [action`${at("ttlSeconds")} = ${Math.ceil(endsAtMs / 1_000)}`] },
        condition: condition`${at("isClosed")} = ${true}`,
        refused: () => new HoldGone(itemId),
      }),
      { isAside: true },
    ),
  );
  for (const ended of await Promise.allSettled(ending)) {
    // One that has ended already.
    const isFault = ended.status === "rejected" && !(ended.reason instanceof HoldGone);
    if (isFault) throw ended.reason;
  }
}
