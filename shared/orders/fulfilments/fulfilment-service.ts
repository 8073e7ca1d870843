/** What a caller can ask of fulfilments: to write down what was sent. */
import { type Actor, changeNote } from "../../base/actor.ts";
import { again, OnceMore } from "../../base/again.ts";
import { InvalidRequest, TooLarge } from "../../base/errors.ts";
import { derivedId, fingerprint } from "../../base/derived-ids.ts";
import type { Clock, EpochMs } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { IdempotencyKeyReused, type Order, OrderNotFound, OrderNotPayable } from "../order.ts";
import { sumFulfillable, sumLines } from "../order-returns.ts";
import { findOrder, parseOrder } from "../order-store.ts";
import {
  type Fulfilment,
  FulfilmentExceeded,
  type LineQuantity,
  maxFulfilledLines,
} from "../fulfilment.ts";
import { fulfilWrite, FulfilmentRefused } from "./fulfilment-store.ts";

/** What fulfilments are made of. */
export interface FulfilmentServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** Something that was sent, as a caller says it. */
export interface Sending {
  readonly orderId: string;
  readonly reference: string;
  readonly lines: readonly LineQuantity[];
  /** JSON text. */
  readonly tracking?: string | undefined;
  readonly actor: Actor;
}

/** An order with what was sent of it; `replayed` when an earlier call had said it already. */
export interface Fulfilled {
  readonly order: Order;
  readonly replayed: boolean;
}

/** How often others may change an order while we do. */
const mostMoves = 20;

function makeFulfilment(sending: Sending, nowMs: EpochMs): Fulfilment {
  const { orderId, reference, lines, tracking } = sending;
  return {
    fulfilmentId: derivedId("ful", orderId, reference),
    reference,
    lines,
    ...(tracking === undefined ? {} : { tracking }),
    fingerprint: fingerprint({ lines, tracking }),
    createdAtMs: nowMs,
  };
}

/** @throws what is wrong with sending this much of the order as it is */
function check(order: Order, { lines }: Sending): void {
  if (order.status !== "paid") throw new OrderNotPayable(order);
  const fulfillable = sumFulfillable(order);
  for (const [index, { lineId }] of lines.entries()) {
    const path = `lines.${index}.lineId`;
    const message = "is no line of this order";
    if (!fulfillable.has(lineId)) throw new InvalidRequest([{ path, message }]);
  }
  for (const [lineId, quantity] of sumLines(lines)) {
    const left = fulfillable.get(lineId) ?? 0;
    if (quantity > left) throw new FulfilmentExceeded(lineId, left, quantity);
  }
  const known = (order.fulfilments ?? []).reduce((sum, each) => sum + each.lines.length, 0);
  if (known + lines.length > maxFulfilledLines) {
    const detail = `All fulfilments of an order have at most ${maxFulfilledLines} lines together`;
    throw new TooLarge(detail, maxFulfilledLines);
  }
}

/** Makes the service. */
export function createFulfilmentService({ database, clock }: FulfilmentServiceOptions) {
  return {
    /**
     * Writes down what was sent of a paid order, once for its reference: never more of a line than was ordered,
     * less what was sent and what came back. Two requests; a repetition costs one.
     *
     * @throws OrderNotFound, OrderNotPayable when it is not paid (any more); nothing was changed
     * @throws FulfilmentExceeded when more is sent than is left; nothing was changed
     * @throws IdempotencyKeyReused when the reference was used for something else; nothing was changed
     * @example
     * await fulfilments.add({ orderId, reference: "parcel-1", lines: [{ lineId: "chair", quantity: 1 }], actor });
     */
    add(sending: Sending): Promise<Fulfilled> {
      const { orderId, reference, actor } = sending;
      let seen: Order | undefined;
      return again(mostMoves, async () => {
        const order = seen ?? (await findOrder(database, orderId));
        if (!order) throw new OrderNotFound(orderId);
        const fulfilment = makeFulfilment(sending, clock());
        const known = order.fulfilments?.find((each) => each.reference === reference);
        if (known && known.fingerprint !== fulfilment.fingerprint) throw new IdempotencyKeyReused();
        if (known) return { order, replayed: true };
        check(order, sending);
        const note = changeNote("order.fulfilled", actor, fulfilment.createdAtMs, reference);
        try {
          const row = await database.apply(fulfilWrite(order, fulfilment, note));
          return { order: parseOrder(row), replayed: false };
        } catch (error) {
          if (!(error instanceof FulfilmentRefused)) throw error;
          seen = error.found;
          return new OnceMore();
        }
      });
    },
  };
}
