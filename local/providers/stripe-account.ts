/** A Stripe account on this machine: payment intents, refunds and disputes, with Stripe's documented refusals. */
import { ok, type Now, type StandInAnswer } from "./stand-in.ts";
import {
  type Intent,
  refused,
  type StripeDispute,
  type StripeRefund,
  whyNotCharged,
} from "./stripe-rules.ts";

/** Tells of something that happened, as Stripe's webhook would. */
export type StripeTeller = (type: string, object: unknown) => void;

/** The names that a form such as `metadata[orderId]=…` carries. */
function metadataIn(form: URLSearchParams): Record<string, string> {
  const named = [...form].flatMap(([name, value]) => {
    const [, key] = /^metadata\[(\w+)\]$/.exec(name) ?? [];
    return key === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(named);
}

const endedDisputes = new Set(["won", "lost", "warning_closed"]);

/** What is in an account, and what all that happens in it needs. */
function createBooks(now: Now, tell: StripeTeller, firstNumber: number) {
  let serial = firstNumber;
  return {
    intents: new Map<string, Intent>(),
    refunds: [] as StripeRefund[],
    disputes: [] as StripeDispute[],
    tell,
    seconds: (): number => Math.floor(now() / 1000),
    makeId: (prefix: string): string => `${prefix}_${(serial += 1)}`,
  };
}

type Books = ReturnType<typeof createBooks>;

function createIntents({ intents, tell, seconds, makeId }: Books) {
  function createIntent(form: URLSearchParams, smallest = 0): StandInAnswer {
    const amount = Number(form.get("amount"));
    const currency = form.get("currency") ?? "";
    const wrong =
      whyNotCharged(amount, currency.toUpperCase()) ??
      (amount < smallest ? refused(400, "amount_too_small") : undefined);
    if (wrong) return wrong;
    const id = makeId("pi");
    const intent: Intent = {
      id,
      object: "payment_intent",
      amount,
      amount_received: 0,
      currency,
      created: seconds(),
      status: "requires_payment_method",
      metadata: metadataIn(form),
      client_secret: `${id}_secret_x`,
      last_payment_error: null,
    };
    intents.set(id, intent);
    tell("payment_intent.created", intent);
    return ok(intent);
  }

  function cancelIntent(intent: Intent): StandInAnswer {
    if (["succeeded", "canceled", "processing"].includes(intent.status)) {
      return refused(400, "payment_intent_unexpected_state", { payment_intent: intent });
    }
    intent.status = "canceled";
    tell("payment_intent.canceled", intent);
    return ok(intent);
  }

  /** Changes an intent and tells of it. */
  function move(intent: Intent, changes: Partial<Intent>, type: string): Intent {
    Object.assign(intent, changes);
    tell(type, intent);
    return intent;
  }

  return {
    createIntent,
    cancelIntent,
    succeed: (intent: Intent) =>
      move(
        intent,
        { status: "succeeded", amount_received: intent.amount, last_payment_error: null },
        "payment_intent.succeeded",
      ),
    decline: (intent: Intent) =>
      move(
        intent,
        { status: "requires_payment_method", last_payment_error: { code: "card_declined" } },
        "payment_intent.payment_failed",
      ),
    process: (intent: Intent) =>
      move(intent, { status: "processing" }, "payment_intent.processing"),
  };
}

/** What of a payment has gone back or is on its way; a refund that failed came home. */
function sumRefunded({ refunds }: Books, intentId: string): number {
  return refunds
    .filter((each) => each.payment_intent === intentId)
    .filter(({ status }) => ["pending", "succeeded"].includes(status))
    .reduce((sum, { amount }) => sum + amount, 0);
}

function chargeView(books: Books, { id, amount, currency, metadata }: Intent) {
  const amountRefunded = sumRefunded(books, id);
  return {
    id: `ch_${id}`,
    object: "charge",
    amount,
    amount_refunded: amountRefunded,
    currency,
    metadata,
    payment_intent: id,
    refunded: amountRefunded >= amount,
  };
}

function createRefunds(books: Books) {
  const { intents, refunds, disputes, tell, seconds, makeId } = books;

  /** A bank takes its time where `status` is pending; most refunds are done at once. */
  function makeRefund(
    intent: Intent,
    amount: number,
    { metadata = {}, status = "succeeded" }: Partial<Pick<StripeRefund, "metadata" | "status">>,
  ): StripeRefund {
    const refund: StripeRefund = {
      id: makeId("re"),
      object: "refund",
      payment_intent: intent.id,
      charge: `ch_${intent.id}`,
      amount,
      currency: intent.currency,
      created: seconds(),
      status,
      metadata,
    };
    refunds.push(refund);
    tell("refund.created", refund);
    tell("charge.refunded", chargeView(books, intent));
    return refund;
  }

  function createRefund(form: URLSearchParams, status?: StripeRefund["status"]): StandInAnswer {
    const intent = intents.get(form.get("payment_intent") ?? "");
    if (!intent) return refused(404, "resource_missing");
    if (intent.status !== "succeeded") return refused(400, undefined);
    const isDisputed = disputes.some(
      (each) => each.payment_intent === intent.id && each.status !== "won",
    );
    if (isDisputed) return refused(400, "charge_disputed");
    const rest = intent.amount_received - sumRefunded(books, intent.id);
    if (rest <= 0) return refused(400, "charge_already_refunded");
    const amount = Number(form.get("amount") ?? rest);
    // More than the rest is refused with a text and no code at all.
    if (amount > rest) {
      const message = `Refund amount is greater than unrefunded amount on charge`;
      return refused(400, undefined, { param: "amount", message });
    }
    const metadata = metadataIn(form);
    return ok(makeRefund(intent, amount, status ? { metadata, status } : { metadata }));
  }

  function updateRefund(refund: StripeRefund, status: StripeRefund["status"]): void {
    refund.status = status;
    if (status === "failed") {
      refund.failure_reason = "expired_or_canceled_card";
      tell("refund.failed", refund);
      tell("charge.refund.updated", refund);
    }
    tell("refund.updated", refund);
  }

  return {
    sumRefunded: (intentId: string): number => sumRefunded(books, intentId),
    chargeView: (intent: Intent) => chargeView(books, intent),
    createRefund,
    makeRefund,
    updateRefund,
  };
}

function createDisputes({ disputes, tell, seconds, makeId }: Books) {
  return {
    dispute(intent: Intent, amount: number): StripeDispute {
      const dispute: StripeDispute = {
        id: makeId("dp"),
        object: "dispute",
        payment_intent: intent.id,
        charge: `ch_${intent.id}`,
        amount,
        currency: intent.currency,
        created: seconds(),
        status: "needs_response",
      };
      disputes.push(dispute);
      tell("charge.dispute.created", dispute);
      tell("charge.dispute.funds_withdrawn", dispute);
      return dispute;
    },

    settleDispute(dispute: StripeDispute, status: "won" | "lost"): void {
      if (endedDisputes.has(dispute.status)) throw new Error("This dispute is over");
      dispute.status = status;
      tell("charge.dispute.closed", dispute);
      if (status === "won") tell("charge.dispute.funds_reinstated", dispute);
    },
  };
}

/** Makes an account; whatever happens in it is told to `tell`. */
export function createStripeAccount(now: Now, tell: StripeTeller, firstNumber = 0) {
  const books = createBooks(now, tell, firstNumber);
  const { intents, refunds, disputes } = books;
  return {
    intents,
    refunds,
    disputes,
    ...createIntents(books),
    ...createRefunds(books),
    ...createDisputes(books),
  };
}
