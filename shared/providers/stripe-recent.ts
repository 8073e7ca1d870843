/** What happened at Stripe lately: payment intents, then refunds, then disputes, each list page by page. */
import * as z from "zod";
import { currencyCode, foreignId } from "./foreign.ts";
import { longestDisputeMs, readAsOfMs } from "./dispute.ts";
import type { PaymentFact, RecentPayments, RecentQuery, ToldRefund } from "./provider.ts";
import { refundState, type StripeApi } from "./stripe-api.ts";
import { stripeAmounts } from "./stripe-currencies.ts";
import { tellDispute } from "./stripe-disputes.ts";
import { intentFact } from "./stripe-events.ts";

type Intent = Awaited<ReturnType<StripeApi["listIntents"]>>["data"][number];
type Refund = Awaited<ReturnType<StripeApi["listRecentRefunds"]>>["data"][number];
type Dispute = Awaited<ReturnType<StripeApi["listRecentDisputes"]>>["data"][number];

/** What a list is read with. */
interface Reading {
  readonly api: StripeApi;
  readonly standingFact: (intent: Intent) => PaymentFact | undefined;
  readonly nowMs: number;
}

/** A page of any of the lists, as facts. */
interface Page {
  readonly facts: readonly PaymentFact[];
  /** The last id, where more follows. */
  readonly after: string | undefined;
}

const refundSchema = z.object({
  id: foreignId,
  amount: z.int().nonnegative(),
  currency: currencyCode,
  status: z.string().nullable(),
  metadata: z.object({ refundId: z.string().optional() }).nullish(),
});

/** A refund as Stripe tells it; undefined where its amount is no whole number of minor units, or it says no such thing. */
export function tellRefund(refund: unknown): ToldRefund | undefined {
  const told = refundSchema.safeParse(refund).data;
  if (!told) return undefined;
  const { amount, currency, metadata } = told;
  const amountMinor = stripeAmounts.fromProvider(amount, currency.toUpperCase());
  if (amountMinor === undefined) return undefined;
  const ourRefundId = metadata?.refundId;
  return { ...refundState(told), amountMinor, ...(ourRefundId ? { ourRefundId } : {}) };
}

/** Money of another system of the same account names no order of ours. */
function refundFact(refund: Refund): PaymentFact | undefined {
  const told = tellRefund(refund);
  const fact = told && intentFact("captured", refund.object, refund.payment_intent);
  return fact && { ...fact, kind: "refunded", refunds: [told], refundId: told.refundId };
}

function disputeFact(dispute: Dispute, nowMs: number): PaymentFact | undefined {
  const told = tellDispute(dispute, readAsOfMs(dispute.created, nowMs));
  const fact = intentFact("captured", dispute.object, dispute.payment_intent);
  if (told === "unreadable" || fact?.currency !== told.currency) return undefined;
  return { ...fact, kind: "disputed", dispute: told.dispute };
}

function makePage<T extends { readonly id: string }>(
  { data, has_more: hasMore }: { readonly data: readonly T[]; readonly has_more: boolean },
  parse: (each: T) => PaymentFact | undefined,
): Page {
  const facts = data.flatMap((each) => parse(each) ?? []);
  return { facts, after: hasMore ? data.at(-1)?.id : undefined };
}

const lists = ["intents", "refunds", "disputes"] as const;

/** A page of all of it: the cursor names the list and the last id. */
export async function listStripe(
  { api, standingFact, nowMs }: Reading,
  { sinceMs, untilMs, cursor = "intents/" }: RecentQuery,
): Promise<RecentPayments> {
  const [name, last] = cursor.split("/") as [(typeof lists)[number], string];
  const [since, until] = [Math.floor(sinceMs / 1000), Math.ceil(untilMs / 1000)];
  const disputesSince = Math.max(0, Math.floor((sinceMs - longestDisputeMs) / 1000));
  const after = last || undefined;
  const readers = {
    intents: async () => makePage(await api.listIntents(since, until, after), standingFact),
    refunds: async () => makePage(await api.listRecentRefunds(since, until, after), refundFact),
    disputes: async () =>
      makePage(await api.listRecentDisputes(disputesSince, until, after), (each) =>
        disputeFact(each, nowMs),
      ),
  };
  const page = await readers[name]();
  const next = page.after === undefined ? lists[lists.indexOf(name) + 1] : name;
  return { facts: page.facts, ...(next ? { cursor: `${next}/${page.after ?? ""}` } : {}) };
}
