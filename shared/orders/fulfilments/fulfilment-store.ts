/** How what was sent is written: into the order's own row, if that is still as it was read. */
import type { ChangeNote } from "../../base/actor.ts";
import { HoldfastError } from "../../base/errors.ts";
import { action, allOf, condition, isMissing, pathsOf } from "../../table/expression.ts";
import { type Row, update, type Write } from "../../table/write.ts";
import type { Order } from "../order.ts";
import { orderRow, type OrderRow, parseOrder } from "../order-store.ts";
import type { Fulfilment } from "../fulfilment.ts";

const at = pathsOf<OrderRow>();

/** The order changed after it was read; whoever meets this starts from `found`. */
export class FulfilmentRefused extends HoldfastError {
  readonly found: Order | undefined;

  constructor(orderId: string, found: Row | undefined) {
    super("TRY_AGAIN", "The order changed in the meantime", { orderId });
    this.found = found && parseOrder(found);
  }
}

/** Adds what was sent to the order that was read. Recognised after a lost answer by its id. */
export function fulfilWrite(
  { orderId, status, revision, fulfilments = [] }: Order,
  fulfilment: Fulfilment,
  note: ChangeNote,
): Write {
  const { fulfilmentId } = fulfilment;
  return update({
    ...orderRow(orderId),
    change: {
      set: [
        action`${at("fulfilments")} = ${[...fulfilments, fulfilment]}`,
        action`${at("revision")} = ${(revision ?? 0) + 1}`,
        action`${at("change")} = ${note}`,
      ],
    },
    condition: allOf(
      condition`${at("status")} = ${status}`,
      revision === undefined
        ? isMissing(at("revision"))
        : condition`${at("revision")} = ${revision}`,
    ),
    refused: (found) => new FulfilmentRefused(orderId, found),
    applied: (found) =>
      found !== undefined &&
      (parseOrder(found).fulfilments ?? []).some((each) => each.fulfilmentId === fulfilmentId),
  });
}
