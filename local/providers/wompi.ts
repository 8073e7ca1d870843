/** Wompi on this machine: its checkout page, its API and its events, played by a test or by hand. */
import { createHash } from "node:crypto";
import {
  type ListedPayment,
  type Now,
  ok,
  type PlayableStandIn,
  type ProviderAction,
  type StandInAnswer,
  type StandInDelivery,
  type StandInRequest,
  startStandIn,
} from "./stand-in.ts";

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

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

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

const possibleActions: Readonly<Record<string, readonly ProviderAction[]>> = {
  PENDING: ["pay", "fail"],
  APPROVED: ["refund"],
};

/** An account: the transactions in it, and what may happen to them; `tell` hears of every change. */
function createAccount(now: Now, tell: (delivery: StandInDelivery) => void) {
  const transactions = new Map<string, WompiEntity>();
  /** Those that were voided by a call, not by hand. */
  const voided = new Set<string>();
  let serial = 0;

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

type Account = ReturnType<typeof createAccount>;

function listTransactions({ transactions }: Account, query: URLSearchParams): StandInAnswer {
  const reference = query.get("reference");
  const from = query.get("from_date") ?? "";
  const until = query.get("until_date");
  const found = [...transactions.values()].filter(
    (each) =>
      (reference === null || each.reference === reference) &&
      each.created_at.slice(0, 10) >= from.slice(0, 10) &&
      (until === null || each.created_at.slice(0, 10) <= until.slice(0, 10)),
  );
  const size = Number(query.get("page_size") ?? 30);
  const start = (Number(query.get("page") ?? 1) - 1) * size;
  const data = found.slice(start, start + size);
  return ok({ data, meta: { total_results: found.length } });
}

/** The web checkout: it opens only what was signed, and only until it expires. */
function openCheckout(
  { transactions, checkOut }: Account,
  query: URLSearchParams,
  nowMs: number,
): StandInAnswer {
  const [reference = "", amount = "", currency = "", expiration = "", signature = ""] = [
    "reference",
    "amount-in-cents",
    "currency",
    "expiration-time",
    "signature:integrity",
  ].map((name) => query.get(name) ?? "");
  const signed = sha256(reference + amount + currency + expiration + wompiKeys.integritySecret);
  const wrong =
    signature !== signed
      ? "The signature is invalid"
      : Date.parse(expiration) <= nowMs
        ? "This checkout has expired"
        : Number(amount) % 100 !== 0 || Number(amount) < 150_000
          ? "The amount is invalid"
          : undefined;
  if (wrong) return { status: 422, body: { error: { reason: wrong } } };
  const open = [...transactions.values()].find((each) => each.reference === reference);
  const made = open ?? checkOut(reference, { amountMinor: Number(amount), currency }, "PENDING");
  const text = `Transaction ${made.id} for ${reference}: ${made.status}. Play it at /_local/providers.`;
  return { status: 200, body: `<!doctype html><p>${text}</p>`, type: "text/html" };
}

/** Starts the stand-in; money is in `transactions`, voided once at the most. */
export async function startWompi({ now = Date.now }: { now?: Now } = {}) {
  const standIn = await startStandIn(answer);
  const account = createAccount(now, (delivery) => standIn.onEvent(delivery));
  const { transactions, voided, move, checkOut } = account;

  function answer({ method, path, headers, query, body }: StandInRequest): StandInAnswer {
    if (path === "/p/") return openCheckout(account, query, now());
    if (headers.authorization !== `Bearer ${wompiKeys.privateKey}`)
      return { status: 401, body: {} };
    const [, , id = "", action] = path.split("/");
    if (!id) return listTransactions(account, query);
    const transaction = transactions.get(decodeURIComponent(id));
    if (!transaction) return { status: 404, body: { error: { type: "NOT_FOUND_ERROR" } } };
    if (method === "POST" && action === "void") return account.voidTransaction(transaction, body);
    return ok({ data: { ...transaction } });
  }

  return Object.assign(standIn, {
    transactions,
    countVoided: () => voided.size,
    isVoided: (id: string) => voided.has(id),
    /** A shopper uses a checkout page; nothing is told of it. */
    checkOut,
    /** Wompi decides about a transaction, and tells. */
    move,
    list: (): ListedPayment[] =>
      [...transactions.values()].map(({ id, reference, amount_in_cents, currency, status }) => ({
        id,
        about: reference,
        amount: amount_in_cents,
        currency,
        status: `${status}, ${(amount_in_cents / 100).toFixed(2)}`,
        refunded: status === "VOIDED" ? amount_in_cents : 0,
        actions: possibleActions[status] ?? [],
      })),
    act(id: string, action: ProviderAction) {
      const transaction = transactions.get(id);
      const [status] = { pay: ["APPROVED"], fail: ["DECLINED"], refund: ["VOIDED"] }[
        action as "pay"
      ] ?? [undefined];
      if (!transaction || !status) throw new Error(`This cannot happen to ${id}`);
      move(transaction, status);
    },
  }) satisfies PlayableStandIn;
}

/** Wompi's stand-in. */
export type WompiStandIn = Awaited<ReturnType<typeof startWompi>>;
