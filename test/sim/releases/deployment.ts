/** Two releases on one database: which of them serves is drawn for each request, as an alias with weights does it. */
import type { World } from "../scheduler/world.ts";
import type { createSystem, System } from "../workloads/system.ts";
import { earlierRelease } from "./earlier-release.ts";

/** From so long after its beginning on, the new release has this share of the requests. */
interface Stage {
  readonly fromMs: number;
  readonly share: number;
}

/** The earlier release alone. */
export const notBegun: readonly Stage[] = [{ fromMs: 0, share: 0 }];

/** How it ends: mostly all the way forward, now and then all the way back, or both go on together. */
const ends = [1, 1, 0, 0.5];

/** A canary, then more of it, mostly rolled back and begun once more. */
function drawStages({ random }: World): readonly Stage[] {
  let fromMs = 0;
  const next = (share: number): Stage => {
    fromMs += random.int(1, 90_000);
    return { fromMs, share };
  };
  const trial = [next(random.pick([0.1, 0.5])), next(random.pick([0.5, 1]))];
  const again = random.chance(0.7) ? [next(0), next(0.5)] : [];
  return [...notBegun, ...trial, ...again, next(random.pick(ends))];
}

/** What the earlier release has not, only the new one is ever asked for: routes come with the release that has them. */
function withTheRest(earlier: System, system: System): System {
  return new Proxy(earlier, {
    get: (_earlier, name) => Reflect.get(name in earlier ? earlier : system, name) as unknown,
  });
}

/** A release on its way into a world. Each process serves with both, which share its clock and no memory. */
export class Deployment {
  readonly #world: World;
  readonly #beganAtMs: number;
  readonly #stages: readonly Stage[];
  readonly #earlier = new WeakMap<System, System>();
  /** How many requests each of them has served. */
  readonly served = { earlier: 0, today: 0 };

  constructor(world: World, stages = drawStages(world)) {
    this.#world = world;
    this.#beganAtMs = world.nowMs;
    this.#stages = stages;
  }

  /** Puts the earlier release beside a process that has just started. */
  accompany(system: System, ...[, ...made]: Parameters<typeof createSystem>): void {
    const { createSystem: create, runOperation } = earlierRelease();
    const process = { ...system.process, around: runOperation };
    this.#earlier.set(system, withTheRest(create({ process: () => process }, ...made), system));
  }

  /** The services that are asked next, of those of a process. */
  pick(system: System): System {
    const sinceMs = this.#world.nowMs - this.#beganAtMs;
    const { share } = this.#stages.findLast(({ fromMs }) => sinceMs >= fromMs)!;
    const isSplit = share > 0 && share < 1;
    const isToday = isSplit ? this.#world.random.chance(share) : share === 1;
    this.served[isToday ? "today" : "earlier"] += 1;
    return isToday ? system : this.#earlier.get(system)!;
  }
}
