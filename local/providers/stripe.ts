/** Stripe on this machine: its API and its signed webhooks, played by a test or by hand. */
import { createHmac, randomUUID } from "node:crypto";
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
import { createStripeAccount } from "./stripe-account.ts";
import { type Intent, refused, stripeDecimalText } from "./stripe-rules.ts";

export { type Intent, stripeDecimalText } from "./stripe-rules.ts";

/** The keys that the stand-in knows. */
export const stripeKeys = {
  secretKey: "sk_test_standin",
  publishableKey: "pk_test_standin",
  webhookSecret: "whsec_standin",
};

/** The signature header for a body, as Stripe makes it. */
export function signStripe(body: string, secret: string, atMs: number): string {
  const timestamp = Math.floor(atMs / 1000);
  const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return `t=${timestamp},v1=${signature}`;
}

/** A webhook of Stripe's about an object; it happened when it is signed, unless told otherwise. */
export function stripeDelivery(
  type: string,
  object: unknown,
  {
    atMs,
    id = `evt_${randomUUID()}`,
    happenedAtMs = atMs,
    isLive = false,
  }: { atMs: number; id?: string; happenedAtMs?: number; isLive?: boolean },
): StandInDelivery {
  const created = Math.floor(happenedAtMs / 1000);
  const event = { id, object: "event", created, livemode: isLive, type, data: { object } };
  const body = JSON.stringify(event);
  const signature = signStripe(body, stripeKeys.webhookSecret, atMs);
  return { body: Buffer.from(body), headers: { "stripe-signature": signature } };
}

/** A page of a list, as Stripe cuts it. */
function pageView(all: readonly { id: string }[], query: URLSearchParams): StandInAnswer {
  const after = query.get("starting_after");
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const limit = Number(query.get("limit") ?? 10);
  const data = all.slice(start, start + limit);
  return ok({ object: "list", has_more: start + limit < all.length, data });
}

/** Those of a list that began within the range that was asked for, newest first. */
function rangeView(all: readonly { id: string; created: number }[], query: URLSearchParams) {
  const since = Number(query.get("created[gte]") ?? 0);
  const until = Number(query.get("created[lte]") ?? Number.POSITIVE_INFINITY);
  const within = all.filter(({ created }) => created >= since && created <= until);
  return pageView(within.toReversed(), query);
}

/** With the intents themselves in place of their ids, where that was asked for. */
function expanded<T extends { payment_intent: string }>(
  { intents }: Account,
  all: readonly T[],
  query: URLSearchParams,
) {
  if (query.get("expand[0]") !== "data.payment_intent") return all;
  return all.map((each) => ({ ...each, payment_intent: intents.get(each.payment_intent) }));
}

const possibleActions: Readonly<Record<string, readonly ProviderAction[]>> = {
  requires_payment_method: ["pay", "fail", "process"],
  processing: ["pay", "fail"],
  succeeded: ["refund", "failRefund", "dispute", "winDispute", "loseDispute"],
};

type Account = ReturnType<typeof createStripeAccount>;

/** How new refunds begin; `pending` is how banks that take their time look. */
interface StripeSettings {
  refundStatus: "succeeded" | "pending";
  /** The least that an account takes whose payouts are in another currency; 0 where they are in the charge's. */
  smallest: number;
}

function routeIntents(
  account: Account,
  { method, body, query }: StandInRequest,
  smallest: number,
  [id = "", action]: readonly string[],
) {
  if (method === "POST" && !id) return account.createIntent(new URLSearchParams(body), smallest);
  if (!id) return rangeView([...account.intents.values()], query);
  const intent = account.intents.get(id);
  if (!intent) return refused(404, "resource_missing");
  return action === "cancel" ? account.cancelIntent(intent) : ok(intent);
}

function route(account: Account, settings: StripeSettings, request: StandInRequest): StandInAnswer {
  const { refunds, disputes } = account;
  const { method, path, body, query } = request;
  const [, , resource, ...names] = path.split("/");
  const [id = ""] = names;
  if (resource === "payment_intents")
    return routeIntents(account, request, settings.smallest, names);
  const wanted = query.get("payment_intent");
  const ofIntent = (each: { payment_intent: string }): boolean =>
    wanted === null || each.payment_intent === wanted;
  if (resource === "disputes") {
    return rangeView(expanded(account, disputes.filter(ofIntent), query), query);
  }
  if (method === "POST")
    return account.createRefund(new URLSearchParams(body), settings.refundStatus);
  if (id === "") return rangeView(expanded(account, refunds.filter(ofIntent), query), query);
  const refund = refunds.find((each) => each.id === id);
  return refund ? ok(refund) : refused(404, "resource_missing");
}

