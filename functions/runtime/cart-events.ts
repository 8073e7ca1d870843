/** Announces updates of carts as the stream of their table tells them, one line of the log each. */
import { cartUpdated } from "../../shared/carts/storage/cart-event.ts";
import type { ItemChange } from "../../shared/table/stream.ts";
import { logger } from "./observe.ts";

/**
 * Writes the cart-updated event of a change, if it is one. Whoever needs it elsewhere subscribes to
 * the log group by `message = "cart-updated"`, or maps the table's stream to a function of their own
 * and makes the same event there. A repeated record repeats the event: `version` tells it.
 */
export function announceCart({ key, before, after }: ItemChange): void {
  if (typeof key["cartId"] !== "string") return;
  const event = cartUpdated(before, after);
  if (event) logger.info(event.type, { ...event });
}
