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
}, 900_000);

test("a part that was told of before its answer came is not paid back twice, nor counted twice", async () => {
  expect((await histories.play(466)).violation).toBeUndefined();
});

test("the same seed is the same history", async () => {
  expect((await histories.play(7)).steps).toEqual((await histories.play(7)).steps);
});
