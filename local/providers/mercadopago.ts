/** Mercado Pago on this machine: preferences, payments, refunds and signed notifications, played by a test or by hand. */
import { createHmac, randomUUID } from "node:crypto";
import {
  type Books,
  createBooks,
  type MercadopagoEntity,
  type Preference,
  refusal,
} from "./mercadopago-account.ts";
import {
  type ListedPayment,
  ok,
  type PlayableStandIn,
  type ProviderAction,
  type StandInAnswer,
  type StandInDelivery,
  type StandInRequest,
  type StandInStart,
  startStandIn,
} from "./stand-in.ts";

/** The keys that the stand-in knows. */
export const mercadopagoKeys = {
  publicKey: "TEST-public-standin",
  accessToken: "TEST-access-standin",
  webhookSecret: "mp-standin-secret",
};

/** Currencies that are refused with decimals. */
const withoutDecimals = new Set(["CLP", "COP"]);

/** A notification about a payment, signed over its id, the request's and a time. */
export function mercadopagoDelivery(
  paymentId: number | string,
  more: { secret?: string; requestId?: string; atMs?: number; type?: string } = {},
): StandInDelivery {
  const { secret = mercadopagoKeys.webhookSecret, requestId = randomUUID() } = more;
  const { atMs = 1_700_000_000_000, type = "payment" } = more;
  const [id, ts] = [String(paymentId), Math.floor(atMs / 1000)];
  const manifest = `id:${id.toLowerCase()};request-id:${requestId};ts:${ts};`;
  const v1 = createHmac("sha256", secret).update(manifest).digest("hex");
  const body = {
    action: "payment.updated",
    api_version: "v1",
    data: { id },
    live_mode: false,
    type,
  };
  return {
    body: Buffer.from(JSON.stringify(body)),
    headers: { "x-signature": `ts=${ts},v1=${v1}`, "x-request-id": requestId },
  };
}

const unknown: StandInAnswer = { status: 404, body: { status: 404, error: "not_found" } };

const possibleActions: Readonly<Record<string, readonly ProviderAction[]>> = {
  pending: ["pay", "fail", "process"],
  in_process: ["pay", "fail"],
  approved: ["refund", "dispute"],
  charged_back: ["winDispute", "loseDispute"],
};

function answerPreferences(
  { preferences }: Books,
  { method, query, body }: StandInRequest,
  [, id = ""]: readonly string[],
): StandInAnswer {
  const sent = JSON.parse(body || "{}") as Preference;
  if (method === "POST") {
    const [line] = sent.items ?? [];
    const isFraction = line && withoutDecimals.has(line.currency_id) && line.unit_price % 1 !== 0;
    if (!line || line.unit_price <= 0 || isFraction) return refusal(400, 1);
    const made = { ...sent, id: `standin-${randomUUID()}` };
    preferences.set(made.id, made);
    const init_point = `https://www.mercadopago.com/checkout/v1/redirect?pref_id=${made.id}`;
    return { status: 201, body: { ...made, init_point } };
  }
  if (id === "search") {
    const reference = query.get("external_reference");
    const all = [...preferences.values()];
    return ok({ elements: all.filter((each) => each.external_reference === reference) });
  }
  const known = preferences.get(id);
  if (!known) return unknown;
  if (method === "PUT") Object.assign(known, sent);
  return ok(known);
}

function answerRefunds(
  { refunds, makeRefund }: Books,
  { method, headers, body }: StandInRequest,
  payment: MercadopagoEntity,
  refundId: string | undefined,
): StandInAnswer {
  if (method === "POST") {
    const { amount = payment.transaction_amount } = JSON.parse(body || "{}") as { amount?: number };
    return makeRefund(payment, amount, String(headers["x-idempotency-key"]));
  }
  const own = refunds.filter(({ payment_id: id }) => id === payment.id);
  if (refundId === undefined) return ok(own);
  const found = own.find(({ id }) => String(id) === refundId);
  return found ? ok(found) : unknown;
}

/** A payment with its refunds, as every answer has it. */
const told = ({ refunds }: Books, payment: MercadopagoEntity) => ({
  ...payment,
  refunds: refunds.filter(({ payment_id: id }) => id === payment.id),
});

