/** A trial order is paid only where no money moves. */
import { afterEach, expect, test, vi } from "vitest";
import { createClient } from "../../../client/index.ts";
import { findCashier } from "../../../scripts/smoke/paying.ts";
import type { Place } from "../../../scripts/smoke/places.ts";

const url = "https://api.example.com";
afterEach(() => vi.unstubAllGlobals());

const placeWith = (secretKey: string): Place => ({
  url,
  token: "token",
  tryAlarm: async () => "",
  keysOf: async () => ({ secretKey }),
  leave: async () => undefined,
});

/** What the world answers, by address; everything sent is noted. */
function world(paths: Readonly<Record<string, unknown>>): Request[] {
  const sent: Request[] = [];
  vi.stubGlobal("fetch", async (...given: ConstructorParameters<typeof Request>) => {
    const request = new Request(...given);
    sent.push(request);
    return Response.json(request.url.endsWith("/openapi.json") ? { paths } : {});
  });
  return sent;
}

const client = createClient({ baseUrl: url, token: "token" });

test("a stage with a sandbox pays by it", async () => {
  const sent = world({ "/sandbox/pay": {} });
  const cashier = await findCashier(placeWith("sk_live_1"), client);
  await cashier.pay("sbx_1");
  expect(cashier.provider).toBe("sandbox");
  expect(sent.map((request) => request.url)).toEqual([`${url}/openapi.json`, `${url}/sandbox/pay`]);
  expect(await sent[1]!.json()).toEqual({ transactionId: "sbx_1", outcome: "success" });
});

test("production pays by Stripe's test card, once its keys are those of test mode", async () => {
  const sent = world({});
  const cashier = await findCashier(placeWith("sk_test_1"), client);
  await cashier.pay("pi_1");
  const [, confirmed] = sent;
  expect(confirmed!.url).toBe("https://api.stripe.com/v1/payment_intents/pi_1/confirm");
  expect(confirmed!.headers.get("authorization")).toBe("Bearer sk_test_1");
  expect(await confirmed!.text()).toContain("payment_method=pm_card_visa");
});

test.each([
  ["", "has no keys yet"],
  ["sk_live_1", "has live keys"],
])("with other keys (%s) nothing is paid, and what to do is said", async (key, state) => {
  const sent = world({});
  await expect(findCashier(placeWith(key), client)).rejects.toThrow(state);
  await expect(findCashier(placeWith(key), client)).rejects.toThrow("--no-payment");
  expect(sent.every((request) => request.url === `${url}/openapi.json`)).toBe(true);
});
