/** What administrators see: locks, held items and carts being paid, all in one shape. */
import type { LockKind, Lock } from "../locks/lock.ts";
import { sumDemand, type Order } from "../orders/order.ts";

/** What a live lock is on: what locks are for, and items, which are held. */
export const liveLockKinds = ["document", "cart", "item", "custom"] as const satisfies readonly (
  LockKind | "item"
)[];

/** One of these. */
export type LiveLockKind = (typeof liveLockKinds)[number];

/** A lock or hold that stands now. */
export interface LiveLock {
  readonly kind: LiveLockKind;
  readonly resource: string;
  readonly owner: string;
  readonly username: string | null;
  readonly sessionId: string | null;
  readonly orderId: string | null;
  readonly quantity: number | null;
  readonly fence: number | null;
  readonly acquiredAtMs: number;
  readonly expiresAtMs: number;
}

/** The kinds of locks to look for; items are held, never locked. */
export function selectLockKinds(kind: LiveLockKind | undefined): readonly (LockKind | undefined)[] {
  if (kind === undefined) return [undefined];
  return kind === "item" ? [] : [kind];
}

/** A lock in that shape. */
export function liveLockView({ resource, kind, owner, fence, ...times }: Lock): LiveLock {
  const { acquiredAtMs, expiresAtMs } = times;
  return {
    kind,
    resource,
    owner: owner.userId,
    username: owner.username ?? null,
    sessionId: owner.sessionId ?? null,
    orderId: null,
    quantity: null,
    fence,
    acquiredAtMs,
    expiresAtMs,
  };
}

/** What a pending order holds: each of its items, and the cart that it was made from. */
export function orderLockViews(order: Order, kind: LiveLockKind | undefined): LiveLock[] {
  const { orderId, userId: owner, createdAtMs: acquiredAtMs, expiresAtMs, cart } = order;
  const common = { owner, username: null, orderId, fence: null, acquiredAtMs, expiresAtMs };
  const items = sumDemand(order.lines).map(({ itemId, quantity }): LiveLock => {
    return { ...common, kind: "item", resource: itemId, sessionId: null, quantity };
  });
  const carts = cart ? [cart] : [];
  const locked = carts.map(({ cartId, sessionId }): LiveLock => {
    return { ...common, kind: "cart", resource: cartId, sessionId, quantity: null };
  });
  return [...items, ...locked].filter((lock) => kind === undefined || lock.kind === kind);
}

/** Counts over live locks. */
export interface LockStats {
  readonly totalActiveLocks: number;
  readonly byKind: Readonly<Record<LiveLockKind, number>>;
  readonly activeHolds: number;
  readonly heldUnits: number;
  readonly oldestAcquiredAtMs: number | null;
  readonly expiringSoon: number;
  readonly locks: readonly LiveLock[];
}

/** What ends within this time ends soon. */
const soonMs = 60_000;
/** So many are shown with the counts. */
const shown = 20;

/** The counts over these locks at this instant, and the first of them. */
export function countLiveLocks(locks: readonly LiveLock[], nowMs: number): LockStats {
  const count = (kind: LiveLockKind): number => locks.filter((lock) => lock.kind === kind).length;
  const byKind = {
    document: count("document"),
    cart: count("cart"),
    item: count("item"),
    custom: count("custom"),
  };
  const since = locks.map(({ acquiredAtMs }) => acquiredAtMs);
  return {
    totalActiveLocks: locks.length,
    byKind,
    activeHolds: byKind.item,
    heldUnits: locks.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0),
    oldestAcquiredAtMs: since.length === 0 ? null : since.reduce((a, b) => Math.min(a, b)),
    expiringSoon: locks.filter(({ expiresAtMs }) => expiresAtMs <= nowMs + soonMs).length,
    locks: locks.slice(0, shown),
  };
}