/** What may happen to an intent, as the page on this machine plays it. */
function createActions(
  account: Account,
): Record<ProviderAction, (intent: Intent, amount?: number) => void> {
  const { refunds, disputes } = account;
  /** The last dispute of an intent that is not over. */
  const openDispute = ({ id }: Intent) => {
    const found = disputes.findLast((each) => each.payment_intent === id);
    if (!found) throw new Error("There is no dispute");
    return found;
  };

  return {
    pay: account.succeed,
    fail: account.decline,
    process: account.process,
    refund(intent, amount = intent.amount_received - account.sumRefunded(intent.id)) {
      account.makeRefund(intent, amount, {});
    },
    failRefund({ id }) {
      const refund = refunds.findLast(
        (each) => each.payment_intent === id && each.status !== "failed",
      );
      if (!refund) throw new Error("There is no refund");
      account.updateRefund(refund, "failed");
    },
    dispute: (intent, amount = intent.amount) => void account.dispute(intent, amount),
    winDispute: (intent) => account.settleDispute(openDispute(intent), "won"),
    loseDispute: (intent) => account.settleDispute(openDispute(intent), "lost"),
  };
}

/** Starts the stand-in; money is in `intents`, `refunds` and `disputes`. */
export async function startStripe({ now = Date.now, firstNumber = 0 }: StandInStart = {}) {
  const remembered = new Map<string, { body: string; answer: StandInAnswer }>();
  const standIn = await startStandIn(answer);
  const tell = (type: string, object: unknown) =>
    standIn.onEvent(stripeDelivery(type, object, { atMs: now() }));
  const account = createStripeAccount(now, tell, firstNumber);
  const { intents, refunds, disputes } = account;
  const settings: StripeSettings = { refundStatus: "succeeded", smallest: 0 };
  const actions = createActions(account);

  function answer(request: StandInRequest): StandInAnswer {
    if (request.headers.authorization !== `Bearer ${stripeKeys.secretKey}`) {
      return refused(401, undefined);
    }
    const key = request.headers["idempotency-key"];
    if (request.method !== "POST" || typeof key !== "string")
      return route(account, settings, request);
    const before = remembered.get(key);
    if (before && before.body !== request.body) {
      return refused(400, undefined, { type: "idempotency_error" });
    }
    const result = before?.answer ?? route(account, settings, request);
    const kept = structuredClone(result);
    if (result.status < 500) remembered.set(key, { body: request.body, answer: kept });
    return kept;
  }

  return Object.assign(standIn, {
    account,
    intents,
    refunds,
    disputes,
    settings,
    /** A shopper pays at Stripe. */
    pay: (intentId: string): Intent => account.succeed(intents.get(intentId)!),
    /** A shopper's card is declined. */
    decline: (intentId: string): Intent => account.decline(intents.get(intentId)!),
    /** What Stripe's event about refunds carries. */
    refundedCharge: (intentId: string) => account.chargeView(intents.get(intentId)!),
    list: (): ListedPayment[] =>
      [...intents.values()].map((intent) => ({
        id: intent.id,
        about: intent.metadata["orderId"] ?? "",
        amount: intent.amount,
        currency: intent.currency.toUpperCase(),
        status: `${intent.status}, ${stripeDecimalText(intent.amount, intent.currency)}`,
        refunded: account.sumRefunded(intent.id),
        actions: possibleActions[intent.status] ?? [],
      })),
    act(id: string, action: ProviderAction, amount?: number) {
      const intent = intents.get(id);
      if (!intent) throw new Error(`There is no payment intent ${id}`);
      actions[action](intent, amount);
    },
  }) satisfies PlayableStandIn;
}

/** Stripe's stand-in. */
export type StripeStandIn = Awaited<ReturnType<typeof startStripe>>;