function answerPayments(
  books: Books,
  request: StandInRequest,
  [id = "", part, refundId]: readonly string[],
): StandInAnswer {
  if (id === "search") {
    const { query } = request;
    const reference = query.get("external_reference");
    const [since = "", until = "9"] = ["begin_date", "end_date"].map(
      (name) => query.get(name) ?? undefined,
    );
    const found = [...books.payments.values()].filter(
      (each) =>
        (reference === null || each.external_reference === reference) &&
        each.date_last_updated >= since &&
        each.date_last_updated <= until,
    );
    const start = Number(query.get("offset") ?? 0);
    const results = found.slice(start, start + Number(query.get("limit") ?? 30));
    const paging = { total: found.length };
    return ok({ results: results.map((each) => told(books, each)), paging });
  }
  const payment = books.payments.get(Number(id));
  if (!payment) return unknown;
  if (part === "refunds") return answerRefunds(books, request, payment, refundId);
  if (request.method === "PUT") {
    if (!["pending", "in_process"].includes(payment.status)) return refusal(400, 2063);
    books.move(payment, "cancelled");
  }
  return ok(told(books, payment));
}

/** Whether a page takes no money any more: its time is over, or it was closed. */
const isClosed = ({ expires = false, expiration_date_to: until = "" }: Preference, nowMs: number) =>
  expires && Date.parse(until) <= nowMs;

/** What a shopper could pay on a page that nobody has opened yet. */
function listUnopened({ preferences, payments }: Books, nowMs: number): ListedPayment[] {
  const opened = new Set([...payments.values()].map((each) => each.external_reference));
  const unopened = [...preferences.values()].filter(
    ({ external_reference: reference }) => !opened.has(reference),
  );
  return unopened.map((page) => {
    const { id, external_reference: about, items } = page;
    const [line] = items;
    const money = { amount: line?.unit_price ?? 0, currency: line?.currency_id ?? "" };
    const isOver = isClosed(page, nowMs);
    const actions = (isOver ? undefined : possibleActions["pending"]) ?? [];
    const status = isOver ? "closed" : "not opened";
    return { id, about, ...money, status, refunded: 0, actions };
  });
}

/** A shopper opens the page, and a payment begins. */
function openPage(
  { preferences, pay }: Books,
  id: string,
  nowMs: number,
): MercadopagoEntity | undefined {
  const page = preferences.get(id);
  const [line] = page?.items ?? [];
  if (!page || !line || isClosed(page, nowMs)) return undefined;
  const money = { amount: line.unit_price, currency: line.currency_id };
  return pay({ reference: page.external_reference, ...money }, "pending");
}

/** Starts the stand-in; the books are in `preferences`, `payments`, `refunds` and `chargebacks`. */
export async function startMercadopago({ now = Date.now, firstNumber = 0 }: StandInStart = {}) {
  const standIn = await startStandIn(answer);
  const tell = (id: number | string, type = "payment") =>
    standIn.onEvent(mercadopagoDelivery(id, { atMs: now(), type }));
  const books = createBooks(now, tell, firstNumber);

  function answer(request: StandInRequest): StandInAnswer {
    if (request.headers.authorization !== `Bearer ${mercadopagoKeys.accessToken}`) {
      return { status: 401, body: { status: 401, error: "unauthorized" } };
    }
    const [, first, second, ...rest] = request.path.split("/").map(decodeURIComponent);
    if (first === "checkout") return answerPreferences(books, request, [second ?? "", ...rest]);
    if (second === "chargebacks" && rest[0] === "search") {
      const of = Number(request.query.get("payment_id"));
      return ok({ results: books.chargebacks.filter(({ payments }) => payments.includes(of)) });
    }
    if (second === "chargebacks") {
      const found = books.chargebacks.find(({ id }) => id === rest[0]);
      return found ? ok(found) : unknown;
    }
    return second === "payments" ? answerPayments(books, request, rest) : unknown;
  }

  return Object.assign(standIn, {
    ...books,
    list: (): ListedPayment[] => [
      ...listUnopened(books, now()),
      ...[...books.payments.values()].map((each) => ({
        id: String(each.id),
        about: each.external_reference,
        amount: each.transaction_amount,
        currency: each.currency_id,
        status: each.status_detail,
        refunded: each.transaction_amount_refunded,
        actions: possibleActions[each.status] ?? [],
      })),
    ],
    act(id: string, action: ProviderAction, amount?: number) {
      const payment = books.payments.get(Number(id)) ?? openPage(books, id, now());
      const statuses = { pay: "approved", fail: "rejected", process: "in_process" } as const;
      if (!payment || !possibleActions[payment.status]?.includes(action)) {
        throw new Error(`This cannot happen to ${id}`);
      }
      const { transaction_amount: whole } = payment;
      if (action === "refund") books.makeRefund(payment, amount ?? whole, randomUUID());
      else if (action === "dispute") books.dispute(payment, amount ?? whole);
      else if (action.endsWith("Dispute")) books.decideDispute(payment, action === "winDispute");
      else books.move(payment, statuses[action as "pay"]);
    },
  }) satisfies PlayableStandIn;
}

/** Mercado Pago's stand-in. */
export type MercadopagoStandIn = Awaited<ReturnType<typeof startMercadopago>>;
