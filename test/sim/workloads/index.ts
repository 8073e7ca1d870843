/** Every workload by name. */
import { type FaultRates, noFaults } from "../scheduler/faults.ts";
import type { Workload } from "../simulate.ts";
import { Campaign, crowdAtCode } from "./campaign.ts";
import { CartEditors } from "./carts.ts";
import { Cheats } from "./cheats.ts";
import { Edges } from "./edges.ts";
import { Editors } from "./editors.ts";
import { runEvents, runWebhooks } from "./events.ts";
import { Holders } from "./holders.ts";
import { Hoarders } from "./hoarders.ts";
import { ItemLines } from "./item-lines.ts";
import { LockLines } from "./lock-lines.ts";
import { Movers } from "./movers.ts";
import { drawHotShopPlan, drawRefundsPlan, drawShopPlan, Shop } from "./shop.ts";
import { runPeople } from "./people.ts";
import { runReleases } from "./releases.ts";
import { StockHands } from "./stock.ts";

/**
 * A request that takes effect after its caller has given it up is an operation without an end: the
 * histories of single locks and items leave it out, all other checks do not.
 */
const withoutLate = (rates: FaultRates): FaultRates => ({ ...rates, late: 0 });

/** All workloads; seeds take turns among them. */
const workloads: readonly Workload[] = [
  { name: "shop", run: (world) => new Shop(world, drawShopPlan(world.random.fork())).run() },
  { name: "editors", run: (world) => new Editors(world).run(), rates: withoutLate },
  { name: "carts", run: (world) => new CartEditors(world).run(), rates: withoutLate },
  {
    name: "edges",
    run: (world) => new Edges(world).run(),
    rates: () => noFaults,
    always: { skewMs: 0, lagMs: 0, latencyMs: 0 },
  },
  { name: "campaign", run: (world) => new Campaign(world).run() },
  { name: "cheats", run: (world) => new Cheats(world).run() },
  { name: "hot", run: (world) => new Shop(world, drawHotShopPlan(world.random.fork())).run() },
  { name: "refunds", run: (world) => new Shop(world, drawRefundsPlan(world.random.fork())).run() },
  { name: "stock", run: (world) => new StockHands(world).run(), rates: withoutLate },
  { name: "holders", run: (world) => new Holders(world).run() },
  { name: "lines", run: (world) => new ItemLines(world).run() },
  { name: "lock-lines", run: (world) => new LockLines(world).run() },
  { name: "events", run: runEvents },
  { name: "people", run: runPeople, rates: withoutLate },
  { name: "hoarders", run: (world) => new Hoarders(world).run() },
  {
    name: "movers",
    run: (world) => new Movers(world).run(),
    // Answers that come late are what this one is about; nobody dies, so that no units wait for a bucket's end.
    rates: ({ conflict, throttled, late }) => ({
      ...noFaults,
      conflict,
      throttled,
      late: 6 * late,
    }),
    always: { skewMs: 0 },
  },
];

/** Too long to take its turn among the seeds, or counted apart: run by its name. */
const byNameOnly: readonly Workload[] = [
  { name: "webhooks", run: runWebhooks },
  { name: "releases", run: (world) => runReleases(world, workloadNamed) },
  { name: "code-crowd", run: (world) => new Campaign(world, crowdAtCode).run() },
];

/** What can be run by itself. */
export const workloadNames = [...workloads, ...byNameOnly].map(({ name }) => name);

/** Which workload a seed runs: the shop every other time, the rest in turn. */
export function workloadOf(seed: number): Workload {
  const [shop, ...others] = workloads as [Workload, ...Workload[]];
  return seed % 2 === 0 ? shop : others[Math.floor(seed / 2) % others.length]!;
}

/** The workload of this name. */
export function workloadNamed(name: string): Workload {
  const found = [...workloads, ...byNameOnly].find((workload) => workload.name === name);
  if (!found) throw new Error(`There is no workload ${name}`);
  return found;
}
