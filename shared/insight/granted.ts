/** Reads out of changes who was granted what, and for how long those had it who have it no more. */
import type { ItemChange } from "../table/stream.ts";
import type { Row } from "../table/write.ts";
import { type ContentionKind, floorToMinute, wholeShop } from "./contention.ts";
import { countDurations } from "./histogram.ts";
import type { SomeCounts, Tally } from "./tally.ts";

/** A change together with what of it was new to the audit trail; nothing, where it was told before. */
export interface ToldChange {
  readonly change: ItemChange;
  readonly told: readonly { readonly action: string }[];
}

/** A thing by its kind and name. */
export type Wanted = readonly [kind: ContentionKind, resource: string];

/** When it happened: as the change says itself, which is exacter than its stream. */
function parseInstant({ after, atMs }: ItemChange): number {
  const note = after?.["change"] as { readonly atMs?: number } | undefined;
  return note?.atMs ?? atMs;
}

/** The lock's name without its kind, which counts say beside it. */
export function lockByKind(kind: ContentionKind, resource: string): Wanted {
  return [kind, resource.startsWith(`${kind}/`) ? resource.slice(kind.length + 1) : resource];
}

/** What an order has: its items, its cart if it was made from one, and a place among the shop's. */
function wantedByOrder({ lines, cart }: Row): Wanted[] {
  const itemIds = new Set(((lines ?? []) as { itemId: string }[]).map(({ itemId }) => itemId));
  const { cartId } = (cart ?? {}) as { readonly cartId?: string };
  return [
    ["shop", wholeShop],
    ...(cartId === undefined ? [] : [["cart", cartId] as const]),
    ...[...itemIds].map((itemId) => ["item", itemId] as const),
  ];
}

function countOrder({ before, after }: ItemChange, atMs: number): SomeCounts | undefined {
  if (after === undefined) return undefined;
  if (before === undefined) return { granted: 1 };
  const hasEnded = before["status"] === "pending" && after["status"] !== "pending";
  if (!hasEnded) return undefined;
  return { holds: countDurations([atMs - Number(after["createdAtMs"])]) };
}

/** A lock that was had until now: until its lease was over, where that is how it ended. */
function countLock({ change, told }: ToldChange, atMs: number): SomeCounts | undefined {
  const { before } = change;
  const actions = new Set(told.map(({ action }) => action));
  const isGranted = actions.has("lock.acquired") || actions.has("lock.granted");
  const hasEnded = ["lock.released", "lock.forced", "lock.expired"].some((each) =>
    actions.has(each),
  );
  const sinceMs = before?.["acquiredAtMs"];
  const endMs = Math.min(atMs, Number(before?.["expiresAtMs"] ?? atMs));
  const isKnown = hasEnded && typeof sinceMs === "number";
  if (!isGranted && !isKnown) return undefined;
  return {
    granted: isGranted ? 1 : 0,
    ...(isKnown && { holds: countDurations([endMs - sinceMs]) }),
  };
}

function wantedByLock({ before, after }: ItemChange): Wanted[] {
  const { resource, kind, purpose } = { ...before, ...after };
  const known = (kind ?? purpose ?? "custom") as ContentionKind;
  return [lockByKind(known, String(resource))];
}

/** Adds what a change says of grants and of how long something was had; nothing where it was told before. */
export function addGranted(tally: Tally, toldChange: ToldChange): void {
  const { change, told } = toldChange;
  if (told.length === 0) return;
  const atMs = parseInstant(change);
  const isOrder = change.key["orderId"] !== undefined;
  const isLock = change.key["resource"] !== undefined;
  const counts = isOrder
    ? countOrder(change, atMs)
    : isLock
      ? countLock(toldChange, atMs)
      : undefined;
  if (!counts) return;
  const wanted = isOrder ? wantedByOrder(change.after!) : wantedByLock(change);
  for (const [kind, resource] of wanted) {
    tally.add({ kind, resource, minuteMs: floorToMinute(atMs) }, counts);
  }
}
