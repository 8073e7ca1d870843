/** Table streams: turns changes into audit entries and the orders' entries of the stock ledger. */
import { trail } from "./runtime/audit.ts";
import { createStreamHandler } from "./runtime/stream.ts";

export const handler = createStreamHandler(async (change) => {
  const told = await trail.audit.record(change);
  await trail.orderMovements.record(change);
  return told;
});
