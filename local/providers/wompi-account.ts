/** An account at Wompi on this machine: its transactions, what may happen to them, and the events that tell of it. */
import { createHash } from "node:crypto";
import { type Now, ok, type StandInAnswer, type StandInDelivery } from "./stand-in.ts";

/** The keys that the stand-in knows. */
export const wompiKeys = {
  publicKey: "pub_test_standin",
  privateKey: "prv_test_standin",
  integritySecret: "test_integrity_standin",
  webhookSecret: "test_events_standin",
};

/** A transaction as Wompi tells it. */
export interface WompiEntity {
  readonly id: string;
  readonly reference: string;
  readonly amount_in_cents: number;
  readonly currency: string;
  status: string;
  readonly payment_method_type: string;
  readonly created_at: string;
}

/** What an event's checksum covers, by the documentation. */
const documentedProperties = [
  "transaction.id",
  "transaction.status",
  "transaction.amount_in_cents",
];

/** The digest that all of its signatures are. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The body of an event with its checksum over the properties that it lists. */
export function wompiEvent(
  transaction: WompiEntity,
  more: { secret?: string; properties?: readonly string[]; timestamp?: number } = {},
) {
  const { secret = wompiKeys.webhookSecret, timestamp = 1_700_000_000 } = more;
  const { properties = documentedProperties } = more;
  const values = properties.map((path) => String(transaction[path.split(".")[1] as "id"]));
  const checksum = sha256(`${values.join("")}${timestamp}${secret}`);
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
export function wompiDelivery(event: ReturnType<typeof wompiEvent>): StandInDelivery {
  const body = Buffer.from(JSON.stringify(event));
  return { body, headers: { "x-event-checksum": event.signature.checksum } };
}

/** An account: the transactions in it, and what may happen to them; `tell` hears of every change. */
export function createAccount(
  now: Now,
  tell: (delivery: StandInDelivery) => void,
  firstNumber: number,
) {
  const transactions = new Map<string, WompiEntity>();
  /** Those that were voided by a call, not by hand. */
  const voided = new Set<string>();
  let serial = firstNumber;

  function move(transaction: WompiEntity, status: string): WompiEntity {
    transaction.status = status;
    const timestamp = Math.floor(now() / 1000);
    tell(wompiDelivery(wompiEvent(transaction, { timestamp })));
    return transaction;
  }

  function checkOut(
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
      created_at: new Date(now()).toISOString(),
    };
    transactions.set(id, transaction);
    return transaction;
  }

  /** Only approved card payments can be voided, and only in full. */
  function voidTransaction(transaction: WompiEntity, body: string): StandInAnswer {
    const { amount_in_cents: amount = transaction.amount_in_cents } = JSON.parse(
      body || "{}",
    ) as Partial<WompiEntity>;
    const isWhole = amount === transaction.amount_in_cents;
    const isCard = transaction.payment_method_type === "CARD";
    if (transaction.status !== "APPROVED" || !isWhole || !isCard) {
      return { status: 422, body: { error: { type: "INPUT_VALIDATION_ERROR" } } };
    }
    voided.add(transaction.id);
    return ok({ data: { ...move(transaction, "VOIDED") } });
  }

  return { transactions, voided, move, checkOut, voidTransaction };
}
