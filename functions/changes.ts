/** Table streams: turns changes into audit entries, the orders' ledger entries and cart events. */
import { trail } from "./runtime/audit.ts";
import { announceCart } from "./runtime/cart-events.ts";
import { createStreamHandler } from "./runtime/stream.ts";

export const handler = createStreamHandler(async (change) => {
  const told = await trail.audit.record(change);
  await trail.orderMovements.record(change);
  announceCart(change);
  return told;
});
