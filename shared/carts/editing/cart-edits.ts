/** What every edit of a cart has in common, and what each edit of a single key writes. */
import { type Actor, type ChangeNote, changeNote } from "../../base/actor.ts";
import type { AuditAction } from "../../base/audit-action.ts";
import { HoldfastError } from "../../base/errors.ts";
import type { EpochMs } from "../../base/time.ts";
import { action, allOf, type Fragment } from "../../table/expression.ts";
import { type ExpectedVersion, isExpected, versionIsExpected } from "../../table/versions.ts";
import { type Change, type Row, update, type Write } from "../../table/write.ts";
import { makeCartId, CartLocked, type InstanceAddress, VersionMismatch } from "../model/cart.ts";
import {
  cartIsUnlocked,
  editIsNew,
  editIsRecalled,
  editTookEffect,
  keepAlive,
  liveLockIn,
  newEditId,
  nextVersion,
  rememberEdit,
  versionIn,
} from "../storage/cart-guards.ts";
import { at, cartPlace } from "../storage/cart-row.ts";

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
}

/** How the audit trail calls an edit. */
export type CartEditAction = Extract<AuditAction, `cart.${string}`>;

/** The edit that somebody asks for, at this instant. */
export function makeEdit(request: EditRequest, what: CartEditAction, nowMs: EpochMs): Edit {
  const { actor, expectedVersion, ...address } = request;
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
