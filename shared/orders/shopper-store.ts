/**
 * How open orders are counted: one small row a shopper, changed in the transactions that place, extend and
 * end an order, under their own conditions. No request of its own, and nothing that a sweep would have to mend.
 */
import { HoldfastError } from "../base/errors.ts";
import { LimitExceeded } from "../base/limit-exceeded.ts";
import { dayMs, type EpochMs, epochMs, later, ttlSecondsAt } from "../base/time.ts";
import {
  action,
  allOf,
  anyOf,
  condition,
  exists,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import { type Row, update, type Write } from "../table/write.ts";
import { type Order, resolvePlacer } from "./order.ts";
import {
  listOverdue,
  type Shopper,
  type ShopperLimits,
  whyLimited,
  withoutOverdue,
} from "./shopper.ts";

/** A shopper who has not ordered for so long is forgotten. */
const shopperLifeMs = 7 * dayMs;

interface ShopperRow {
  readonly shopperId: string;
  readonly open?: number;
  readonly unpaid?: number;
  /** Both together: fewer than a shopper may leave unpaid are no reason to look whose time is over. */
  readonly atRisk?: number;
  readonly lastUnpaidAtMs?: number;
  readonly ttlSeconds: number;
  /** The deadline of an order that is counted: flat, so that no parent has to be there. */
  readonly [order: `order:${string}`]: number;
}

const at = pathsOf<ShopperRow>();
const orderAttribute = (orderId: string) => `order:${orderId}` as const;
const place = (order: Pick<Order, "userId" | "placedBy">) =>
  ({ table: "Shoppers", key: { shopperId: resolvePlacer(order) } }) as const;

/** A stored row as a shopper; nobody is known who has no row. */
export function parseShopper(row: Row | undefined): Shopper {
  const orders = Object.entries(row ?? {}).flatMap(([name, value]) =>
    name.startsWith("order:") ? [[name.slice(6), epochMs(Number(value))] as const] : [],
  );
  const count = (name: "open" | "unpaid" | "lastUnpaidAtMs") => Number(row?.[name] ?? 0);
  return {
    open: count("open"),
    orders: new Map(orders),
    unpaid: count("unpaid"),
    lastUnpaidAtMs: count("lastUnpaidAtMs"),
  };
}

/** The shopper's row is another than it was: only the transaction that it belongs to meets this. */
class ShopperMoved extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "The shopper's orders changed in the meantime");
  }
}

/** An order to be counted; `seen` is the row of a refusal, with orders in it whose time is over. */
export interface Counting {
  readonly order: Order;
  readonly limits: ShopperLimits;
  readonly nowMs: EpochMs;
  readonly seen?: Shopper | undefined;
}

/** Another order may be open, counting those that leave in the same write. */
function hasRoomFor({ maxOpenOrders }: ShopperLimits, leaving: number): Fragment {
  return anyOf(isMissing(at("open")), condition`${at("open")} < ${maxOpenOrders + leaving}`);
}

/** The shopper pays often enough, or has paused. */
function isNotPaused({ maxUnpaidOrders, unpaidPauseMs }: ShopperLimits, nowMs: EpochMs): Fragment {
  return anyOf(
    isMissing(at("unpaid")),
    condition`${at("unpaid")} < ${maxUnpaidOrders}`,
    condition`${at("lastUnpaidAtMs")} <= ${nowMs - unpaidPauseMs}`,
  );
}

/** Too few orders for a pause, also if time has ended every open one: who has more is looked at first. */
function isFarFromPause({ maxUnpaidOrders }: ShopperLimits): Fragment {
  return anyOf(isMissing(at("atRisk")), condition`${at("atRisk")} < ${maxUnpaidOrders}`);
}

