/** Table streams: turns changes into audit entries, the orders' ledger entries and events, counts, and tells who listens. */
import { createContentionService } from "../shared/insight/contention-service.ts";
import { createLearnedHoldService } from "../shared/insight/learned-hold-service.ts";
import { createLeaseService } from "../shared/insight/lease-service.ts";
import { auditService, eventService, orderMovementService } from "../shared/shop.ts";
import { aside } from "./runtime/aside.ts";
import { announce } from "./runtime/announcing.ts";
import { createStreamHandler } from "./runtime/stream.ts";
import { shop } from "./runtime/wiring.ts";

const audit = auditService(shop);
const orderMovements = orderMovementService(shop);
const contention = createContentionService(shop);
const learnedHolds = createLearnedHoldService(shop);
const leases = createLeaseService(shop);

export const handler = createStreamHandler({
  async work(change) {
    const told = await audit.record(change);
    await orderMovements.record(change);
    return told;
  },
  record: eventService(shop).record,
  count: aside(async (outcomes) => {
    const counts = [contention, learnedHolds, leases].map((insight) => insight.count(outcomes));
    await Promise.all(counts);
  }),
  announce,
});
