/** The simulated engine and DynamoDB Local answer the same calls in the same way. */
import { inspect } from "node:util";
import { afterAll, expect, inject, test } from "vitest";
import { effort } from "../support/effort.ts";
import { compareSeeds, connect, type Difference } from "./differential/compare.ts";

const client = connect(inject("dynamoDbEndpoint"));

/** The recorded run compares more: `npm run prove -- --calls 100000`. */
const seeds = { first: 1, count: effort({ part: 8, all: 20 }), callsEach: 250 };

function describeViolation({ seed, position, call, simulated, real }: Difference): string {
  const show = (value: unknown): string => inspect(value, { depth: 9 });
  return `seed ${seed}, call ${position}: ${call}\nsimulated: ${show(simulated)}\nreal: ${show(real)}`;
}

afterAll(() => client.destroy());

test("the simulated engine and the real one give the same answers, errors and items", async () => {
  const { calls, outcomes, differences } = await compareSeeds(client, seeds);
  expect(differences.map(describeViolation)).toEqual([]);
  expect(calls).toBe(seeds.count * seeds.callsEach);
  // The comparison would prove little if most calls were refused, or none.
  const share = (pattern: RegExp): number =>
    [...outcomes].reduce((sum, [name, count]) => sum + (pattern.test(name) ? count : 0), 0) / calls;
  expect(share(/ok$/)).toBeGreaterThan(0.3);
  expect(share(/ConditionalCheckFailed|Cancel/)).toBeGreaterThan(0.1);
  expect(share(/Validation/)).toBeGreaterThan(0.05);
});
