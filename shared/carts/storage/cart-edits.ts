/** How every edit of a cart is written: the sentences that guard it, what it means when one fails, and what it leaves. */
import { randomUUID } from "node:crypto";
import { type EpochMs, later, ttlSecondsAt } from "../../base/time.ts";
import {
  action,
  anyOf,
  condition,
  type Fragment,
  isMissing,
  allOf,
} from "../../table/expression.ts";
import { type Recall, type Row, type Change, update, type Write } from "../../table/write.ts";
import {
  cartLifeMs,
  type CartLock,
  type CartStorage,
  makeCartId,
  CartLocked,
  type InstanceAddress,
  VersionMismatch,
} from "../model/cart.ts";
import { maxMetadataKb } from "../model/cart-limits.ts";
import { at, cartPlace, listKb, rememberedEdits } from "./cart-row.ts";
import { type Actor, type ChangeNote, changeNote } from "../../base/actor.ts";
import type { AuditAction } from "../../base/audit-action.ts";
import { HoldfastError } from "../../base/errors.ts";
import type { KeyedRequest } from "../../table/request-memory.ts";
import { type ExpectedVersion, isExpected, versionIsExpected } from "../../table/versions.ts";

/** Nobody pays for this cart, or the lock of who did is over. */
export function cartIsUnlocked(nowMs: EpochMs): Fragment {
  return anyOf(isMissing(at("lock")), condition`${at("lock", "expiresAtMs")} <= ${nowMs}`);
}

/** The cart is locked for this order, whether its time is over or not. */
export function lockIsForOrder(orderId: string): Fragment {
  return condition`${at("lock", "orderId")} = ${orderId}`;
}

/** No order was placed from the cart since it was read. */
export function checkoutsAre(checkouts: number): Fragment {
  return checkouts === 0
    ? isMissing(at("checkouts"))
    : condition`${at("checkouts")} = ${checkouts}`;
}

/** The set has this key already, or room for one more. */
export function hasRoomFor(
  set: "lineKeys" | "conditionKeys" | "metadataKeys",
  key: string,
  limit: number,
): Fragment {
  return anyOf(
    isMissing(at(set)),
    condition`size(${at(set)}) < ${limit}`,
    condition`contains(${at(set)}, ${key})`,
  );
}

/** The value has begun so many KB already, or the cart has room for all of them. */
export function hasRoomForKb(key: string, kb: number): Fragment {
  return anyOf(
    isMissing(at("metadataKb")),
    condition`size(${at("metadataKb")}) <= ${maxMetadataKb - kb}`,
    condition`contains(${at("metadataKb")}, ${listKb(key, kb).at(-1)})`,
  );
}

/** A new id for an edit; 48 bits are plenty among four neighbours. */
export function newEditId(): string {
  return randomUUID().slice(0, 13).replace("-", "");
}

/** This edit has not taken effect yet; an id that is not there equals nothing. */
function editIsNew(editId: string): Fragment {
  const [a, b, c, d] = rememberedEdits;
  return condition`NOT ${editId} IN (${at(a)}, ${at(b)}, ${at(c)}, ${at(d)})`;
}

/** Whether this edit is among the last ones that took effect on the item. */
export function editTookEffect(editId: string, found: Row | undefined): boolean {
  return rememberedEdits.some((attribute) => found?.[attribute] === editId);
}

/**
 * For how long the cart tells whether an edit took effect that was planned on this version: while
 * not so many others followed that its id may have been pushed out.
 */
export function editIsRecalled(plannedOn: number): Recall {
  const last = rememberedEdits.at(-1)!;
  const latest = plannedOn + rememberedEdits.length;
  return {
    condition: anyOf(
      isMissing(at("version")),
      condition`${at(last)} = ${""}`,
      condition`${at("version")} <= ${latest}`,
    ),
    isPossible: (found) =>
      found?.["version"] === undefined || found[last] === "" || versionIn(found) <= latest,
  };
}

/** Puts an edit's id in front; what is shifted is read before anything is written. */
function rememberEdit(editId: string): Fragment[] {
  return rememberedEdits.map((attribute, index) =>
    index === 0
      ? action`${at(attribute)} = ${editId}`
      : action`${at(attribute)} = if_not_exists(${at(rememberedEdits[index - 1]!)}, ${""})`,
  );
}

/**
 * The next version. A cart that DynamoDB's TTL has deleted must not count from the same start again,
 * or an old ETag could fit new contents: so it starts from the clock, like a lock's fence.
 */
export function nextVersion(nowMs: EpochMs): Fragment {
  return action`${at("version")} = if_not_exists(${at("version")}, ${nowMs}) + ${1}`;
}

