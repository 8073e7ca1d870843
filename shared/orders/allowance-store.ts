/**
 * How it is counted what each shopper has of a limited item: one small row a shopper and item, changed in the
 * transactions that place, extend, pay and end an order, under conditions of its own. It has a line for each
 * open order and one number for all the rest, so what was bought before costs nothing.
 */
import { HoldfastError } from "../base/errors.ts";
import { type EpochMs, epochMs } from "../base/time.ts";
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
import {
  type Allowance,
  listOverdueShares,
  type OpenShare,
  sumShares,
  type Taken,
} from "./allowance.ts";
import { type Order, resolvePlacer } from "./order.ts";

interface AllowanceRow {
  readonly shopperId: string;
  readonly taken?: number;
  /** What an open order has of it: flat, so that no parent has to be there. */
  readonly [order: `order:${string}`]: OpenShare;
}

const at = pathsOf<AllowanceRow>();
const orderAttribute = (orderId: string) => `order:${orderId}` as const;

/** Begins the names of these rows among those of shoppers; no item's name has such a sign. */
const mark = "\u001f";

type Owner = Pick<Order, "orderId" | "userId" | "placedBy">;

function place(order: Owner, { itemId }: Allowance) {
  const shopperId = `${mark}${itemId}${mark}${resolvePlacer(order)}`;
  return { table: "Shoppers", key: { shopperId } } as const;
}

/** Whether a row among those of shoppers counts units of an item. */
export function isAllowanceId(shopperId: string): boolean {
  return shopperId.startsWith(mark);
}

/** A stored row as what its shopper has; nothing where there is none. */
export function parseTaken(row: Row | undefined): Taken {
  const open = Object.entries(row ?? {}).flatMap(([name, value]) => {
    if (!name.startsWith("order:")) return [];
    const { units, untilMs } = value as OpenShare;
    return [[name.slice(6), { units, untilMs: epochMs(untilMs) }] as const];
  });
  return { units: Number(row?.["taken"] ?? 0), open: new Map(open) };
}

/** The count is another than it was: only the transaction that it belongs to meets this. */
class AllowanceMoved extends HoldfastError {
  constructor() {
    super("TRY_AGAIN", "What the shopper has of this item changed in the meantime");
  }
}

/** Units to be counted; `seen` is the row of a refusal, with shares in it whose time is over. */
export interface AllowanceTaking {
  readonly order: Owner & Pick<Order, "status" | "expiresAtMs">;
  readonly allowance: Allowance;
  readonly nowMs: EpochMs;
  readonly seen?: Taken | undefined;
}

/** What is over leaves as it was seen. */
function takingOver({ seen, nowMs }: AllowanceTaking) {
  const overdue = seen ? listOverdueShares(seen, nowMs) : [];
  return {
    freed: sumShares(overdue),
    remove: overdue.map(([orderId]) => at(orderAttribute(orderId))),
    guards: overdue.map(
      ([orderId, { units, untilMs }]) =>
        condition`${at(orderAttribute(orderId))} = ${{ units, untilMs }}`,
    ),
  };
}

/** The shopper may have these units as well, counting those that leave in the same write. */
function allowanceCovers({ quantity, perShopper }: Allowance, freed: number): Fragment {
  const fits = condition`${at("taken")} <= ${perShopper - quantity + freed}`;
  const fitsAlone = freed === 0 && quantity <= perShopper;
  return fitsAlone ? anyOf(isMissing(at("taken")), fits) : fits;
}

/** Counts what an order has: until its deadline while it is open, for good once it is paid. */
export function takeAllowanceWrite(taking: AllowanceTaking): Write {
  const { order, allowance } = taking;
  const { quantity: units } = allowance;
  const { freed, remove, guards } = takingOver(taking);
  const share = { units, untilMs: order.expiresAtMs };
  const isOpen = order.status === "pending";
  return update({
    ...place(order, allowance),
    change: {
      set: [
        action`${at("taken")} = if_not_exists(${at("taken")}, ${0}) + ${units - freed}`,
        ...(isOpen ? [action`${at(orderAttribute(order.orderId))} = ${share}`] : []),
      ],
      remove,
    },
    condition: allOf(allowanceCovers(allowance, freed), ...guards),
    refused: () => new AllowanceMoved(),
  });
}

type Counted = Owner & Pick<Order, "allowances">;

/** One write for each limited item of the order; refused where its share was taken out as over. */
function ofShares(
  order: Counted,
  change: (allowance: Allowance) => { set?: Fragment[]; isGone: boolean },
): Write[] {
  const path = at(orderAttribute(order.orderId));
  return (order.allowances ?? []).map((allowance) => {
    const { isGone, set = [] } = change(allowance);
    return update({
      ...place(order, allowance),
      change: { set, ...(isGone ? { remove: [path] } : {}) },
      condition: exists(path),
      refused: () => new AllowanceMoved(),
    });
  });
}

/** The order stays open until another instant: a payment has started. */
export function extendAllowanceWrites(order: Counted, untilMs: EpochMs): Write[] {
  const path = at(orderAttribute(order.orderId));
  return ofShares(order, ({ quantity: units }) => {
    return { set: [action`${path} = ${{ units, untilMs }}`], isGone: false };
  });
}

/** The order came to nothing: its shopper can have the units again. */
export function leaveAllowanceWrites(order: Counted): Write[] {
  return ofShares(order, ({ quantity }) => {
    return { set: [action`${at("taken")} = ${at("taken")} - ${quantity}`], isGone: true };
  });
}

/** The order is paid: what it has of the item counts for good. */
export function keepAllowanceWrite(order: Counted, allowance: Allowance): Write {
  const [write] = ofShares({ ...order, allowances: [allowance] }, () => ({ isGone: true }));
  return write!;
}
