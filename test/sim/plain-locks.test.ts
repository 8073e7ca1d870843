/** Plain locks under faults, beside processes that have a whole lock service over the same table. */
import { expect, test } from "vitest";
import { createLockService } from "../../shared/locks/lock-service.ts";
import { createPlainLocks } from "../../shared/locks/plain-lock-service.ts";
import { createDatabase } from "../../shared/table/database.ts";
import { createItemDatabase } from "../../shared/table/item-database.ts";
import { isFull } from "../support/effort.ts";
import { InvariantBroken, type World } from "./scheduler/world.ts";
import { describeViolation, simulate } from "./simulate.ts";

const seeds = isFull ? 500 : 40;
let worked = 0;

/** Two owners never get the same fence; one is let in again by his own. */
async function publishAll(world: World): Promise<void> {
  const given = new Map<number, number>();
  const people = Array.from({ length: 5 }, async (_, person) => {
    const surroundings = world.process();
    const { client, clock, sleep, random } = surroundings;
    const options = { client, tableName: (table: string) => table, clock, sleep, random };
    const isPlain = person % 2 === 0;
    const locks = isPlain
      ? createPlainLocks({ database: createItemDatabase(options), clock, sleep, random })
      : createLockService({ database: createDatabase(options), clock, sleep, random });
    for (let turn = 0; turn < 3; turn += 1) {
      const owner = { userId: `person-${person}` };
      await world.invoke("publish", surroundings, async () => {
        const lock = await locks.acquire({
          resource: "report",
          owner,
          waitMs: 9_000,
          leaseMs: 2_000,
        });
        if ((given.get(lock.fence) ?? person) !== person) {
          throw new InvariantBroken("one owner a fence", `${lock.fence} was given twice`);
        }
        given.set(lock.fence, person);
        worked += 1;
        await locks.renew(lock);
        await locks.release(lock);
      });
    }
  });
  await Promise.all(people);
}

test("no fence is given to two, whatever is lost, and whoever dies", async () => {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { violation } = await simulate(seed, { name: "plain locks", run: publishAll });
    expect(violation && describeViolation(violation)).toBeUndefined();
  }
  expect(worked).toBeGreaterThan(seeds);
});
