/** The planted faults fit the sources, so that `npm run prove` can plant every one of them. */
import { expect, test } from "vitest";
import { ROOT } from "../../local/root.ts";
import { plantedFaults } from "./teeth/faults.ts";
import { misfits } from "./teeth/teeth.ts";

test("every planted fault fits in exactly one place", () => {
  expect(misfits(ROOT)).toEqual([]);
  expect(new Set(plantedFaults.map(({ name }) => name)).size).toBe(plantedFaults.length);
  expect(plantedFaults.length).toBeGreaterThanOrEqual(60);
});
