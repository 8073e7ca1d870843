/** What the audit trail says of a change: who did what to which lock, hold, order, cart or item, and why. */
import { isDeepStrictEqual } from "node:util";
import type { ChangeNote } from "../base/actor.ts";
import type { AuditAction } from "../base/audit-action.ts";
import { isItemLine } from "../base/line-id.ts";
import { isUsesId, parseUsesName } from "../base/uses-id.ts";
import { dayMs, type EpochMs, later, ttlSecondsAt } from "../base/time.ts";
import type { ItemChange } from "../table/stream.ts";
import type { Row } from "../table/write.ts";
import { boundSteps, type Step, stepsBetween } from "./difference.ts";
import { type HoldEvent, holdEvents } from "./hold-events.ts";

/** One entry of the trail. */
export interface AuditEntry {
  /** `lock/…`, `cart/…`, `order/…`, `item/…`, `document/…`, `promotion/…`, `uses/…` or `person/…`. */
  readonly subject: string;
  /** Sorts the entries of a subject as things happened; unique and the same for every delivery. */
  readonly at: string;
  readonly action: AuditAction;
  /** Who did it: a user, `provider:…` or `system:…`. */
  readonly actor: string;
  readonly reason?: string;
  readonly requestId?: string;
  readonly orderId?: string;
  readonly atMs: EpochMs;
  /** What it changed; all steps of a subject in order lead to its present state. */
  readonly steps: readonly Step[];
  readonly ttlSeconds: number;
}

/** For how long entries are kept. */
const auditDays = 90;

/** The key attribute of each table says what its items are. */
const kinds = {
  resource: "lock",
  cartId: "cart",
  orderId: "order",
  itemId: "item",
  documentId: "document",
  code: "promotion",
  personId: "person",
} as const;

type Kind = (typeof kinds)[keyof typeof kinds] | "uses";

/** Rows of the stock table count units of items, or uses of promotions. */
function parseStockKey(itemId: string): { kind: Kind; id: string } {
  return isUsesId(itemId)
    ? { kind: "uses", id: parseUsesName(itemId) }
    : { kind: "item", id: itemId };
}

/** The item that a row of the stock table belongs to beside its first one, and what tells it from others. */
function parseFurtherRow({
  key,
  before,
  after,
}: ItemChange): { item: string; name: string } | undefined {
  const item = (after ?? before)?.["item"];
  if (typeof item !== "string") return undefined;
  return { item, name: `${String(key["itemId"]).slice(item.length)}@${String(key["shard"])}` };
}

function parseSubject(change: ItemChange): { kind: Kind; id: string } {
  const { key } = change;
  const row = parseFurtherRow(change);
  if (row) return parseStockKey(row.item);
  for (const [name, kind] of Object.entries(kinds)) {
    if (key[name] === undefined) continue;
    return kind === "item" ? parseStockKey(String(key[name])) : { kind, id: String(key[name]) };
  }
  throw new Error("The trail knows no such items");
}

/** What one entry tells besides its place in the trail. */
type Told = ChangeNote;

/** The note that this change left, or what can be said of one without: it was nobody's request. */
function parseNote(kind: Kind, { before, after, byTtl, atMs }: ItemChange): Told {
  const note = after?.["change"] as ChangeNote | undefined;
  if (note) return note;
  const action = `${kind}.removed` as const;
  if (byTtl) return { action, actor: "system:ttl", atMs };
  const last = before?.["change"] as ChangeNote | undefined;
  return { action, actor: last?.actor ?? "system:unknown", atMs };
}

/** Those who wait for a lock stand in its row, but are nothing that happened to it. */
export const isOfLine = (attribute: unknown): boolean =>
  attribute === "line" || String(attribute).startsWith("waiter_");

/**
 * Besides its own row a promotion stands in a list, and its revision in copies: all of them say what the
 * promotion's own row does, and their names have a sign that no code has.
 */
export function isCopyOfPromotion(key: Row): boolean {
  return String(key["code"] ?? "").includes("#");
}

/** What functions tell each other of an item that is sold out is nothing that happened to it. */
function isNotice({ before, after }: ItemChange): boolean {
  return (after ?? before)?.["noticeOf"] !== undefined;
}

