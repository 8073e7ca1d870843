/** Table streams: turns changes into audit entries, the orders' ledger entries and cart events. */
import { auditService, orderMovementService } from "../shared/shop.ts";
import { announceCart } from "./runtime/cart-events.ts";
import { createStreamHandler } from "./runtime/stream.ts";
import { shop } from "./runtime/wiring.ts";

const audit = auditService(shop);
const orderMovements = orderMovementService(shop);

export const handler = createStreamHandler(async (change) => {
  const told = await audit.record(change);
  await orderMovements.record(change);
  announceCart(change);
  return told;
});
