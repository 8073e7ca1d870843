/** How a trial order is paid without money: by the sandbox where there is one, else by the provider's test mode. */
import type { Client } from "../../client/index.ts";
import { Missing } from "./missing.ts";
import type { Place } from "./places.ts";

/** Pays a payment that has begun; the provider's webhook then says so to the shop. */
export interface Cashier {
  /** The method of the order. */
  readonly provider: "sandbox" | "stripe";
  pay(transactionId: string): Promise<void>;
}

const stripeApi = "https://api.stripe.com";

/** The test card that always pays, put in as a shopper's browser would. */
async function payByTestCard(secretKey: string, intentId: string, returnUrl: string) {
  const answer = await fetch(`${stripeApi}/v1/payment_intents/${intentId}/confirm`, {
    method: "POST",
    headers: { authorization: `Bearer ${secretKey}` },
    body: new URLSearchParams({ payment_method: "pm_card_visa", return_url: returnUrl }),
  });
  if (!answer.ok) throw new Error(`Stripe answers ${answer.status}: ${await answer.text()}`);
}

/** Whether this stage has a sandbox: a production has none. */
async function hasSandbox({ url }: Place): Promise<boolean> {
  const answer = await fetch(`${url}/openapi.json`);
  if (!answer.ok) throw new Error(`${url}/openapi.json answers ${answer.status}`);
  const { paths } = (await answer.json()) as { paths: Record<string, unknown> };
  return "/sandbox/pay" in paths;
}

/**
 * Finds a way to pay.
 *
 * @throws Missing when money would move: there is neither a sandbox nor a test mode that is switched on
 */
export async function findCashier(place: Place, client: Client): Promise<Cashier> {
  if (await hasSandbox(place)) {
    return {
      provider: "sandbox",
      async pay(transactionId) {
        await client.paySandbox({ body: { transactionId, outcome: "success" } });
      },
    };
  }
  const { secretKey = "" } = await place.keysOf("stripe");
  if (/^[rs]k_test_/.test(secretKey)) {
    return {
      provider: "stripe",
      pay: (intentId) => payByTestCard(secretKey, intentId, `${place.url}/health`),
    };
  }
  const state = secretKey === "" ? "has no keys yet" : "has live keys";
  throw new Missing(
    `There is no sandbox in production, and Stripe ${state}: put in those of its test mode (sk_test_…) together with the webhook secret of that mode, or say --no-payment and pay one order by hand`,
  );
}
