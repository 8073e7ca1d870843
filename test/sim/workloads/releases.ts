/** Any of the other workloads, served by two releases at once while one of them is being deployed. */
import { deploy } from "../releases/deployed.ts";
import { Deployment } from "../releases/deployment.ts";
import type { World } from "../scheduler/world.ts";
import type { Workload } from "../simulate.ts";

/**
 * Left out: `edges`, `movers` and `holders` put parts of the product together themselves, so there is no release of them;
 * and `people`, because of what the earlier release does not know (docs/migration.md).
 */
const served = [
  "shop",
  "shop",
  "hot",
  "refunds",
  "campaign",
  "editors",
  "carts",
  "stock",
  "lines",
  "lock-lines",
  "events",
  "hoarders",
  "cheats",
  "webhooks",
];

/** Runs one of them to its end, by the workload of that name. */
export async function runReleases(world: World, named: (name: string) => Workload): Promise<void> {
  const { run, rates } = named(world.random.pick(served));
  world.rates = rates?.(world.rates) ?? world.rates;
  deploy(world, new Deployment(world));
  await run(world);
}
