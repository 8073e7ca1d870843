/** Codes, limits, sales and claims under everything that shoppers may ask for, in any order, and a whole crowd of them. */
import { expect, test } from "vitest";
import { endpoints } from "../../shared/api/index.ts";
import { effort } from "../support/effort.ts";
import { describeViolation, simulate } from "./simulate.ts";
import { shopperRoutes } from "./workloads/shopper-routes.ts";
import { workloadNamed } from "./workloads/index.ts";

const seeds = effort({ part: 30, all: 10_000 });
const crowds = effort({ part: 1, all: 100 });
/** Where nobody shops: locks and documents, the socket, what the shop says of itself, what providers tell. */
const elsewhere = /^\/(api\/(lock|documents)|locks|live|health|openapi\.json|webhooks)(\/|$)/;

test("every route of a shop that a shopper may call is among what its shoppers do", () => {
  const open = endpoints.filter(({ access, path }) => access !== "admin" && !elsewhere.test(path));
  expect(Object.keys(shopperRoutes).toSorted()).toEqual(open.map(({ name }) => name).toSorted());
});

/** The first seed that breaks a promise, told with its history. */
async function findBroken(name: string, count: number): Promise<string | undefined> {
  for (let seed = 1; seed <= count; seed += 1) {
    const { violation } = await simulate(seed, workloadNamed(name));
    if (violation) return describeViolation(violation);
  }
  return undefined;
}

test(
  `in ${seeds} campaigns an order costs what the shop says, and nobody gets more than it gives`,
  { timeout: 3_000_000 },
  async () => expect(await findBroken("campaign", seeds)).toBeUndefined(),
);

test(
  `in ${crowds} crowds of 100 a code with 3 uses is on 3 orders at the most, and counted as they have it`,
  { timeout: 3_000_000 },
  async () => expect(await findBroken("code-crowd", crowds)).toBeUndefined(),
);
