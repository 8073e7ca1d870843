/** The desk of the providers on this machine, started anew beside orders that were kept. */
import { expect, it } from "vitest";
import { startDesk } from "../../../local/providers/desk.ts";
import { razorpayKeys } from "../../../local/providers/razorpay.ts";
import { stripeKeys } from "../../../local/providers/stripe.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import { createStripe } from "../../../shared/providers/stripe.ts";

const wish = { orderId: "ord_a", amountMinor: 700, expiresAtMs: epochMs(1_900_000_000_000) };

/** The transactions that a desk gives the first order of its life. */
async function openOnce(): Promise<string[]> {
  const desk = await startDesk();
  try {
    const { "payment.stripe.baseUrl": stripe, "payment.razorpay.baseUrl": razorpay } =
      desk.contextBeside({}) as Record<string, string>;
    const providers = [
      createStripe({ keys: async () => [stripeKeys], baseUrl: stripe! }).create({
        ...wish,
        currency: "EUR",
      }),
      createRazorpay({ keys: async () => [razorpayKeys], baseUrl: razorpay! }).create({
        ...wish,
        currency: "INR",
      }),
    ];
    return (await Promise.all(providers)).map(({ transactionId }) => transactionId);
  } finally {
    await desk.stop();
  }
}

it("gives no transaction an id that one of an earlier run had", async () => {
  const [before, after] = [await openOnce(), await openOnce()];
  expect(before.filter((id) => after.includes(id))).toEqual([]);
});