/** What is over leaves as it was seen, and counts as unpaid. */
function takingOver({ seen, nowMs }: Counting) {
  const overdue = seen ? listOverdue(seen, nowMs) : [];
  if (!seen || overdue.length === 0) return { leaving: 0, set: [], remove: [], guards: [] };
  const { unpaid, lastUnpaidAtMs } = withoutOverdue(seen, nowMs);
  const known = seen.unpaid;
  return {
    leaving: overdue.length,
    set: [action`${at("unpaid")} = ${unpaid}`, action`${at("lastUnpaidAtMs")} = ${lastUnpaidAtMs}`],
    remove: overdue.map(([orderId]) => at(orderAttribute(orderId))),
    guards: [
      ...overdue.map(([id, endedAtMs]) => condition`${at(orderAttribute(id))} = ${endedAtMs}`),
      known === 0
        ? anyOf(isMissing(at("unpaid")), condition`${at("unpaid")} = ${0}`)
        : condition`${at("unpaid")} = ${known}`,
    ],
  };
}

/** Counts a new order among the open ones of its shopper, if the shop's rules allow another. */
export function countOrderWrite(counting: Counting): Write {
  const { order, limits, nowMs, seen } = counting;
  const { leaving, set, remove, guards } = takingOver(counting);
  const pausing = seen
    ? [isNotPaused(limits, nowMs)]
    : [isNotPaused(limits, nowMs), isFarFromPause(limits)];
  const rules = limits.maxUnpaidOrders > 0 ? pausing : [];
  return update({
    ...place(order),
    change: {
      set: [
        action`${at("open")} = if_not_exists(${at("open")}, ${0}) + ${1 - leaving}`,
        action`${at("atRisk")} = if_not_exists(${at("atRisk")}, ${0}) + ${1}`,
        action`${at(orderAttribute(order.orderId))} = ${order.expiresAtMs}`,
        action`${at("ttlSeconds")} = ${ttlSecondsAt(later(order.expiresAtMs, shopperLifeMs))}`,
        ...set,
      ],
      remove,
    },
    condition: allOf(hasRoomFor(limits, leaving), ...rules, ...guards),
    refused: (found) => whyLimited(parseShopper(found), limits, nowMs) ?? new ShopperMoved(),
  });
}

/**
 * The shopper as a refusal showed it, to count again with what is over taken out.
 *
 * @throws LimitExceeded when a rule forbids another order
 */
export function recount(found: Row | undefined, limits: ShopperLimits, nowMs: EpochMs): Shopper {
  const shopper = parseShopper(found);
  const limited = whyLimited(shopper, limits, nowMs);
  if (limited instanceof LimitExceeded) throw limited;
  return shopper;
}

type Counted = Pick<Order, "orderId" | "userId" | "placedBy" | "isCounted">;

function ofCounted(order: Counted, set: readonly Fragment[], leaves: boolean): Write[] {
  if (!order.isCounted) return [];
  const path = at(orderAttribute(order.orderId));
  return [
    update({
      ...place(order),
      change: { set: [...set], ...(leaves ? { remove: [path] } : {}) },
      condition: exists(path),
      refused: () => new ShopperMoved(),
    }),
  ];
}

/** The order stays open until another instant: a payment has started. Refused once it was taken out as over. */
export function extendCountWrites(order: Counted, untilMs: EpochMs): Write[] {
  const path = at(orderAttribute(order.orderId));
  const ttlSeconds = ttlSecondsAt(later(untilMs, shopperLifeMs));
  const until = [action`${path} = ${untilMs}`, action`${at("ttlSeconds")} = ${ttlSeconds}`];
  return ofCounted(order, until, false);
}

/** How an order stops being open: paid for, in vain by its shopper's doing or a failed payment, or neither. */
export type CountEnding = "paid" | "unpaid" | "neither";

/** The order is open no more. Refused where it was taken out as over before: then nothing is left to do. */
export function leaveCountWrites(order: Counted, ending: CountEnding, nowMs: EpochMs): Write[] {
  const effects = {
    paid: [action`${at("unpaid")} = ${0}`, action`${at("atRisk")} = ${at("open")} - ${1}`],
    unpaid: [
      action`${at("unpaid")} = if_not_exists(${at("unpaid")}, ${0}) + ${1}`,
      action`${at("lastUnpaidAtMs")} = ${nowMs}`,
    ],
    neither: [action`${at("atRisk")} = if_not_exists(${at("atRisk")}, ${at("open")}) - ${1}`],
  }[ending];
  return ofCounted(order, [action`${at("open")} = ${at("open")} - ${1}`, ...effects], true);
}
