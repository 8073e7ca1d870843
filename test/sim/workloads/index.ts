/** Every workload by name. */
import type { Workload } from "../simulate.ts";
import { drawShopPlan, Shop } from "./shop.ts";

const shop: Workload = {
  name: "shop",
  run: (world) => new Shop(world, drawShopPlan(world.random.fork())).run(),
};

/** All workloads; seeds take turns among them. */
export const workloads: readonly Workload[] = [shop];
