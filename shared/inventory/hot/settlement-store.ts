/**
 * Settlement rows: what became of the units that orders hold in one bucket of one row of a hot item. An order
 * that is paid writes here instead of to the row that buyers fight for. When the bucket is over its
 * settlement rows are closed, for good: what they say then is what became of it.
 */
import type { ChangeNote } from "../../base/actor.ts";
import type { AuditAction } from "../../base/audit-action.ts";
import { groupBy } from "../../base/group-by.ts";
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
import { type Key, type Row, update, type Write } from "../../table/write.ts";
import type { EpochMs } from "../../base/time.ts";
import { bucketKey } from "../deadline.ts";
import type { Holding } from "../hold-store.ts";
import { HoldGone } from "../stock.ts";
import { markOpenedWrite } from "./openings-store.ts";
import { pickPart, settlementPlace } from "./row-place.ts";
import type { HotRow } from "./rows-store.ts";
import { SettlementMissing, SettlementOpen } from "./settlement-missing.ts";

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
 * Opens the settlement row of a holding, unless its bucket is being closed: the writes belong together. So no row is
 * opened again that has ended, however late somebody comes, and whoever closes the bucket knows of it.
 */
function openSettlementWrites(holding: Holding): Write[] {
  const { itemId, row = 0, orderId, expiresAtMs, note } = holding;
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
      condition: isMissing(at("item")),
      refused: (found) =>
        found?.["isClosed"] === true ? new HoldGone(itemId) : new SettlementOpen(itemId),
    }),
    markOpenedWrite({ itemId, row }, bucketKey(expiresAtMs), pickPart(orderId)),
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

/** A settlement row, by what it belongs to. */
export interface Part {
  readonly row: number;
  readonly bucket: string;
  readonly part: number;
}

function closeWrite({ itemId, row, notesOpenings }: Closing, key: Key, note: ChangeNote): Write {
  return update({
    table: "Stock",
    key,
    change: {
      set: [
        action`${at("isClosed")} = ${true}`,
        action`${at("item")} = ${itemId}`,
        action`${at("row")} = ${row}`,
        action`${at("change")} = ${note}`,
      ],
    },
    // Closed is closed, whoever did it. What nobody has noted is closed there or not, so that it is not opened later.
    condition: notesOpenings
      ? exists(at("item"))
      : anyOf(exists(at("item")), isMissing(at("item"))),
    refused: () => new HoldGone(itemId),
  });
}

/** What the rows say, by bucket. */
function addUp(rows: readonly Row[]): Map<string, Settled> {
  const all = new Map<string, { sold: number; readonly moved: Record<string, number> }>();
  for (const row of rows) {
    const key = String(row["shard"]);
    const settled = all.get(key) ?? { sold: 0, moved: {} };
    all.set(key, settled);
    settled.sold += Number(row["sold"] ?? 0);
    for (const [name, quantity] of Object.entries(row)) {
      const [, bucket] = /^moved(\d+)$/.exec(name) ?? [];
      if (bucket === undefined) continue;
      settled.moved[bucket] = (settled.moved[bucket] ?? 0) + Number(quantity);
    }
  }
  return all;
}

/** The row whose settlement rows are closed. */
type Closing = Pick<HotRow, "itemId" | "row" | "notesOpenings">;

const listKeys = (itemId: string, parts: readonly Part[]) =>
  parts.map(({ row, bucket, part }) => settlementPlace(itemId, row, bucket, part).key);

/**
 * What these settlement rows of an item say by now, for each row by bucket: as long as they are open it can only become more.
 * One request for 100 of them.
 */
export async function readSettlements(
  database: Database,
  itemId: string,
  parts: readonly Part[],
): Promise<ReadonlyMap<number, ReadonlyMap<string, Settled>>> {
  const found = parts.length > 0 ? await database.getMany("Stock", listKeys(itemId, parts)) : [];
  const byRow = groupBy(found, (each) => Number(each["row"]));
  return new Map([...byRow].map(([row, rows]) => [row, addUp(rows)]));
}

/**
 * Closes settlement rows of one row of an item, and tells what they say from now on, by bucket. One request for 100 of
 * them, and one for each that is not closed already, all at the same time. Safe to repeat: the answer stays the same.
 */
export async function closeSettlements(
  database: Database,
  row: Closing,
  parts: readonly Part[],
  note: ChangeNote,
): Promise<ReadonlyMap<string, Settled>> {
  const keys = listKeys(row.itemId, parts);
  const found = keys.length > 0 ? await database.getMany("Stock", keys) : [];
  const closed = found.filter((each) => each["isClosed"] === true);
  const hasKey = (key: Key) => (each: Row) =>
    each["itemId"] === key["itemId"] && each["shard"] === key["shard"];
  const open = keys.filter((key) => !closed.some(hasKey(key)));
  const closing = open
    .filter((key) => !row.notesOpenings || found.some(hasKey(key)))
    .map((key) => database.apply(closeWrite(row, key, note), { isAside: true }));
  return addUp([...closed, ...(await Promise.all(closing))]);
}

/**
 * Lets settlement rows end: what they said is in their row by now, and nobody opens them again. One request each, all
 * at the same time. Safe to repeat.
 */
export async function endSettlements(
  database: Database,
  itemId: string,
  parts: readonly Part[],
  endsAtMs: EpochMs,
): Promise<void> {
  const ending = parts.map(({ row, bucket, part }) =>
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
