/** Wompi on this machine: transactions and their voiding as its documentation has them. */
import { createHash } from "node:crypto";
import type { WebhookDelivery } from "../../../shared/providers/provider.ts";
import { type StandInAnswer, type StandInRequest, startStandIn } from "./stand-in.ts";

export const wompiKeys = {
  publicKey: "pub_test_standin",
  privateKey: "prv_test_standin",
  integritySecret: "test_integrity_standin",
  webhookSecret: "test_events_standin",
};

export interface WompiEntity {
  id: string;
  reference: string;
  amount_in_cents: number;
  currency: string;
  status: string;
  payment_method_type: string;
}

export const documentedProperties = [
  "transaction.id",
  "transaction.status",
  "transaction.amount_in_cents",
];

/** The body of an event with its checksum over the properties that it lists. */
export function wompiEvent(
  transaction: WompiEntity,
  more: { secret?: string; properties?: readonly string[]; timestamp?: number } = {},
) {
  const { secret = wompiKeys.webhookSecret, timestamp = 1_700_000_000 } = more;
  const { properties = documentedProperties } = more;
  const values = properties.map((path) => String(transaction[path.split(".")[1] as "id"]));
  const preimage = `${values.join("")}${timestamp}${secret}`;
  const checksum = createHash("sha256").update(preimage).digest("hex");
  return {
    event: "transaction.updated",
    data: { transaction: { ...transaction } },
    environment: "test",
    signature: { properties, checksum },
    timestamp,
    sent_at: "2026-01-01T00:00:00.000Z",
  };
}

/** A webhook of Wompi's. */
export function wompiDelivery(event: ReturnType<typeof wompiEvent>): WebhookDelivery {
  const body = Buffer.from(JSON.stringify(event));
  return { body, headers: { "x-event-checksum": event.signature.checksum } };
}

/** Starts the stand-in; money is in `transactions`, voided once at the most. */
export async function startWompi() {
  const transactions = new Map<string, WompiEntity>();
  let voided = 0;
  let serial = 0;

  function answer({ method, path, headers }: StandInRequest): StandInAnswer {
    if (headers.authorization !== `Bearer ${wompiKeys.privateKey}`)
      return { status: 401, body: {} };
    const [, , id = "", action] = path.split("/");
    const transaction = transactions.get(decodeURIComponent(id));
    if (!transaction) return { status: 404, body: { error: { type: "NOT_FOUND_ERROR" } } };
    if (method === "POST" && action === "void") {
      if (transaction.status !== "APPROVED") return { status: 422, body: { error: {} } };
      voided += 1;
      transaction.status = "VOIDED";
    }
    return { status: 200, body: { data: { ...transaction } } };
  }

  const standIn = await startStandIn(answer);
  return Object.assign(standIn, {
    transactions,
    countVoided: () => voided,
    /** A shopper uses a checkout page. */
    checkOut(
      reference: string,
      money: { amountMinor: number; currency: string },
      status: string,
      id = `1-${(serial += 1)}-${serial + 1000}`,
    ): WompiEntity {
      const transaction = {
        id,
        reference,
        status,
        payment_method_type: "CARD",
        amount_in_cents: money.amountMinor,
        currency: money.currency,
      };
      transactions.set(id, transaction);
      return transaction;
    },
  });
}

export type WompiStandIn = Awaited<ReturnType<typeof startWompi>>;
