/** The release before this one and today's on one database, while one is deployed, rolled back and deployed again. */
import { expect, test } from "vitest";
import { effort } from "../support/effort.ts";
import { listPlays } from "./crash-points.ts";
import { deploy, findDeployment } from "./releases/deployed.ts";
import { Deployment, notBegun } from "./releases/deployment.ts";
import { collectShapes } from "./releases/row-shapes.ts";
import { describeViolation, simulate, type Workload } from "./simulate.ts";
import { workloadNamed } from "./workloads/index.ts";

const seeds = effort({ part: 24, all: 1_000 });

test(
  `in ${seeds} seeds two releases side by side keep every promise`,
  { timeout: 600_000 + seeds * 2_000 },
  async () => {
    const releases = workloadNamed("releases");
    const served = { earlier: 0, today: 0 };
    const counting = {
      ...releases,
      run: async (world) => {
        await releases.run(world);
        served.earlier += findDeployment(world)!.served.earlier;
        served.today += findDeployment(world)!.served.today;
      },
    } satisfies Workload;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { violation } = await simulate(seed, counting);
      expect(violation && describeViolation(violation)).toBeUndefined();
    }
    // It would prove little if nearly all was done by one of them.
    expect(served.earlier).toBeGreaterThan(seeds * 10);
    expect(served.today).toBeGreaterThan(seeds * 10);
  },
);

/** Routes that the release before does not have, or whose rows it tells nothing of: they came with this one. */
const newRoutes = new Set([
  "POST /admin/webhooks/{endpointId}/replay",
  "DELETE /admin/people/{userId}",
]);

/** What the release before wrote and this one does not any more, and why nobody misses it. */
const gone = new Map([
  ["Audit.steps[].value[].tracking: S", "whom a parcel goes to is no part of the trail any more"],
]);

/** One route or job in so many. */
const every = effort({ part: 4, all: 1 });

test(
  "rows have whatever the release before gave them, in the same form",
  { timeout: 600_000 },
  async () => {
    const [before, today] = [new Set<string>(), new Set<string>()];
    const broken: string[] = [];
    const nobody = { label: "nobody", request: 1, where: "before" } as const;
    for (const [index, play] of listPlays().entries()) {
      if (index % every !== 0) continue;
      const alone = async (shapes: Set<string>, stages?: typeof notBegun): Promise<void> => {
        const watched = {
          ...play,
          run: (world) => {
            collectShapes(world, shapes);
            if (stages) deploy(world, new Deployment(world, stages));
            return play.run(world);
          },
        } satisfies Workload;
        const { violation } = await simulate(1, watched, nobody);
        if (violation && !(stages && newRoutes.has(play.name))) broken.push(play.name);
      };
      await alone(before, notBegun);
      await alone(today);
    }
    expect(broken).toEqual([]);
    expect([...before].filter((shape) => !today.has(shape) && !gone.has(shape))).toEqual([]);
    expect(before.size).toBeGreaterThan(600 / every);
  },
);
