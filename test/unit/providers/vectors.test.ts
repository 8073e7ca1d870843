/** Known answers for signatures, from the providers' own documentation and SDKs. */
import { describe, expect, it } from "vitest";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import { hmacHex, sha256Hex } from "../../../shared/providers/signatures.ts";
import { createWompi, signCheckout } from "../../../shared/providers/wompi.ts";
import { genuineEvent, wompiPreimage } from "../../../shared/providers/wompi-events.ts";
import vectors from "../../support/providers/vectors.json" with { type: "json" };

const eventVector = vectors.sha256.find(({ id }) => id === "wompi-event")!;
const eventSecret = "prod_events_OcHnIzeBl5socpwByQ4hA52Em3USQ93Z";
const integritySecret = "prod_integrity_Z5mMke9x0k8gpErbDqwrJXMqsI6SFli6";

/** The event of Wompi's documentation. */
function documentedEvent(checksum: string) {
  return {
    event: "transaction.updated",
    data: {
      transaction: {
        id: "1234-1610641025-49201",
        amount_in_cents: 4_490_000,
        reference: "MZQ3X2DE2SMX",
        currency: "COP",
        status: "APPROVED",
      },
    },
    timestamp: 1_530_291_411,
    signature: {
      properties: ["transaction.id", "transaction.status", "transaction.amount_in_cents"],
      checksum,
    },
  };
}

const deliveryOf = (event: unknown) => ({ body: Buffer.from(JSON.stringify(event)), headers: {} });

describe("known answers", () => {
  it.each(vectors.hmac)("HMAC $id", ({ secret, msg, expected }) => {
    expect(hmacHex(secret, msg)).toBe(expected);
  });

  it.each(vectors.sha256)("SHA-256 $id", ({ preimage, expected }) => {
    expect(sha256Hex(preimage)).toBe(expected);
  });

  it("Wompi's integrity signature, without and with an expiration", () => {
    const money = ["sk8-438k4-xmxm392-sn2m", 2_490_000, "COP"];
    const [plain, expiring] = vectors.sha256;
    expect(signCheckout(money, integritySecret)).toBe(plain!.expected);
    const withEnd = [...money, "2023-06-09T20:28:50.000Z"];
    expect(signCheckout(withEnd, integritySecret)).toBe(expiring!.expected);
  });

  it("Wompi's event: what is signed, and in which order, comes from the event", () => {
    const event = documentedEvent(eventVector.expected);
    expect(wompiPreimage(event) + eventSecret).toBe(eventVector.preimage);
    const keys = [{ webhookSecret: eventSecret }];
    expect(genuineEvent(deliveryOf(event), keys)).toBeDefined();
    const upper = documentedEvent(eventVector.expected.toUpperCase());
    expect(genuineEvent(deliveryOf(upper), keys)).toBeDefined();
  });

  it("Wompi's event with the checksum that is printed there is refused", () => {
    const printed = "3476DDA50F64CD7CBD160689640506FEBEA93239BC524FC0469B2C68A3CC8BD0";
    const keys = [{ webhookSecret: eventSecret }];
    expect(genuineEvent(deliveryOf(documentedEvent(printed)), keys)).toBeUndefined();
    const wompi = createWompi({ keys: async () => [{ webhookSecret: eventSecret }] });
    const reading = wompi.readWebhook(deliveryOf(documentedEvent(printed)));
    return expect(reading).rejects.toMatchObject({ code: "BAD_SIGNATURE" });
  });

  it("Razorpay's small webhook is genuine and noted", async () => {
    const vector = vectors.hmac.find(({ id }) => id === "rzp-webhook-small")!;
    const razorpay = createRazorpay({ keys: async () => [{ webhookSecret: vector.secret }] });
    const headers = { "x-razorpay-signature": vector.expected };
    const body = Buffer.from(vector.msg);
    expect(await razorpay.readWebhook({ body, headers })).toMatchObject({ kind: "noted" });
  });
});
