/** The composition root of the test routes. */
import { setTimeout as sleep } from "node:timers/promises";
import { createTrialService } from "../../shared/admin/trial-service.ts";
import { createTrialLocksService } from "../../shared/admin/trial-locks-service.ts";
import { clock, database, once, services, stores } from "./container.ts";

const items = once(() => {
  const { ledger, inventory } = services;
  const parts = { ledger, inventory, clock, sleep: (durationMs: number) => sleep(durationMs) };
  return createTrialService({ ...parts, database: database(), holdStore: stores.holds() });
});

const locks = once(() => createTrialLocksService({ locks: services.locks }));

/** The services behind the test routes, built on first use. */
export const trials = {
  get items() {
    return items();
  },
  get locks() {
    return locks();
  },
};