/** A settlement row whose units are in the row that it belongs to ends by itself: that was told before. */
function isEnding(change: ItemChange): boolean {
  const { ttlSeconds } = change.after ?? change.before ?? {};
  return ttlSeconds !== undefined && parseFurtherRow(change) !== undefined;
}

/** A lease that ended by itself leaves no trace until somebody takes the lock over. */
function tookOver({ before, after }: ItemChange, note: Told): boolean {
  const wasOwned = before?.["owner"] !== undefined && after?.["owner"] !== undefined;
  return wasOwned && ["lock.acquired", "lock.granted"].includes(note.action);
}

/** Handed over before the lease was over: then its owner gave it up. */
function wasReleased({ before }: ItemChange, note: Told): boolean {
  return note.action === "lock.granted" && Number(before?.["expiresAtMs"]) > note.atMs;
}

/** What happened in this change, in order; the last one carries what it did to the item. */
function listEvents(kind: Kind, change: ItemChange, note: Told): (Told | (Told & HoldEvent))[] {
  if (kind === "lock" && tookOver(change, note)) {
    const { actor: _actor, reason: _reason, ...rest } = note;
    const released = { action: "lock.released", actor: String(change.before?.["owner"]) } as const;
    const expired = { action: "lock.expired", actor: "system:expiry" } as const;
    return [{ ...rest, ...(wasReleased(change, note) ? released : expired) }, note];
  }
  const { actor, atMs } = note;
  const holds = holdEvents(kind, change, note.action).map((hold) => ({ actor, atMs, ...hold }));
  return [...holds, note];
}

/**
 * The entries that a change makes: one for each thing that happened. The same change makes the same
 * entries, whichever delivery of it this is.
 *
 * @throws Error when the change is none of an item that the trail knows
 */
export function makeEntries(change: ItemChange): AuditEntry[] {
  // Who waits for an item is nothing that happened to it.
  if (isCopyOfPromotion(change.key) || isItemLine(change.key)) return [];
  if (isNotice(change) || isEnding(change)) return [];
  const { kind, id } = parseSubject(change);
  const row = parseFurtherRow(change);
  const note = parseNote(kind, change);
  const steps = stepsBetween(change.before, change.after).filter(
    ({ path: [attribute] }) => kind !== "lock" || !isOfLine(attribute),
  );
  // Who waits, and asks again every few seconds, is nothing that happened to the lock.
  const isNoted = !isDeepStrictEqual(change.before?.["change"], change.after?.["change"]);
  if (steps.length === 0 && kind === "lock" && !isNoted) return [];
  const events = listEvents(kind, change, note);
  const moment = `${String(change.atMs).padStart(15, "0")}#${change.sequence.padStart(40, "0")}`;
  return events.map((event, index) => {
    const { action, actor, reason, requestId, orderId, atMs } = event;
    const about =
      "itemId" in event && event.itemId !== undefined ? parseStockKey(event.itemId) : { kind, id };
    const subject = `${about.kind}/${about.id}`;
    const mine = "steps" in event ? event.steps : [];
    const others = events.flatMap((other) => ("steps" in other ? other.steps : []));
    const isOthers = ({ path }: Step): boolean =>
      others.some((other) => other.join("/") === path.join("/"));
    const isMine = ({ path }: Step): boolean =>
      mine.some((own) => own.join("/") === path.join("/"));
    const isLast = index === events.length - 1;
    return {
      subject,
      at: `${moment}#${String(index).padStart(4, "0")}`,
      action,
      actor,
      ...(reason !== undefined && { reason }),
      ...(requestId !== undefined && { requestId }),
      ...(orderId !== undefined && { orderId }),
      atMs,
      steps: boundSteps(
        steps
          .filter((step) => isMine(step) || (isLast && !isOthers(step)))
          // What happens in a further row stands below its name in the state of the item.
          .map((step) => (row ? { ...step, path: [row.name, ...step.path] } : step)),
      ),
      ttlSeconds: ttlSecondsAt(later(change.atMs, auditDays * dayMs)),
    };
  });
}
