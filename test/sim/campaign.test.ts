/** Codes, limits, sales and claims under everything that shoppers may ask for, in any order, and a whole crowd of them. */
import { expect, test } from "vitest";
import { endpoints } from "../../shared/api/index.ts";
import { effort } from "../support/effort.ts";
import { describeViolation, simulate } from "./simulate.ts";
import { shopperRoutes } from "./workloads/shopper-routes.ts";
import { workloadNamed } from "./workloads/index.ts";

const seeds = effort({ part: 30, all: 10_000 });
/** Functions whose routes no order and no cart is reached by. */
const elsewhere = new Set(["documents", "locks", "platform", "payment-webhooks"]);

test("every route of a shop that a shopper may call is among what its shoppers do", () => {
  const open = endpoints.filter(
    ({ access, function: name }) => access !== "admin" && !elsewhere.has(name),
  );
  expect(Object.keys(shopperRoutes).toSorted()).toEqual(open.map(({ name }) => name).toSorted());
});

test(
  `in ${seeds} campaigns an order costs what the shop says, and nobody gets more than it gives`,
  { timeout: 600_000 + seeds * 2_000 },
  async () => {
    const campaign = workloadNamed("campaign");
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { violation } = await simulate(seed, campaign);
      expect(violation && describeViolation(violation)).toBeUndefined();
    }
  },
);
