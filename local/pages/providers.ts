/**
 * `GET /_local/providers`: what happens at the payment providers, by hand. `…/payments?orderId=` lists what they know,
 * `POST …/payments/{provider}/{id} { action, amount?, isLost? }` makes something happen.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CannotHappen, type Happening } from "../providers/desk.ts";
import { BadPageRequest, fileAnswer, type Page, PageNotFound } from "./page.ts";

const file = join(import.meta.dirname, "providers.html");

function parseHappening({ action, amount, isLost }: Happening): Happening {
  if (typeof action !== "string") throw new BadPageRequest("action says what happens");
  if (amount !== undefined && (typeof amount !== "number" || !(amount > 0))) {
    throw new BadPageRequest("amount is a number above 0, in the provider's own units");
  }
  if (isLost !== undefined && typeof isLost !== "boolean") {
    throw new BadPageRequest("isLost is true or false");
  }
  return { action, amount, isLost };
}

/** The page, and what it asks for. */
export const providers: Page = async (request, { desk }) => {
  const { method, path, query } = request;
  if (!desk) throw new PageNotFound("no provider is played here: npm start plays them");
  const [part, provider, id] = path;
  if (part === undefined) {
    return fileAnswer("text/html; charset=utf-8", await readFile(file, "utf8"));
  }
  if (part !== "payments") throw new PageNotFound(`there is no /_local/providers/${part}`);
  if (provider === undefined || id === undefined) {
    return { payments: desk.list(query.get("orderId") ?? undefined), told: desk.told() };
  }
  if (method !== "POST") throw new BadPageRequest("POST what happens");
  try {
    return { told: await desk.act(provider, id, parseHappening(request.json<Happening>())) };
  } catch (error) {
    if (error instanceof CannotHappen) throw new BadPageRequest(error.message);
    throw error;
  }
};