/** The cart is kept for its full life from now on. */
export function keepAlive(nowMs: EpochMs): Fragment {
  return action`${at("ttlSeconds")} = ${ttlSecondsAt(later(nowMs, cartLifeMs))}`;
}

/** The lock in a stored row, if it stands at this instant. */
export function liveLockIn(found: Row | undefined, nowMs: EpochMs): CartLock | undefined {
  const lock = found?.["lock"] as CartLock | undefined;
  return lock && lock.expiresAtMs > nowMs ? lock : undefined;
}

/** The version in a stored row. */
export function versionIn(found: Row | undefined): number {
  return Number(found?.["version"] ?? 0);
}

/** One edit: of which cart, when, by whom, and of which version if the caller cares. */
export interface Edit {
  readonly address: InstanceAddress;
  readonly nowMs: EpochMs;
  readonly note: ChangeNote;
  /** Refused with `VERSION_MISMATCH` when the contents are others. */
  readonly expectedVersion?: ExpectedVersion | undefined;
}

/** Who edits which named cart; with `expectedVersion`, only if its contents are still those. */
export interface EditRequest extends InstanceAddress {
  readonly actor: Actor;
  readonly expectedVersion?: ExpectedVersion | undefined;
  /** With one, the edit is done once, however often it is asked for. */
  readonly keyed?: KeyedRequest | undefined;
  /** How a collection is guarded this once; as usual where it is left out. */
  readonly storage?: CartStorage | undefined;
}

/** How the audit trail calls an edit. */
export type CartEditAction = Extract<AuditAction, `cart.${string}`>;

/** The edit that somebody asks for, at this instant. */
export function makeEdit(request: EditRequest, what: CartEditAction, nowMs: EpochMs): Edit {
  const { actor, expectedVersion, keyed: _keyed, storage: _mode, ...address } = request;
  return { address, nowMs, note: changeNote(what, actor, nowMs), expectedVersion };
}

/** The cart is not as it was when this write was planned; nothing was changed. */
export class CartMoved extends HoldfastError {
  readonly found: Row | undefined;

  constructor(found: Row | undefined) {
    super("TRY_AGAIN", "The cart kept changing: nothing was changed, please try again");
    this.found = found;
  }
}

/** What an edit writes and asks for, beyond what all of them do. */
export interface EditParts {
  readonly change: Change;
  readonly guards?: readonly Fragment[];
  /** The version it was planned on, where doing it twice would make a difference. */
  readonly plannedOn?: number;
  /** What it means when neither lock nor version was the reason of a refusal. */
  readonly refused?: (found: Row | undefined) => HoldfastError;
}

/** Why an edit was refused: a payment goes first, then a version that the caller asked for. */
export function refusalOfEdit(
  { nowMs, expectedVersion }: Pick<Edit, "nowMs" | "expectedVersion">,
  otherwise: (found: Row | undefined) => HoldfastError = (found) => new CartMoved(found),
): (found: Row | undefined) => HoldfastError {
  return (found) => {
    const lock = liveLockIn(found, nowMs);
    if (lock) return new CartLocked(lock);
    const version = versionIn(found);
    if (!isExpected(expectedVersion, version)) {
      return new VersionMismatch(version);
    }
    return otherwise(found);
  };
}

/**
 * One update of just the keys it touches, refused while somebody pays. It clears a lock whose time is
 * over: a lock that is still there says that nobody edited since. Repeating it after a lost answer
 * has no second effect.
 */
export function editWrite(edit: Edit, parts: EditParts): Write {
  const { address, nowMs, note, expectedVersion } = edit;
  const { userId, sessionId } = address;
  const { change, guards = [], refused, plannedOn } = parts;
  const editId = newEditId();
  return update({
    ...cartPlace(makeCartId(userId, sessionId)),
    change: {
      set: [
        ...(change.set ?? []),
        ...rememberEdit(editId),
        nextVersion(nowMs),
        keepAlive(nowMs),
        action`${at("userId")} = ${userId}`,
        action`${at("sessionId")} = ${sessionId}`,
        action`${at("change")} = ${note}`,
      ],
      remove: [at("lock"), ...(change.remove ?? [])],
      add: change.add ?? [],
      delete: change.delete ?? [],
    },
    condition: allOf(
      cartIsUnlocked(nowMs),
      editIsNew(editId),
      ...versionIsExpected(expectedVersion),
      ...guards,
    ),
    refused: refusalOfEdit(edit, refused),
    applied: (found) => editTookEffect(editId, found),
    ...(plannedOn === undefined ? {} : { recall: editIsRecalled(plannedOn) }),
  });
}
