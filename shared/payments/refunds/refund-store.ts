/** Writes a part refund without a look at the order first: the write itself demands that so much is left. */
import type { ChangeNote } from "../../base/actor.ts";
import { HoldfastError } from "../../base/errors.ts";
import type { EpochMs } from "../../base/time.ts";
import { pickDueShard } from "../../orders/due-shards.ts";
import type { Order, RefundEntry } from "../../orders/order.ts";
import { orderRow, type OrderRow, parseOrder } from "../../orders/order-store.ts";
import {
  action,
  allOf,
  AttributePath,
  condition,
  isMissing,
  pathsOf,
} from "../../table/expression.ts";
import { type Row, update, type Write } from "../../table/write.ts";
import { maxRefunds } from "./refund.ts";

const at = pathsOf<OrderRow>();

/** The order is such that its refund has to be decided on with a look at it. */
export class PartRefused extends HoldfastError {
  readonly found: Order | undefined;

  constructor(orderId: string, found: Row | undefined) {
    super("TRY_AGAIN", "The order has to be looked at", { orderId });
    this.found = found && parseOrder(found);
  }
}

/** A refund of a part of what was captured, that brings nothing back but money. */
export interface PartRefund {
  readonly orderId: string;
  readonly refundId: string;
  readonly entry: RefundEntry;
  readonly nowMs: EpochMs;
  readonly note: ChangeNote;
  /** In these some provider may have no number for the amount: whether the order's has is seen with a look at it. */
  readonly unsure: readonly string[];
}

/**
 * Makes a part of a paid order's money due: once for its id, and only while more than this is neither back nor due.
 * Two at once that are too much together: the second one is refused. Refused with the order, whatever the reason.
 */
export function refundPartWrite({ orderId, refundId, entry, ...more }: PartRefund): Write {
  const { nowMs, note, unsure } = more;
  const place = new AttributePath(["payment", "refunds", refundId]);
  const refunds = at("payment", "refunds");
  const left = at("payment", "refundableMinor");
  const [revision, dueShard] = [at("revision"), at("dueShard")];
  const isOurs = (found: Row | undefined): boolean =>
    found !== undefined &&
    parseOrder(found).payment?.refunds?.[refundId]?.createdAtMs === entry.createdAtMs;
  return update({
    ...orderRow(orderId),
    change: {
      set: [
        action`${place} = ${entry}`,
        action`${left} = ${left} - ${entry.amountMinor}`,
        action`${revision} = if_not_exists(${revision}, ${0}) + ${1}`,
        action`${dueShard} = if_not_exists(${dueShard}, ${pickDueShard({ orderId })})`,
        action`${at("dueAtMs")} = ${nowMs}`,
        action`${at("change")} = ${note}`,
      ],
    },
    condition: allOf(
      condition`${at("status")} = ${"paid"}`,
      condition`${left} > ${entry.amountMinor}`,
      condition`size(${refunds}) < ${maxRefunds}`,
      isMissing(place),
      ...unsure.map((currency) => condition`${at("currency")} <> ${currency}`),
    ),
    refused: (found) => new PartRefused(orderId, found),
    applied: isOurs,
  });
}
