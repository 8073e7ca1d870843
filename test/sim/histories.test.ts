/** Histories of payments with lost webhooks: no captured payment without a sale or a refund. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { effort } from "../support/effort.ts";
import { startHistories } from "./histories/histories.ts";

let histories: Awaited<ReturnType<typeof startHistories>>;
beforeAll(async () => {
  histories = await startHistories();
});
afterAll(() => histories.stop());

const count = effort({ part: 40, all: 1_000 });
const disputed = effort({ part: 20, all: 500 });
const nameless = effort({ part: 5, all: 200 });

test(`${count} histories leave no captured payment without a sale or a refund`, async () => {
  let [captures, lost, stuck] = [0, 0, 0];
  const broken: string[] = [];
  for (let seed = 1; seed <= count; seed += 1) {
    const result = await histories.play(seed);
    captures += result.captures;
    lost += result.lost;
    stuck += result.isStuck ? 1 : 0;
    const { violation, steps } = result;
    if (violation) broken.push(`seed ${seed}: ${violation.message}\n${steps.join("\n")}`);
  }
  console.log(
    `${count} histories, ${captures} captured payments, ${lost} webhooks lost, ${stuck} refunds given up`,
  );
  expect(broken).toEqual([]);
  // They would prove little if nobody paid, or if everything were told.
  expect(captures).toBeGreaterThan(count / 2);
  expect(lost).toBeGreaterThan(count);
}, 3_000_000);

test(`${disputed} histories with disputes leave nothing unsold, unpaid or lost that is not on the order`, async () => {
  const broken: string[] = [];
  let decided = 0;
  for (let seed = 1; seed <= disputed; seed += 1) {
    const { violation, steps } = await histories.play(seed, { hasDisputes: true });
    decided += steps.filter((step) => /(win|lose)Dispute $/.test(step)).length;
    if (violation) broken.push(`seed ${seed}: ${violation.message}\n${steps.join("\n")}`);
  }
  console.log(`${disputed} histories with disputes, ${decided} of them decided`);
  expect(broken).toEqual([]);
  expect(decided).toBeGreaterThan(disputed / 20);
}, 3_000_000);

test(`${nameless} histories whose parts are told of without our name give back what was wanted, once`, async () => {
  const broken: string[] = [];
  for (let seed = 1; seed <= nameless; seed += 1) {
    const { violation, steps } = await histories.play(seed, { hasNamelessParts: true });
    if (violation) broken.push(`seed ${seed}: ${violation.message}\n${steps.join("\n")}`);
  }
  expect(broken).toEqual([]);
}, 3_000_000);

test("a part that was told of before its answer came is not paid back twice, nor counted twice", async () => {
  expect((await histories.play(466)).violation).toBeUndefined();
});

test("what an offer made cheaper and is all back, told of before it came, was paid in full", async () => {
  expect((await histories.play(297)).violation).toBeUndefined();
});

test("a bank that is heard of when somebody else has the unit keeps no order open", async () => {
  expect((await histories.play(2208)).violation).toBeUndefined();
});

test("a page whose making was not answered can be paid on, and buys", async () => {
  expect((await histories.play(5846)).violation).toBeUndefined();
});

test("the same seed is the same history", async () => {
  expect((await histories.play(7)).steps).toEqual((await histories.play(7)).steps);
});
