/** What an event is, and what a change in a table tells to the outside: pure, so that a repeated record tells the same. */
import type { ChangeNote } from "../base/actor.ts";
import type { EventType } from "../base/event-type.ts";
import { derivedId } from "../base/derived-ids.ts";
import { isUsesId } from "../base/uses-id.ts";
import { cartUpdated } from "../carts/storage/cart-event.ts";
import { parseDocument } from "../documents/document.ts";
import { isSpread, type Stock } from "../inventory/stock.ts";
import { tellLock } from "../live/fact.ts";
import type { ItemChange } from "../table/stream.ts";
import type { Row } from "../table/write.ts";
import { tellOrder } from "./order-facts.ts";

/** A fact that leaves: each has one id, and the facts of one resource are numbered without gaps. */
export interface ShopEvent {
  /** The same for every telling of the same fact. */
  readonly id: string;
  readonly type: EventType;
  /** `order/…`, `item/…`, `cart/…`, `lock/…`, `document/…` or `person/…`. */
  readonly resource: string;
  /** Digits; grows with the changes of the row that told it, to be compared by length first. */
  readonly resourceVersion: string;
  /** 1, 2, 3, … within the resource. */
  readonly sequence: number;
  readonly occurredAtMs: number;
  /** A user, `provider:…` or `system:…`. */
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A fact that has no place among those of its resource yet. */
export type Fact = Omit<ShopEvent, "sequence">;

/** An item's units may be gone, few, or back: what they come to has to be looked up. */
export interface LevelTurn {
  readonly itemId: string;
  /** Whether all of its units are in the row that changed, so that this change alone tells. */
  readonly isWhole: boolean;
  readonly before: number;
  readonly after: number;
}

/** What a change tells: facts of one resource, or that an item's level may have turned. */
export interface Told {
  readonly resource: string;
  readonly change: ItemChange;
  readonly facts: readonly Pick<Fact, "type" | "data">[];
  readonly turn?: LevelTurn;
}

type Tells = Omit<Told, "change">;

function tellLocks(change: ItemChange): Tells[] {
  return tellLock(change).map(({ topic, type, data }) => {
    const { lockInfo, former, ...more } = data as Readonly<Record<string, LockInfo | undefined>>;
    const told = { lock: withoutName(lockInfo), former: withoutName(former), ...more };
    return { resource: topic, facts: [{ type: type as EventType, data: told }] };
  });
}

type LockInfo = { readonly username?: string | null } & Readonly<Record<string, unknown>>;

/** What somebody is called is nobody's business outside; the id is enough. */
function withoutName(lock: LockInfo | null | undefined) {
  if (!lock) return null;
  const { username: _username, timestamp, ...others } = lock;
  return { ...others, acquiredAtMs: timestamp };
}

function tellCart({ key, before, after }: ItemChange): Tells[] {
  const updated = cartUpdated(before, after);
  if (!updated) return [];
  const { type: _type, cartId, actor: _actor, ...data } = updated;
  return [
    {
      resource: `cart/${String(key["cartId"] ?? cartId)}`,
      facts: [{ type: "cart.updated", data }],
    },
  ];
}

function tellDocument({ before, after }: ItemChange): Tells[] {
  const [was, is] = [parseDocument(before), parseDocument(after)];
  if (!is || was?.version === is.version) return [];
  const { documentId: docId, version, updatedBy } = is;
  const data = { docId, version, updatedBy };
  return [{ resource: `document/${docId}`, facts: [{ type: "document.saved", data }] }];
}

/** Units of one row came to nothing, or to something again; of an item in one row, any change may make them few. */
function tellItem({ key, before, after }: ItemChange): Tells[] {
  const row = after ?? before;
  const itemId = String(row?.["item"] ?? key["itemId"]);
  if (!before || !after || isUsesId(itemId) || row?.["noticeOf"] !== undefined) return [];
  const [was, is] = [before, after].map((each) => Number(each["available"] ?? 0)) as [
    number,
    number,
  ];
  const isOwn = (each: Row): boolean =>
    each["item"] === undefined && !isSpread(each as unknown as Stock);
  const isWhole = isOwn(before) && isOwn(after);
  if (was === is || (!isWhole && was > 0 === is > 0)) return [];
  const turn = { itemId, isWhole, before: was, after: is };
  return [{ resource: `item/${itemId}`, facts: [], turn }];
}

/** What was erased is told once everything is: whoever has a copy erases it then. */
function tellPerson({ key, before, after }: ItemChange): Tells[] {
  if (after?.["phase"] !== "done" || before?.["phase"] === "done") return [];
  const userId = String(key["personId"]);
  const data = { userId, orders: after["orders"], carts: after["carts"] };
  return [{ resource: `person/${userId}`, facts: [{ type: "person.erased", data }] }];
}

const tellers: Readonly<Record<string, (change: ItemChange) => Tells[]>> = {
  resource: tellLocks,
  cartId: tellCart,
  documentId: tellDocument,
  itemId: tellItem,
  personId: tellPerson,
  orderId: ({ key, before, after }) => [
    { resource: `order/${String(key["orderId"])}`, facts: tellOrder(before, after) },
  ],
};

/** What a change tells, resource by resource: at most one, and nothing where nobody outside could care. */
export function tellChange(change: ItemChange): Told | undefined {
  const kind = Object.keys(tellers).find((name) => change.key[name] !== undefined);
  const told = kind === undefined ? [] : tellers[kind]!(change);
  const [first] = told;
  if (!first) return undefined;
  const facts = told.flatMap((each) => each.facts);
  return facts.length === 0 && !first.turn ? undefined : { ...first, facts, change };
}

/**
 * Makes facts of a change: the same ones, with the same ids, for every delivery of it. Where what it tells depends on
 * what was told before, `behind` is a part of them: how many facts those are.
 */
export function makeFacts({ resource, change, facts }: Told, behind?: number): Fact[] {
  const note = (change.after ?? change.before)?.["change"] as ChangeNote | undefined;
  return facts.map(({ type, data }, index) => ({
    id: derivedId("evt", change.key, change.sequence, index, behind),
    type,
    resource,
    resourceVersion: change.sequence,
    occurredAtMs: note?.atMs ?? change.atMs,
    actor: change.byTtl ? "system:ttl" : (note?.actor ?? "system:unknown"),
    data,
  }));
}

/** What the level of an item tells now, given what was told of it last; that it is low, only of a new change. */
export function tellLevel(
  { itemId, isWhole, before, after }: LevelTurn,
  available: number,
  { last, lowAt, isNew }: { last: EventType | undefined; lowAt: number; isNew: boolean },
): Told["facts"] {
  const tell = (type: EventType) => [{ type, data: { itemId, available } }];
  if (available <= 0) return last === "item.sold_out" ? [] : tell("item.sold_out");
  const cameBack = last === undefined && isWhole && before <= 0;
  if (last === "item.sold_out" || cameBack) return tell("item.back_in_stock");
  const becameFew = isWhole ? before > lowAt && after <= lowAt : last !== "item.low";
  return isNew && becameFew && available <= lowAt ? tell("item.low") : [];
}

/** Whether turning from one level to another may be news; anything else is not looked up. */
export function mayTurn({ isWhole, before, after }: LevelTurn, lowAt: number): boolean {
  return before > 0 !== after > 0 || (isWhole && before > lowAt && after <= lowAt);
}
