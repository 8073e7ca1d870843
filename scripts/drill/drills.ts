/** Every drill: one fault each, provoked for real on the local stack. */
import { databaseDrills } from "./database-drills.ts";
import type { Drill } from "./drill.ts";
import { jobDrills } from "./job-drills.ts";
import { moneyDrills } from "./money-drills.ts";
import { refundDrills } from "./refund-drills.ts";
import { requestDrills } from "./request-drills.ts";
import { tryRestore } from "./restore-drill.ts";

const restore: Drill = {
  name: "restore",
  rings: [],
  entry: "Bringing tables back",
  async provoke() {},
  mend: ({ holdfast: { dynamoDbEndpoint }, say }) => tryRestore({ dynamoDbEndpoint, say }),
};

/** Every drill, in the order in which `all` runs them. */
export const drills: readonly Drill[] = [
  ...requestDrills,
  ...moneyDrills,
  ...refundDrills,
  ...jobDrills,
  ...databaseDrills,
  restore,
];
