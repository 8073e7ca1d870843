/** The sentences that guard writes to carts, and what it means when one of them does not hold. */
import { randomUUID } from "node:crypto";
import type { EpochMs } from "../../base/time.ts";
import { later, ttlSecondsAt } from "../../base/time.ts";
import { action, anyOf, condition, type Fragment, isMissing } from "../../table/expression.ts";
import type { Recall, Row } from "../../table/write.ts";
import { cartLifeMs, type CartLock } from "../model/cart.ts";
import { at, rememberedEdits } from "./cart-row.ts";

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
  set: "lineKeys" | "conditionKeys",
  key: string,
  limit: number,
): Fragment {
  return anyOf(
    isMissing(at(set)),
    condition`size(${at(set)}) < ${limit}`,
    condition`contains(${at(set)}, ${key})`,
  );
}

/** A new id for an edit; 48 bits are plenty among four neighbours. */
export function newEditId(): string {
  return randomUUID().slice(0, 13).replace("-", "");
}

/** This edit has not taken effect yet; an id that is not there equals nothing. */
export function editIsNew(editId: string): Fragment {
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
export function rememberEdit(editId: string): Fragment[] {
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
