/** Table streams: turns changes into audit entries and the orders' entries of the stock ledger. */
import { operations } from "./runtime/operations.ts";
import { createStreamHandler } from "./runtime/stream.ts";

export const handler = createStreamHandler(async (change) => {
  const told = await operations.audit.record(change);
  await operations.orderMovements.record(change);
  return told;
});
