/**
 * `POST /_local/flash-sale { buyers?, units? }` sends a crowd of simulated shoppers into this machine's shop, one crowd at a
 * time; `GET` tells how it stands. 200 want 40 units where nothing is said.
 */
import { createSale, runSale, type Sale } from "../demo/flash-sale.ts";
import type { Runner } from "../runner.ts";
import { BadPageRequest, jsonAnswer, type Page, PageNotFound } from "./page.ts";

/** More than these would keep the shop busy for minutes on a small machine. */
const most = { buyers: 1_000, units: 1_000 };
const usual = { buyers: 200, units: 40 };

/** The last sale of each server. */
const sales = new WeakMap<Runner["functions"], Sale>();

function parseCount(name: keyof typeof most, given: unknown): number {
  const count = given ?? usual[name];
  if (typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= most[name]) {
    return count;
  }
  throw new BadPageRequest(`${name} is a whole number from 1 to ${most[name]}`);
}

/** Begins a sale, or tells how the last one stands. */
export const flashSale: Page = ({ method, body, json }, { functions, issuer, url }) => {
  const last = sales.get(functions);
  if (method !== "POST") return { sale: last ?? null };
  if (!issuer) throw new PageNotFound("nobody can be signed in here: tokens come from elsewhere");
  const given = body.length > 0 ? json<Partial<Record<keyof typeof most, unknown>>>() : {};
  const size = {
    buyers: parseCount("buyers", given.buyers),
    units: parseCount("units", given.units),
  };
  if (last?.isRunning) {
    const message = `A flash sale is under way, ${last.answered} of ${last.buyers} are answered: the next one can begin once it has ended.`;
    return jsonAnswer(409, { message, sale: last });
  }
  const sale = createSale(size);
  sales.set(functions, sale);
  const issued = issuer.token({ subject: "flash-sale", groups: ["admin"] });
  void runSale({ url, token: () => issued }, sale);
  return jsonAnswer(202, { sale });
};
