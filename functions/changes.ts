/** Table streams: turns changes into audit entries and the orders' entries of the stock ledger. */
import { services } from "./runtime/container.ts";
import { createStreamHandler } from "./runtime/stream.ts";

export const handler = createStreamHandler(async (change) => {
  const told = await services.audit.record(change);
  await services.orderMovements.record(change);
  return told;
});
